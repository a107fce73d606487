"""Which orders wait for stock, and the locks that two workers need who hear of the same order on different topics."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.events import Event, OrderCancelled, OrderRejected, StockReallocated, StockReserved, StockShort
from shared.locks import Lock, Lockable

from crm.case_rows import FIELDS, case_of, change_cases, insert_cases
from crm.lifecycle import Case
from crm.stockouts import Decision, Stockout

_KNOWN = f"""
SELECT s.order_id AS waiting, s.is_over, c.* FROM stockouts s
LEFT JOIN (SELECT {FIELDS} FROM cases) c ON c.case_id = s.case_id AND c.status = 'new'
WHERE s.order_id = ANY($1::uuid[])
"""
_CASES = """
SELECT FROM cases WHERE case_id IN (SELECT case_id FROM stockouts WHERE order_id = ANY($1::uuid[])) ORDER BY case_id FOR UPDATE
"""
_SAVE = """
UPDATE stockouts s SET case_id = coalesce(n.case_id, s.case_id), is_over = n.is_over
FROM unnest($1::uuid[], $2::uuid[], $3::bool[]) n(order_id, case_id, is_over) WHERE s.order_id = n.order_id
"""


async def _take_stockouts(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """Orders may be heard of here first, so their rows are made, and only then locked."""
    await tx.execute("INSERT INTO stockouts (order_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING", list(order_ids))
    await tx.execute("SELECT FROM stockouts WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE", list(order_ids))


async def _take_cases(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    await tx.execute(_CASES, list(order_ids))


STOCKOUTS = Lockable("stockouts", 1, _take_stockouts)
STOCKOUT_CASES = Lockable("stockout cases", 2, _take_cases)


def stockouts_of(events: Sequence[Event]) -> Iterable[Lock]:
    """A reservation can only end a shortage that was heard before it under the same key: it makes no row."""
    for event in events:
        match event:
            case StockReserved(order_id=order_id, complete=True) | StockReallocated(order_id=order_id, complete=True):
                yield Lock(STOCKOUT_CASES, order_id)
            case StockReallocated(order_id=order_id, short=short) if short:
                yield Lock(STOCKOUTS, order_id)
                yield Lock(STOCKOUT_CASES, order_id)
            case StockShort(order_id=order_id) | OrderCancelled(order_id=order_id) | OrderRejected(order_id=order_id):
                yield Lock(STOCKOUTS, order_id)
                yield Lock(STOCKOUT_CASES, order_id)


def orders_of(events: Sequence[Event]) -> set[UUID]:
    return {lock.key for lock in stockouts_of(events) if isinstance(lock.key, UUID)}


async def known_stockouts(tx: Transaction, order_ids: Iterable[UUID]) -> Mapping[UUID, Stockout]:
    rows = await tx.fetch(_KNOWN, list(order_ids))
    return {row["waiting"]: Stockout(_open(row), row["is_over"]) for row in rows}


def _open(row: Row) -> Case | None:
    return case_of(row) if row["case_id"] else None


async def save_stockouts(tx: Transaction, decision: Decision) -> None:
    """Store what was decided: new cases, cases that came to their end, orders that wait no longer."""
    await insert_cases(tx, [(case, None) for case in decision.opened.values()])
    await change_cases(tx, decision.resolved)
    latest = {case.order_id: case.case_id for case in decision.opened.values() if case.order_id}
    rows = [(order_id, latest.get(order_id), order_id in decision.over) for order_id in sorted(decision.over | {*latest})]
    if rows:
        await tx.execute(_SAVE, *columns(rows, 3))
