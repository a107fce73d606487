from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.batches import Done, Outcome
from shared.database import Transaction, columns
from shared.events import StockAdjusted
from shared.locks import lock
from shared.outbox import publish
from uuid_utils.compat import uuid7

from inventory.allocation import ItemKey
from inventory.book import Entry, Kind, StockBook, StockRow, open_book
from inventory.errors import BelowReserved, OtherAdjustment, UnknownItem, UnknownWarehouse
from inventory.locks import item_lock
from inventory.schemas import NewAdjustment

REASONS = frozenset({"opening", "receipt", "return", "count", "found", "loss", "damage", "expiry", "correction"})
"""The codes that travel in events; any other reason stays here and travels as `other`."""

Known = tuple[str, str, str, str]
"""customer_id, sku, warehouse, reference"""


@dataclass(slots=True)
class _Taken:
    """The adjustments by business key: those taken before, then those of this call."""

    of: dict[Known, tuple[UUID, int, str]]
    new: list[tuple[UUID, NewAdjustment]]


def key_of(new: NewAdjustment) -> Known:
    return (new.customer_id, new.sku, new.warehouse, new.reference)


async def adjust_stock(tx: Transaction, new: Sequence[NewAdjustment]) -> list[Outcome[UUID]]:
    """Change what is on hand, each by itself in their order; never below what is reserved."""
    items = {(one.customer_id, one.sku) for one in new}
    await lock(tx, [item_lock(*item) for item in items])
    known, warehouses, taken = await _known_items(tx, items), await _warehouses(tx), await _taken(tx, new)
    book, at = await open_book(tx, items), await tx.now()
    events: list[StockAdjusted] = []
    outcomes = [_judge(one, known, warehouses, taken) or _adjust(one, book, taken, events, at) for one in new]
    rows = [(made, *key_of(one), one.quantity, one.reason, at) for made, one in taken.new]
    if rows:
        await tx.execute(_WRITE, *columns(rows, 8))
    await book.save(tx)
    await publish(tx, *events)
    return outcomes


def _judge(new: NewAdjustment, items: set[ItemKey], warehouses: set[str], taken: _Taken) -> Outcome[UUID] | None:
    """The outcome, where nothing is to be changed."""
    if (new.customer_id, new.sku) not in items:
        return UnknownItem(new.customer_id, new.sku)
    if new.warehouse not in warehouses:
        return UnknownWarehouse(new.warehouse)
    if before := taken.of.get(key_of(new)):
        adjustment_id, quantity, reason = before
        same = (quantity, reason) == (new.quantity, new.reason)
        return Done(adjustment_id, created=False) if same else OtherAdjustment(new.reference)
    return None


def _adjust(new: NewAdjustment, book: StockBook, taken: _Taken, events: list[StockAdjusted], at: datetime) -> Outcome[UUID]:
    row = book.row(new.customer_id, new.sku, new.warehouse)
    if row.on_hand + new.quantity < row.reserved:
        return BelowReserved(row.on_hand, row.reserved)
    made = uuid7()
    taken.of[key_of(new)] = (made, new.quantity, new.reason)
    taken.new.append((made, new))
    book.enter(Entry(new.customer_id, new.sku, new.warehouse, new.quantity, 0, Kind.ADJUST, made))
    code = new.reason if new.reason in REASONS else "other"
    events.append(adjusted(row, new.quantity, code, new.reference, at, made))
    return Done(made)


def adjusted(row: StockRow, quantity: int, reason: str, reference: str, at: datetime, event_id: UUID | None = None) -> StockAdjusted:
    """Says the change of a row that has just been made."""
    return StockAdjusted(
        event_id=event_id or uuid7(),
        customer_id=row.customer_id,
        sku=row.sku,
        warehouse=row.warehouse,
        version=row.next_version(),
        occurred_at=at,
        quantity=quantity,
        reason=reason,
        reference=reference,
        on_hand=row.on_hand,
        reserved=row.reserved,
    )


_WRITE = """
INSERT INTO adjustments (adjustment_id, customer_id, sku, warehouse, reference, quantity, reason, adjusted_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::timestamptz[])
"""


async def _known_items(tx: Transaction, items: set[ItemKey]) -> set[ItemKey]:
    sql = "SELECT customer_id, sku FROM items JOIN unnest($1::text[], $2::text[]) AS wanted (customer_id, sku) USING (customer_id, sku)"
    return {(row[0], row[1]) for row in await tx.fetch(sql, *columns(sorted(items), 2))}


async def _warehouses(tx: Transaction) -> set[str]:
    return {row["code"] for row in await tx.fetch("SELECT code FROM warehouses")}


async def _taken(tx: Transaction, new: Sequence[NewAdjustment]) -> _Taken:
    sql = """
    SELECT customer_id, sku, warehouse, reference, adjustment_id, quantity, reason FROM adjustments
    JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS wanted (customer_id, sku, warehouse, reference)
    USING (customer_id, sku, warehouse, reference)
    """
    rows = await tx.fetch(sql, *columns(sorted({key_of(one) for one in new}), 4))
    return _Taken({(r[0], r[1], r[2], r[3]): (r[4], r[5], r[6]) for r in rows}, [])
