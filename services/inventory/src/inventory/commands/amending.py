"""Orders that were amended before their release: what is too much goes back to the shelf, what is more is reserved or waits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.database import Transaction, columns
from shared.events import Event, OrderAmended, OrderCommitChanged
from shared.outbox import publish
from shared.timers import set_timers

from inventory.allocation import Answer, allocate
from inventory.amending import Holdings, amend, snapshot, waiting_by_sku
from inventory.answers import replenishments
from inventory.book import RESUME, Entry, Kind, StockBook, open_book
from inventory.commands.leaving import held_of
from inventory.errors import AmendedTooLate
from inventory.fulfilments import Fulfilment, all_lines, fulfilments_of, save_heads, save_lines
from inventory.states import NOT_ANSWERED, FulfilmentStatus


@dataclass(frozen=True, slots=True)
class Case:
    """An order and what was changed of it. `asked`: the units that somebody was asked to send already, by sku."""

    fulfilment: Fulfilment
    amended: OrderAmended
    holdings: Holdings
    asked: Mapping[str, int]

    @property
    def queues(self) -> bool:
        """It has had no answer yet and gets it when its turn comes."""
        return self.fulfilment.status in NOT_ANSWERED


async def amend_fulfilments(tx: Transaction, amended: Sequence[OrderAmended]) -> None:
    """Answers each with all that the order holds then. What was cancelled meanwhile is passed over. Raises AmendedTooLate."""
    asked = [event for event in amended if event.reallocate]
    known = await _known(tx, asked)
    held = await held_of(tx, list(known))
    cases = [
        Case(
            fulfilment,
            event,
            {place: units for place, (_, units) in held.get(event.order_id, {}).items()},
            _asked(fulfilment, event),
        )
        for event in asked
        if (fulfilment := known[event.order_id]).status is not FulfilmentStatus.CANCELLED
    ]
    lines = [(case.fulfilment.customer_id, line.sku) for case in cases for line in case.fulfilment.lines.values()]
    book = await open_book(tx, [*lines, *((case.fulfilment.customer_id, line.sku) for case in cases for line in case.amended.lines)])
    events = reallocate(book, cases, now := await tx.now())
    await save_heads(tx, [case.fulfilment for case in cases])
    await save_lines(tx, all_lines(case.fulfilment for case in cases))
    await book.save(tx)
    await set_timers(tx, RESUME, sorted(_turns_to_come(cases, now)))
    await publish(tx, *events)


async def _known(tx: Transaction, asked: Sequence[OrderAmended]) -> dict[UUID, Fulfilment]:
    """Nothing of them may have been released: the picks are made by what was reserved."""
    ids = [event.order_id for event in asked]
    known = await fulfilments_of(tx, ids)
    released = {row[0] for row in await tx.fetch(_RELEASED, ids)} if ids else set()
    for event in asked:
        if event.order_id in released or event.order_id not in known:
            raise AmendedTooLate(event.order_id, event.amendment_no)
    return known


def _asked(fulfilment: Fulfilment, amended: OrderAmended) -> dict[str, int]:
    """An order that is told in parts forgets it: better asked twice than not at all."""
    is_one_part = len(amended.lines) >= len(fulfilment.lines)
    return waiting_by_sku(fulfilment) if is_one_part and fulfilment.status is FulfilmentStatus.WAITING else {}


def _give_back(book: StockBook, case: Case) -> None:
    order_id, customer_id = case.fulfilment.order_id, case.fulfilment.customer_id
    for one in amend(case.fulfilment, case.amended.lines, case.holdings):
        case.holdings[one.line_no, one.warehouse] -= one.quantity
        key = (customer_id, one.sku, one.warehouse)
        book.enter(Entry(*key, 0, -one.quantity, Kind.FREE, case.amended.event_id, order_id, one.line_no))


def reallocate(book: StockBook, cases: Sequence[Case], at: datetime) -> list[Event]:
    """Take back what is too much, then serve what they want more, the earliest promise first, and say how each stands."""
    for case in cases:
        _give_back(book, case)
    whole = sorted((case for case in cases if not case.amended.more), key=lambda case: case.fulfilment.promised_latest)
    demands = [case.fulfilment.demand() for case in whole if case.fulfilment.waits and not case.queues]
    answers = {answer.demand.order_id: answer for answer in allocate(demands, book.available())}
    return [event for case in whole for event in _answer(book, case, answers.get(case.amended.order_id), at)]


def _answer(book: StockBook, case: Case, answer: Answer | None, at: datetime) -> list[Event]:
    fulfilment = case.fulfilment
    for one in answer.taken if answer else ():
        fulfilment.lines[one.line_no].waiting -= one.quantity
        case.holdings[one.line_no, one.warehouse] = case.holdings.get((one.line_no, one.warehouse), 0) + one.quantity
        key = (fulfilment.customer_id, one.sku, one.warehouse)
        book.enter(Entry(*key, 0, one.quantity, Kind.RESERVE, case.amended.event_id, fulfilment.order_id, one.line_no))
    if not case.queues:
        fulfilment.become(FulfilmentStatus.WAITING if fulfilment.waits else FulfilmentStatus.SERVED)
    said: list[Event] = [*snapshot(fulfilment, case.amended.amendment_no, case.holdings, answer, at)]
    return [*said, *(replenishments(book, answer, at, case.asked) if answer else ())]


def _turns_to_come(cases: Sequence[Case], at: datetime) -> Iterator[tuple[str, datetime]]:
    """Who queues was to be served with items that it may want no more: now all of its items are looked at."""
    for case in cases:
        if case.queues:
            yield from ((f"{case.fulfilment.customer_id}/{line.sku}", at) for line in case.fulfilment.lines.values() if line.waiting)


_RELEASED = "SELECT DISTINCT order_id FROM picks WHERE order_id = ANY($1::uuid[])"
_MOVE = """
UPDATE fulfilments SET promised_latest = new.latest FROM unnest($1::uuid[], $2::timestamptz[]) AS new (order_id, latest)
WHERE fulfilments.order_id = new.order_id
"""


async def move_promises(tx: Transaction, changed: Sequence[OrderCommitChanged]) -> None:
    """Another promise is another place in the queue."""
    await tx.execute(_MOVE, *columns([(event.order_id, event.promised.latest) for event in changed], 2))
