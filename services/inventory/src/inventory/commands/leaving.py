"""How goods leave an order: with a shipment, or back to the shelf when the order is cancelled."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from shared.database import Transaction
from shared.events import ShipmentHandedOver, StockIssued
from shared.events.orders import OrderEvent
from shared.outbox import publish

from inventory.allocation import ItemKey
from inventory.book import Entry, Kind, open_book
from inventory.errors import NotHeld
from inventory.fulfilments import Fulfilment, all_lines, fulfilments_of, heads_of, save_heads, save_lines
from inventory.states import FulfilmentStatus, may_become

Held = dict[tuple[int, str], tuple[ItemKey, int]]
"""What an order holds: item and quantity by line and warehouse."""


async def free_stock(tx: Transaction, ended: Sequence[OrderEvent]) -> None:
    """Nothing of these orders will be shipped: let go what they hold, stop their picks, wait for nothing."""
    known = await fulfilments_of(tx, [event.order_id for event in ended])
    causes = {event.order_id: event.event_id for event in ended}
    orders = [order for order in known.values() if may_become(order.status, FulfilmentStatus.CANCELLED)]
    for order in orders:
        order.become(FulfilmentStatus.CANCELLED)
        for line in order.lines.values():
            line.waiting = 0
    held = await held_of(tx, [order.order_id for order in orders])
    book = await open_book(tx, _items(held))
    for order in orders:
        for (line_no, warehouse), (item, quantity) in held.get(order.order_id, {}).items():
            book.enter(Entry(*item, warehouse, 0, -quantity, Kind.FREE, causes[order.order_id], order.order_id, line_no))
    await save_heads(tx, orders)
    await save_lines(tx, all_lines(orders))
    await tx.execute(_VOID, [order.order_id for order in orders])
    await book.save(tx)


async def issue_stock(tx: Transaction, handed_over: Sequence[ShipmentHandedOver]) -> None:
    """The goods of these shipments are gone: on hand and reserved go down together. Raises NotHeld."""
    orders = await heads_of(tx, [event.order_id for event in handed_over])
    held = await held_of(tx, list(orders))
    book = await open_book(tx, _items(held))
    for event in handed_over:
        for entry in _issued(event, held.get(event.order_id, {})):
            book.enter(entry)
    events = [_said(event, orders[event.order_id]) for event in handed_over]
    await save_heads(tx, orders.values())
    await book.save(tx)
    await publish(tx, *events)


def _issued(event: ShipmentHandedOver, held: Held) -> Iterator[Entry]:
    for line in event.lines:
        item, quantity = held.get((line.line_no, event.warehouse), (("", ""), 0))
        if quantity < line.quantity:
            raise NotHeld(event.order_id, line.line_no, event.warehouse)
        yield Entry(*item, event.warehouse, -line.quantity, -line.quantity, Kind.ISSUE, event.event_id, event.order_id, line.line_no)


def _said(event: ShipmentHandedOver, order: Fulfilment) -> StockIssued:
    return StockIssued(
        order_id=event.order_id,
        customer_id=order.customer_id,
        version=order.next_version(),
        occurred_at=event.handed_over_at,
        shipment_id=event.shipment_id,
        warehouse=event.warehouse,
        release_no=event.release_no,
        lines=event.lines,
    )


_VOID = "UPDATE picks SET status = 'void' WHERE order_id = ANY($1::uuid[]) AND status = 'open'"

_HELD = """
SELECT order_id, line_no, warehouse, customer_id, sku, held FROM reservations WHERE order_id = ANY($1::uuid[]) AND held > 0
"""


async def held_of(tx: Transaction, order_ids: Sequence[UUID]) -> dict[UUID, Held]:
    """What these orders have set aside."""
    held: defaultdict[UUID, Held] = defaultdict(dict)
    for order_id, line_no, warehouse, customer_id, sku, quantity in await tx.fetch(_HELD, order_ids):
        held[order_id][line_no, warehouse] = ((customer_id, sku), quantity)
    return dict(held)


def _items(held: Mapping[UUID, Held]) -> set[ItemKey]:
    return {item for lines in held.values() for item, _ in lines.values()}
