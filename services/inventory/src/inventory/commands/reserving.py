"""Stock is given to orders: to new ones, to those that wait when stock arrives, and anew after a short pick."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.database import Transaction, columns
from shared.events import Event, OrderConfirmed
from shared.locks import Lock, lock
from shared.outbox import publish
from shared.timers import set_timers

from inventory.allocation import Answer, Demand, ItemKey, allocate
from inventory.answers import replenishments, reserved_events, short_events
from inventory.book import RESUME, Entry, Kind, StockBook, open_book
from inventory.fulfilments import DemandLine, Fulfilment, all_lines, fulfilments_of, lines_of, save_heads, save_lines
from inventory.locks import fulfilment_lock, item_lock, order_items_lock
from inventory.states import NOT_ANSWERED, OPEN_TO_ANSWER, FulfilmentStatus

RESUMED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """An order's turn in the queue. `cause`: the event that it answers, where there is one. `tells`: say again that it is short."""

    fulfilment: Fulfilment
    demand: Demand
    cause: UUID | None = None
    tells: bool = False


def settle(book: StockBook, turns: Sequence[Turn], at: datetime) -> list[Event]:
    """Serve the turns in their order; the book and the fulfilments change, and what is to be said comes back."""
    answers = allocate([turn.demand for turn in turns], book.available())
    return [event for turn, answer in zip(turns, answers, strict=True) for event in _apply(book, turn, answer, at)]


def _apply(book: StockBook, turn: Turn, answer: Answer, at: datetime) -> list[Event]:
    fulfilment = turn.fulfilment
    first = fulfilment.status in NOT_ANSWERED
    for one in answer.taken:
        fulfilment.lines[one.line_no].waiting -= one.quantity
    if answer.taken or first or turn.tells:
        fulfilment.become(FulfilmentStatus.WAITING if fulfilment.waits else FulfilmentStatus.SERVED)
    said: list[Event] = [*reserved_events(fulfilment, answer.taken, at, first=first)]
    cause = turn.cause or (said[0].event_id if said else None)
    for one in answer.taken:
        assert cause
        key = (fulfilment.customer_id, one.sku, one.warehouse)
        book.enter(Entry(*key, 0, one.quantity, Kind.RESERVE, cause, fulfilment.order_id, one.line_no))
    if first or turn.tells:
        said += [*short_events(fulfilment, answer, at, first=first), *replenishments(book, answer, at)]
    return said


async def allocate_orders(tx: Transaction, confirmed: Sequence[OrderConfirmed]) -> None:
    """Reserve what each order needs, in the order of their promises; say what is short.

    An order whose item others wait for, and whose stock has just arrived, joins their queue instead.
    """
    known = await fulfilments_of(tx, [event.order_id for event in confirmed])
    confirmed = [event for event in confirmed if _is_new(known.get(event.order_id))]
    orders = [_gathered(known.get(event.order_id), event) for event in confirmed]
    items = {(f.customer_id, line.sku) for f in orders for line in f.lines.values()}
    book, spoken_for = await open_book(tx, items), await _spoken_for(tx, items)
    turns = [
        Turn(fulfilment, fulfilment.demand(), event.event_id)
        for fulfilment, event in zip(orders, confirmed, strict=True)
        if not event.more and not _queues(fulfilment, spoken_for)
    ]
    turns.sort(key=lambda turn: turn.fulfilment.promised_latest)
    events = settle(book, turns, await tx.now())
    await save_heads(tx, orders)
    await save_lines(tx, all_lines(orders))
    await book.save(tx)
    await publish(tx, *events)


def _is_new(known: Fulfilment | None) -> bool:
    return known is None or known.status is FulfilmentStatus.GATHERING


def _gathered(known: Fulfilment | None, event: OrderConfirmed) -> Fulfilment:
    """The order with the lines of this part added."""
    gathering = FulfilmentStatus.GATHERING
    order = known or Fulfilment(event.order_id, event.customer_id, gathering, event.allow_partial, event.promised.latest)
    for line in event.lines:
        order.lines[line.line_no] = DemandLine(line.line_no, line.sku, line.quantity, line.quantity)
    return order


def _queues(fulfilment: Fulfilment, spoken_for: Collection[ItemKey]) -> bool:
    queues = any((fulfilment.customer_id, line.sku) in spoken_for for line in fulfilment.lines.values())
    if queues:
        fulfilment.become(FulfilmentStatus.UNDECIDED)
    return queues


async def _spoken_for(tx: Transaction, items: Iterable[ItemKey]) -> set[ItemKey]:
    """The items whose waiting orders are about to be looked at."""
    subjects = {f"{customer_id}/{sku}": (customer_id, sku) for customer_id, sku in items}
    rows = await tx.fetch("SELECT DISTINCT subject FROM timers WHERE kind = $1 AND subject = ANY($2::text[])", RESUME, list(subjects))
    return {subjects[row["subject"]] for row in rows}


_QUEUE = """
WITH due AS (SELECT * FROM unnest($1::text[], $2::text[]) AS due (customer_id, sku)),
queue AS (
    SELECT DISTINCT order_id FROM demand JOIN due USING (customer_id, sku) JOIN fulfilments USING (order_id)
    WHERE waiting > 0 AND status IN ('undecided', 'waiting')
),
needs AS (
    SELECT order_id, customer_id, sku, sum(waiting) AS wanted FROM queue JOIN demand USING (order_id)
    WHERE waiting > 0 GROUP BY order_id, customer_id, sku
)
SELECT f.order_id FROM needs n
CROSS JOIN LATERAL (
    SELECT coalesce(sum(on_hand - reserved), 0) AS available FROM stock s WHERE (s.customer_id, s.sku) = (n.customer_id, n.sku)
) AS free
JOIN fulfilments f ON f.order_id = n.order_id
GROUP BY f.order_id
HAVING f.status = 'undecided' OR bool_and(available >= wanted) OR f.allow_partial AND bool_or(available > 0)
ORDER BY f.promised_latest, f.arrival_no LIMIT $3
"""
"""Who waits for these items and has a chance, in the order of the queue."""

_UNDECIDED = """
SELECT DISTINCT customer_id, sku FROM unnest($1::text[], $2::text[]) AS due (customer_id, sku)
JOIN demand USING (customer_id, sku) JOIN fulfilments USING (order_id, customer_id) WHERE waiting > 0 AND status = 'undecided'
"""


async def resume_orders(tx: Transaction, due: Sequence[ItemKey]) -> None:
    """Serve the orders that wait for these items from what has arrived; comes again where more of them have a chance."""
    found = await tx.fetch(_QUEUE, *columns(due, 2), RESUMED_AT_ONCE + 1)
    queue = [row["order_id"] for row in found[:RESUMED_AT_ONCE]]
    await lock(tx, _resumed(queue, due))
    orders = await fulfilments_of(tx, queue)
    turns = [Turn(f, f.demand()) for order_id in queue if (f := orders[order_id]).status in OPEN_TO_ANSWER and f.waits]
    book = await open_book(tx, {(t.demand.customer_id, line.sku) for t in turns for line in t.demand.lines})
    events = settle(book, turns, await tx.now())
    await save_heads(tx, [turn.fulfilment for turn in turns])
    await save_lines(tx, lines_of(orders, ((t.demand.order_id, line.line_no) for t in turns for line in t.demand.lines)))
    await book.save(tx)
    await publish(tx, *events)
    again = due if len(found) > RESUMED_AT_ONCE else [(row[0], row[1]) for row in await tx.fetch(_UNDECIDED, *columns(due, 2))]
    await set_timers(tx, RESUME, [(f"{customer_id}/{sku}", await tx.now()) for customer_id, sku in again])


def _resumed(queue: Iterable[UUID], due: Iterable[ItemKey]) -> Iterator[Lock]:
    for order_id in queue:
        yield fulfilment_lock(order_id)
        yield order_items_lock(order_id)
    for customer_id, sku in due:
        yield item_lock(customer_id, sku)
