"""The states of an order and of its lines, and the ways between them: one table."""

from collections.abc import Iterable
from enum import StrEnum

from order_intake.errors import IllegalMove


class OrderStatus(StrEnum):
    """In the order of progress; the last two are the ends that deliver nothing."""

    RECEIVED = "received"
    CONFIRMED = "confirmed"
    BACKORDERED = "backordered"
    ALLOCATED = "allocated"
    RELEASED = "released"
    PICKING = "picking"
    PACKED = "packed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


S = OrderStatus
RANK: dict[OrderStatus, int] = {status: rank for rank, status in enumerate(S)}

NEXT: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.RECEIVED: frozenset({S.CONFIRMED, S.REJECTED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.BACKORDERED, S.ALLOCATED, S.REJECTED, S.CANCELLED}),
    S.BACKORDERED: frozenset({S.CONFIRMED, S.ALLOCATED, S.REJECTED, S.CANCELLED}),
    S.ALLOCATED: frozenset({S.CONFIRMED, S.RELEASED, S.REJECTED, S.CANCELLED}),
    S.RELEASED: frozenset({S.CONFIRMED, S.PICKING, S.PACKED, S.SHIPPED, S.CANCELLED}),
    S.PICKING: frozenset({S.PACKED, S.SHIPPED, S.CANCELLED}),
    S.PACKED: frozenset({S.SHIPPED, S.CANCELLED}),
    S.SHIPPED: frozenset({S.DELIVERED}),
    S.DELIVERED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""Back to confirmed: the warehouse found less than was released, and what is missing is reserved anew.
Several steps at once: the topics are not ordered among each other, a later fact may be heard first and implies the earlier."""

ENDS = frozenset(status for status, ways in NEXT.items() if not ways)
BEFORE_RELEASE = frozenset({S.RECEIVED, S.CONFIRMED, S.BACKORDERED, S.ALLOCATED})


ARRIVED_OR_ENDED = ENDS | {S.DELIVERED}
"""Nobody needs the consignee's address any more."""


class ErasureStatus(StrEnum):
    """First the orders of the consignee are looked for, then each is erased when it has ended."""

    SEARCHING = "searching"
    ERASING = "erasing"
    DONE = "done"


def check_move(what: object, status: OrderStatus, wanted: OrderStatus) -> None:
    """Raises IllegalMove, which lists the legal ways, when there is none from `status` to `wanted`."""
    if wanted not in NEXT[status]:
        raise IllegalMove(str(what), status, wanted, [way for way in S if way in NEXT[status]])


def status_of_order(lines: Iterable[OrderStatus]) -> tuple[OrderStatus, bool]:
    """The status of the least advanced line, and whether lines differ; wholly cancelled lines do not count."""
    counting = set(lines) - {S.CANCELLED}
    return min(counting, key=lambda status: RANK[status], default=S.CANCELLED), len(counting) > 1
