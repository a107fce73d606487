"""What crm remembers of an order, as order-intake told it: enough for the person at the phone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events import (
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderConfirmed,
    OrderDelivered,
    OrderReceived,
    OrderRejected,
    OrderReleased,
)
from shared.events.orders import OrderEvent


class OrderStatus(StrEnum):
    """The states that order-intake announces; the steps in the warehouse between them are read in the timeline."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    BACKORDERED = "backordered"
    RELEASED = "released"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    CLOSED = "closed"


STATUS: dict[type[OrderEvent], OrderStatus] = {
    OrderReceived: OrderStatus.RECEIVED,
    OrderConfirmed: OrderStatus.CONFIRMED,
    OrderBackordered: OrderStatus.BACKORDERED,
    OrderReleased: OrderStatus.RELEASED,
    OrderRejected: OrderStatus.REJECTED,
    OrderCancelled: OrderStatus.CANCELLED,
    OrderDelivered: OrderStatus.DELIVERED,
    OrderClosed: OrderStatus.CLOSED,
}


@dataclass(slots=True)
class OrderChange:
    """What a batch of events adds to an order's row; null says nothing. `ended_at`: delivered, cancelled or rejected."""

    order_id: UUID
    customer_id: str
    status: OrderStatus = OrderStatus.RECEIVED
    customer_reference: str | None = None
    line_nos: list[int] = field(default_factory=list)
    promised_latest: datetime | None = None
    delivered_at: datetime | None = None
    ended_at: datetime | None = None


def changes(events: Sequence[OrderEvent]) -> list[OrderChange]:
    """One change an order, by order_id; within an order the events come in the order in which they were said."""
    found: dict[UUID, OrderChange] = {}
    for event in events:
        change = found.setdefault(event.order_id, OrderChange(event.order_id, event.customer_id))
        change.status = STATUS[type(event)]
        _note(change, event)
    return [found[order_id] for order_id in sorted(found)]


def _note(change: OrderChange, event: OrderEvent) -> None:
    match event:
        case OrderReceived():
            change.customer_reference = event.customer_reference
            change.line_nos += [line.line_no for line in event.lines]
        case OrderConfirmed():
            change.promised_latest = event.promised.latest
        case OrderDelivered():
            change.delivered_at = change.ended_at = event.delivered_at
        case OrderCancelled() | OrderRejected():
            change.ended_at = event.occurred_at
