"""Loads the names that a batch of timeline entries needs, and writes the entries; a statement each."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.database import Transaction, columns
from shared.events import STAFF, CaseOpened, CaseResolved, Event, StockShort

from crm.names import Names, mentioned_items
from crm.timeline import entry

_WRITE = """
INSERT INTO timeline (customer_id, at, event_id, order_id, type, text)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::uuid[], $5::text[], $6::text[]) ON CONFLICT DO NOTHING
"""


async def write_entries(tx: Transaction, events: Sequence[Event]) -> None:
    """What concerns no customer, the keys of our own people, stands in nobody's timeline."""
    events = [event for event in events if event.customer_id != STAFF]
    names = await _names(tx, events)
    rows = [(e.customer_id, e.occurred_at, e.event_id, getattr(e, "order_id", None), e.type, entry(e, names)) for e in events]
    await tx.execute(_WRITE, *columns(rows, 6))


async def _names(tx: Transaction, events: Sequence[Event]) -> Names:
    return Names(
        await _items(tx, sorted(mentioned_items(events))),
        await _lines(tx, [event.order_id for event in events if isinstance(event, StockShort)]),
        await _subjects(tx, [event.case_id for event in events if isinstance(event, CaseOpened | CaseResolved)]),
    )


async def _items(tx: Transaction, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    sql = "SELECT customer_id, sku, description FROM items WHERE (customer_id, sku) IN (SELECT * FROM unnest($1::text[], $2::text[]))"
    rows = await tx.fetch(sql, *columns(keys, 2)) if keys else []
    return {(row["customer_id"], row["sku"]): row["description"] for row in rows}


async def _lines(tx: Transaction, order_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    sql = "SELECT order_id, cardinality(line_nos) AS lines FROM orders WHERE order_id = ANY($1::uuid[])"
    return {row["order_id"]: row["lines"] for row in await tx.fetch(sql, order_ids)} if order_ids else {}


async def _subjects(tx: Transaction, case_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    sql = "SELECT case_id, subject FROM cases WHERE case_id = ANY($1::uuid[])"
    return {row["case_id"]: row["subject"] for row in await tx.fetch(sql, case_ids)} if case_ids else {}
