"""An order as the decisions see it: what is stored of it, what is decided now, and what is to be said of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypedDict
from uuid import UUID

from shared.events import By, Event, OrderLine, Promise
from shared.ids import new_id

from order_intake.lifecycle import OrderStatus, check_move, status_of_order
from order_intake.quantities import Line

MOST_LINES = 2000


class Cancellation(StrEnum):
    """What became of the request to cancel a released order, as long as it is not cancelled."""

    REQUESTED = "requested"
    REFUSED = "refused"


class Entry(NamedTuple):
    """One line of the history; `detail` stays in this service."""

    what: str
    detail: str | None = None


class Stamp(TypedDict):
    """What every event of an order says first."""

    event_id: UUID
    customer_id: str
    order_id: UUID
    version: int
    occurred_at: datetime


@lru_cache(4096)
def order_line(line_no: int, sku: str, quantity: int) -> OrderLine:
    """Many orders say the same line; it is made once."""
    return OrderLine(line_no=line_no, sku=sku, quantity=quantity)


@dataclass(slots=True)
class Order:
    order_id: UUID
    customer_id: str
    now: datetime
    """The instant of this decision."""
    status: OrderStatus
    service_level: str
    allow_partial: bool
    requested_earliest: datetime | None
    requested_latest: datetime | None
    consignee_code: str | None
    ship_to_key_id: str | None
    ship_to: str | None
    """Sealed; null once it was erased."""
    partial: bool = False
    confirmed_at: datetime | None = None
    promised_earliest: datetime | None = None
    promised_latest: datetime | None = None
    delivered_at: datetime | None = None
    open_holds: int = 0
    cancellation: Cancellation | None = None
    cancellation_by: By | None = None
    cancellation_reason: str | None = None
    open_amendment: int | None = None
    """The amendment that inventory has not answered yet; nothing is released until then."""
    release_count: int = 0
    open_shipments: int = 0
    """Shipments that were released and not cancelled: one a release and warehouse."""
    event_version: int = 0
    lines: dict[int, Line] = field(default_factory=dict)
    reservations: dict[tuple[str, int], int] = field(default_factory=dict)
    """What is reserved and not released, by warehouse and line."""
    said: list[Event] = field(default_factory=list)
    history: list[Entry] = field(default_factory=list)
    timers: list[tuple[str, datetime]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"Order {self.order_id}"

    @property
    def owned(self) -> tuple[UUID, str]:
        """What every row below the order begins with."""
        return self.order_id, self.customer_id

    @property
    def promise(self) -> Promise:
        assert self.promised_earliest
        assert self.promised_latest
        return Promise(earliest=self.promised_earliest, latest=self.promised_latest)

    @property
    def is_partly_handed_over(self) -> bool:
        return any(line.shipped or line.delivered or line.damaged or line.lost for line in self.lines.values())

    def stamp(self) -> Stamp:
        """For the next event; counts it."""
        self.event_version += 1
        return {
            "event_id": new_id(),
            "customer_id": self.customer_id,
            "order_id": self.order_id,
            "version": self.event_version,
            "occurred_at": self.now,
        }

    def say(self, event: Event) -> None:
        self.said.append(event)

    def note(self, what: str, detail: str | None = None) -> None:
        self.history.append(Entry(what, detail))

    def become(self, status: OrderStatus, detail: str | None = None) -> None:
        check_move(self, self.status, status)
        self.status = status
        self.note(status, detail)

    def settle(self, detail: str | None = None) -> bool:
        """Take the status that the lines have by now; false when it is the same."""
        status, self.partial = status_of_order([line.status for line in self.lines.values()])
        if status is self.status or self.status is OrderStatus.CLOSED:
            return False
        self.become(status, detail)
        return True

    def all_lines(self) -> list[OrderLine]:
        """What was ordered, as it is wanted now; of a line that was cancelled 0."""
        return [order_line(line.line_no, line.sku, line.wanted) for line in self.lines.values()]

    def wanted_lines(self) -> list[OrderLine]:
        """Without those that were cancelled."""
        return [line for line in self.all_lines() if line.quantity]
