"""Everything about an order's shipments is decided under the order's row, so that a cancellation and a hand-over never both succeed."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.database import Transaction
from shared.events.fulfilment import FulfilmentEvent
from shared.events.orders import OrderEvent
from shared.locks import Lock, Lockable

_OF_SHIPMENTS = """
SELECT FROM orders WHERE order_id IN (SELECT order_id FROM shipments WHERE shipment_id = ANY($1::uuid[])) ORDER BY order_id FOR UPDATE
"""


async def _take_heard(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """Makes the rows of orders heard of for the first time: another topic's consumer may hear of them at the same moment."""
    await tx.execute("INSERT INTO orders (order_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING", order_ids)
    await tx.execute("SELECT FROM orders WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE", order_ids)


async def _take_of_shipments(tx: Transaction, shipment_ids: Sequence[UUID]) -> None:
    await tx.execute(_OF_SHIPMENTS, shipment_ids)


HEARD_ORDERS = Lockable("orders", 1, _take_heard)
"""Locked by order_id; for event handlers."""

ORDERS_OF_SHIPMENTS = Lockable("orders", 1, _take_of_shipments)
"""The same rows, locked by shipment_id; for HTTP commands."""


def orders_of(events: Sequence[OrderEvent | FulfilmentEvent]) -> Iterable[Lock]:
    return [Lock(HEARD_ORDERS, event.order_id) for event in events]
