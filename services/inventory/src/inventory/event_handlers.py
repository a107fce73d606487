"""What inventory does when something happens elsewhere, and when a time comes."""

from collections.abc import Iterable, Iterator, Sequence

from shared.database import Transaction
from shared.events import (
    ApiKeyIssued,
    ApiKeyRevoked,
    InventoryReportRequested,
    OrderAmended,
    OrderCancelled,
    OrderCommitChanged,
    OrderConfirmed,
    OrderRejected,
    OrderReleased,
    ShipmentHandedOver,
)
from shared.events.orders import OrderEvent
from shared.key_rows import keep_keys
from shared.locks import Lock
from shared.registry import Handlers, Timers

from inventory.book import RESUME
from inventory.commands.amending import amend_fulfilments, move_promises
from inventory.commands.leaving import free_stock, issue_stock
from inventory.commands.picks import make_picks
from inventory.commands.reporting import report_stocks
from inventory.commands.reserving import allocate_orders, resume_orders
from inventory.locks import fulfilment_lock, item_lock, order_items_lock

handlers = Handlers()
timers = Timers()
on = handlers.on
on(ApiKeyIssued, ApiKeyRevoked, unordered=True)(keep_keys)


def _demanded(events: Iterable[OrderConfirmed | OrderAmended]) -> Iterator[Lock]:
    """The items of this part, and those of the parts before it."""
    for event in events:
        yield fulfilment_lock(event.order_id)
        yield order_items_lock(event.order_id)
        for line in event.lines:
            yield item_lock(event.customer_id, line.sku)


def _reallocated(events: Iterable[OrderAmended]) -> Iterator[Lock]:
    return _demanded(event for event in events if event.reallocate)


def _fulfilments(events: Iterable[OrderReleased | OrderCommitChanged]) -> Iterator[Lock]:
    for event in events:
        yield fulfilment_lock(event.order_id)


def _with_items(events: Iterable[OrderEvent | ShipmentHandedOver]) -> Iterator[Lock]:
    for event in events:
        yield fulfilment_lock(event.order_id)
        yield order_items_lock(event.order_id)


@on(OrderConfirmed, rows=_demanded)
async def allocate_stock(tx: Transaction, confirmed: Sequence[OrderConfirmed]) -> None:
    await allocate_orders(tx, confirmed)


@on(OrderAmended, rows=_reallocated)
async def reallocate_stock(tx: Transaction, amended: Sequence[OrderAmended]) -> None:
    await amend_fulfilments(tx, amended)


@on(OrderCommitChanged, rows=_fulfilments)
async def queue_anew(tx: Transaction, changed: Sequence[OrderCommitChanged]) -> None:
    await move_promises(tx, changed)


@on(OrderReleased, rows=_fulfilments)
async def list_picks(tx: Transaction, released: Sequence[OrderReleased]) -> None:
    await make_picks(tx, released)


@on(OrderCancelled, OrderRejected, rows=_with_items)
async def free_reservations(tx: Transaction, ended: Sequence[OrderEvent]) -> None:
    await free_stock(tx, ended)


@on(ShipmentHandedOver, rows=_with_items)
async def issue_goods(tx: Transaction, handed_over: Sequence[ShipmentHandedOver]) -> None:
    await issue_stock(tx, handed_over)


@on(InventoryReportRequested, unordered=True)
async def report_stock(tx: Transaction, requested: Sequence[InventoryReportRequested]) -> None:
    await report_stocks(tx, requested)


@timers.on(RESUME)
async def resume_waiting(tx: Transaction, subjects: Sequence[str]) -> None:
    """The orders that wait for these items get their turn."""
    await resume_orders(tx, [(customer_id, sku) for customer_id, _, sku in (subject.partition("/") for subject in subjects)])
