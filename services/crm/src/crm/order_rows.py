"""How the read models of orders and items are written, as sets, in key order."""

from collections.abc import Sequence

from shared.database import Transaction, columns
from shared.events import ItemRegistered

from crm.orders import Amended, OrderChange

_ORDERS = """
INSERT INTO orders AS o (order_id, customer_id, customer_reference, line_nos, status, promised_latest, delivered_at, ended_at)
SELECT order_id, customer_id, reference, line_nos::int[], status, promised_latest, delivered_at, ended_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
     n(order_id, customer_id, reference, line_nos, status, promised_latest, delivered_at, ended_at)
ON CONFLICT (order_id) DO UPDATE SET
    customer_reference = coalesce(o.customer_reference, excluded.customer_reference),
    line_nos = CASE WHEN excluded.line_nos = '{}' THEN o.line_nos ELSE o.line_nos || excluded.line_nos END,
    status = excluded.status,
    promised_latest = coalesce(o.promised_latest, excluded.promised_latest),
    delivered_at = coalesce(o.delivered_at, excluded.delivered_at),
    ended_at = coalesce(o.ended_at, excluded.ended_at)
"""
_AMENDED = """
UPDATE orders o SET promised_latest = coalesce(n.promised_latest, o.promised_latest),
    line_nos = ARRAY(
        SELECT DISTINCT line_no FROM unnest(o.line_nos || n.wanted::int[]) AS line_no WHERE line_no <> ALL(n.gone::int[]) ORDER BY 1
    )
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS n (order_id, wanted, gone, promised_latest)
WHERE o.order_id = n.order_id
"""
_ITEMS = """
INSERT INTO items (customer_id, sku, description) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (customer_id, sku) DO UPDATE SET description = excluded.description WHERE items.description <> excluded.description
"""


async def save_orders(tx: Transaction, changes: Sequence[OrderChange]) -> None:
    if not changes:
        return
    rows = [
        (c.order_id, c.customer_id, c.customer_reference, _array(c.line_nos), c.status, c.promised_latest, c.delivered_at, c.ended_at)
        for c in changes
    ]
    await tx.execute(_ORDERS, *columns(rows, 8))


async def amend_orders(tx: Transaction, amended: Sequence[Amended]) -> None:
    """They were received before."""
    rows = [(a.order_id, _array(_lines(a, wanted=True)), _array(_lines(a, wanted=False)), a.promised_latest) for a in amended]
    if rows:
        await tx.execute(_AMENDED, *columns(rows, 4))


def _lines(amended: Amended, *, wanted: bool) -> list[int]:
    return [line_no for line_no, is_wanted in amended.is_wanted.items() if is_wanted is wanted]


def _array(numbers: Sequence[int]) -> str:
    """PostgreSQL's text of an array: `unnest` cannot take arrays of different lengths."""
    return f"{{{','.join(map(str, numbers))}}}"


async def save_items(tx: Transaction, registered: Sequence[ItemRegistered]) -> None:
    """The last word on an item counts."""
    latest = {(item.customer_id, item.sku): item.description for item in registered}
    await tx.execute(_ITEMS, *columns([(*key, latest[key]) for key in sorted(latest)], 3))
