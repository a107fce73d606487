"""What crm does when something has happened anywhere; every handler takes the whole batch, in the order of the log."""

from collections.abc import Sequence

from shared.database import Transaction
from shared.events import (
    EVENTS,
    Event,
    ItemRegistered,
    OrderAmended,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderCommitChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderErased,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    StockReallocated,
    StockReserved,
    StockShort,
)
from shared.events.orders import OrderEvent
from shared.outbox import publish
from shared.registry import Handlers

from crm import stockouts
from crm.forgetting import forget_words
from crm.order_rows import amend_orders, save_items, save_orders
from crm.orders import amendments, changes
from crm.stockout_rows import known_stockouts, orders_of, save_stockouts, stockouts_of
from crm.timeline_rows import write_entries

handlers = Handlers()
on = handlers.on


@on(ItemRegistered, unordered=True)
async def keep_items(tx: Transaction, registered: Sequence[ItemRegistered]) -> None:
    """Remember what a sku is called."""
    await save_items(tx, registered)


@on(
    *(OrderReceived, OrderConfirmed, OrderBackordered, OrderReleased, OrderRejected, OrderCancelled, OrderDelivered, OrderClosed),
    *(OrderAmended, OrderCommitChanged),
    unordered=True,
)
async def follow_orders(tx: Transaction, events: Sequence[OrderEvent]) -> None:
    """Remember each order as far as the person at the phone needs it."""
    await save_orders(tx, changes(events))
    await amend_orders(tx, amendments(events))


@on(StockShort, StockReserved, StockReallocated, OrderCancelled, OrderRejected, rows=stockouts_of, unordered=True)
async def follow_stockouts(tx: Transaction, events: Sequence[Event]) -> None:
    """Open a case for an order that waits for stock and tell the customer; resolve it when the waiting ends."""
    known = await known_stockouts(tx, orders_of(events))
    decision = stockouts.decide(events, known, await tx.now())
    await save_stockouts(tx, decision)
    await publish(tx, *decision.said)


@on(OrderErased, unordered=True)
async def forget_consignees(tx: Transaction, erased: Sequence[OrderErased]) -> None:
    """What people wrote about these orders is blanked."""
    await forget_words(tx, [event.order_id for event in erased])


@on(*EVENTS.values(), unordered=True)
async def write_timeline(tx: Transaction, events: Sequence[Event]) -> None:
    """One line for everything that happened."""
    await write_entries(tx, events)
