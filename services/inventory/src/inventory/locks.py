"""What a command locks: fulfilments first, then items. An item's row guards its stock in all warehouses, rows yet to come included."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction, columns
from shared.locks import Lock, Lockable, rows_of

FULFILMENTS = rows_of("fulfilments", 1, "order_id", "uuid")

_ITEMS = """
SELECT FROM items
WHERE (customer_id, sku) IN (
    SELECT * FROM unnest($1::text[], $2::text[]) UNION SELECT customer_id, sku FROM demand WHERE order_id = ANY($3::uuid[])
)
ORDER BY customer_id, sku FOR UPDATE
"""


async def _take_items(tx: Transaction, keys: Sequence[tuple[str, ...]]) -> None:
    items = [key for key in keys if len(key) == 2]
    await tx.execute(_ITEMS, *columns(items, 2), [UUID(key[0]) for key in keys if len(key) == 1])


ITEMS = Lockable("items", 2, _take_items)


def fulfilment_lock(order_id: UUID) -> Lock:
    return Lock(FULFILMENTS, order_id)


def item_lock(customer_id: str, sku: str) -> Lock:
    return Lock(ITEMS, (customer_id, sku))


def order_items_lock(order_id: UUID) -> Lock:
    """The items of all lines of an order that was heard of before."""
    return Lock(ITEMS, (str(order_id),))
