"""What order-intake hears, and what it does then. The way of an order is `fulfilment.py`."""

from collections.abc import Iterable, Sequence
from typing import get_args
from uuid import UUID

from shared.database import Transaction, columns
from shared.events import ApiKeyIssued, ApiKeyRevoked, CustomerRegistered, DeliveryAttemptFailed, ItemRegistered, StockReported
from shared.key_rows import keep_keys
from shared.locks import Lock
from shared.registry import Handlers, Timers

from order_intake.commands.acknowledgements import miss_acknowledgements
from order_intake.commands.advising import advise_partners
from order_intake.commands.inventory_reports import tell_stocks
from order_intake.commands.orders import close_orders, release_orders
from order_intake.commands.storage import load_orders, order_locks, save_orders
from order_intake.fulfilment import Fact, advance
from order_intake.settings import terms

handlers = Handlers()
on = handlers.on
on(ApiKeyIssued, ApiKeyRevoked, unordered=True)(keep_keys)
timers = Timers()


def told_orders(facts: Sequence[Fact]) -> Iterable[Lock]:
    return order_locks({fact.order_id for fact in facts})


@on(*get_args(Fact), rows=told_orders)
async def advance_orders(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Move each order on by what the warehouse, the carriers or dispatch told of it."""
    loaded = await load_orders(tx, [fact.order_id for fact in facts])
    for fact in facts:
        advance(loaded[fact.order_id], fact, terms())
    await save_orders(tx, loaded)
    await advise_partners(tx, facts)


@on(DeliveryAttemptFailed)
async def tell_of_attempts(tx: Transaction, failed: Sequence[DeliveryAttemptFailed]) -> None:
    """The partners whose goods were not taken hear of it."""
    await advise_partners(tx, failed)


@on(StockReported, unordered=True)
async def tell_of_stock(tx: Transaction, reported: Sequence[StockReported]) -> None:
    """The partners that it was counted for are told."""
    await tell_stocks(tx, reported)


@on(ItemRegistered, unordered=True)
async def know_items(tx: Transaction, registered: Sequence[ItemRegistered]) -> None:
    known = sorted({(item.customer_id, item.sku) for item in registered})
    insert = "INSERT INTO items (customer_id, sku) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING"
    await tx.execute(insert, *columns(known, 2))


@on(CustomerRegistered, unordered=True)
async def know_customers(tx: Transaction, registered: Sequence[CustomerRegistered]) -> None:
    newest = {customer.customer_id: customer for customer in sorted(registered, key=lambda customer: customer.version)}
    rows = [(customer.customer_id, customer.blocked, customer.version) for _, customer in sorted(newest.items())]
    upsert = """
        INSERT INTO customers (customer_id, blocked, version) SELECT * FROM unnest($1::text[], $2::bool[], $3::int[])
        ON CONFLICT (customer_id) DO UPDATE SET blocked = excluded.blocked, version = excluded.version
        WHERE customers.version < excluded.version
    """
    await tx.execute(upsert, *columns(rows, 3))


@timers.on("release_order")
async def release_due(tx: Transaction, subjects: Sequence[str]) -> None:
    """The window of these orders has come near enough."""
    await release_orders(tx, [UUID(subject) for subject in subjects], terms())


@timers.on("close_order")
async def close_due(tx: Transaction, subjects: Sequence[str]) -> None:
    """These orders have been delivered for long enough."""
    await close_orders(tx, [UUID(subject) for subject in subjects])


@timers.on("edi_overdue")
async def miss_due(tx: Transaction, subjects: Sequence[str]) -> None:
    """These interchanges should have been acknowledged by now."""
    await miss_acknowledgements(tx, [UUID(subject) for subject in subjects])
