"""A shipment and the ways it can go. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dispatch.errors import IllegalMove


class Status(StrEnum):
    PLANNED = "planned"
    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PLANNED: frozenset({Status.ASSIGNED, Status.CANCELLED}),
    Status.ASSIGNED: frozenset({Status.ASSIGNED, Status.HANDED_OVER, Status.CANCELLED}),
    Status.HANDED_OVER: frozenset({Status.HANDED_OVER, Status.DELIVERED}),
    Status.DELIVERED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""assigned -> assigned: another vehicle takes it; handed_over -> handed_over: a delivery attempt failed."""

TRAVELLED = frozenset({Status.HANDED_OVER, Status.DELIVERED})


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` was planned; `missing` was not found, `packed` is in cartons; the rest is what became of that at the consignee's."""

    line_no: int
    sku: str
    quantity: int
    missing: int = 0
    packed: int = 0
    packed_at: datetime | None = None
    accepted: int = 0
    damaged: int = 0
    short: int = 0

    @property
    def is_ready(self) -> bool:
        return self.packed == self.quantity - self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One release of an order from one warehouse. `handed_over_said` is the time as the caller sent it, null = none."""

    shipment_id: UUID
    order_id: UUID
    customer_id: str
    warehouse: str
    release_no: int
    status: Status = Status.PLANNED
    carrier: str | None = None
    vehicle: str | None = None
    assigned_at: datetime | None = None
    handed_over_at: datetime | None = None
    handed_over_said: datetime | None = None
    delivered_at: datetime | None = None
    attempts: int = 0
    event_version: int = 1
    key_id: str | None = None
    """Of what is sealed of the consignee; null = nothing is."""
    is_erased: bool = False
    lines: tuple[Line, ...] = ()

    @property
    def advised(self) -> tuple[Line, ...]:
        """What travels: the lines with something packed."""
        return tuple(line for line in self.lines if line.packed)

    @property
    def is_ready(self) -> bool:
        """Everything that was found is packed, and something was found."""
        return all(line.is_ready for line in self.lines) and bool(self.advised)

    @property
    def is_empty(self) -> bool:
        return all(line.missing == line.quantity for line in self.lines)

    @property
    def packed_at(self) -> datetime | None:
        return max((line.packed_at for line in self.lines if line.packed_at), default=None)

    def check_move(self, status: Status) -> None:
        """Raises IllegalMove where there is no such way."""
        if status not in NEXT[self.status]:
            raise IllegalMove(self.shipment_id, self.status, status, NEXT[self.status])

    def become(self, status: Status) -> "Shipment":
        """The shipment after its next event; raises IllegalMove."""
        self.check_move(status)
        return replace(self, status=status, event_version=self.event_version + 1)
