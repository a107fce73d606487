"""What crm remembers of an order, as order-intake told it: enough for the person at the phone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events import (
    OrderAmended,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderCommitChanged,
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


@dataclass(slots=True)
class Amended:
    """What amendments changed: which lines are wanted, by line_no; the end of the promise where it moved."""

    order_id: UUID
    is_wanted: dict[int, bool] = field(default_factory=dict)
    promised_latest: datetime | None = None


def changes(events: Sequence[OrderEvent]) -> list[OrderChange]:
    """One change an order, by order_id; within an order the events come in the order in which they were said."""
    found: dict[UUID, OrderChange] = {}
    for event in events:
        if status := _status(event):
            change = found.setdefault(event.order_id, OrderChange(event.order_id, event.customer_id))
            change.status = status
            _note(change, event)
    return [found[order_id] for order_id in sorted(found)]


def amendments(events: Sequence[OrderEvent]) -> list[Amended]:
    """One an order, by order_id; the last word on a line counts."""
    found: dict[UUID, Amended] = {}
    for event in events:
        match event:
            case OrderAmended():
                amended = found.setdefault(event.order_id, Amended(event.order_id))
                amended.is_wanted |= {line.line_no: line.quantity > 0 for line in event.lines}
            case OrderCommitChanged():
                found.setdefault(event.order_id, Amended(event.order_id)).promised_latest = event.promised.latest
    return [found[order_id] for order_id in sorted(found)]


def _status(event: OrderEvent) -> OrderStatus | None:
    """An order whose stock is allocated anew stands where it stood when it was confirmed."""
    if isinstance(event, OrderAmended):
        return OrderStatus.CONFIRMED if event.reallocate else None
    return STATUS.get(type(event))


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
