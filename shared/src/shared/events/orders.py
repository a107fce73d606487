from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Part, Topic


class ServiceLevel(StrEnum):
    EXPRESS = "express"
    STANDARD = "standard"
    ECONOMY = "economy"


class By(StrEnum):
    """Who wanted it: the customer, or we ourselves."""

    CUSTOMER = "customer"
    US = "us"


class Window(Part):
    """When the goods may arrive; an open end is null."""

    earliest: Instant | None = None
    latest: Instant | None = None


class Promise(Part):
    """The delivery window that we promise."""

    earliest: Instant
    latest: Instant


class OrderLine(Part):
    line_no: int
    sku: str
    quantity: int


class LineQuantity(Part):
    line_no: int
    quantity: int


class ReleasedLines(Part):
    """What one warehouse is to ship of one release."""

    warehouse: str
    lines: tuple[OrderLine, ...]


class ShipTo(Part):
    """Where the goods go, as it is sealed: this as JSON. `code` is the customer's own word for the consignee."""

    code: str | None = None
    name: str
    street: str
    city: str
    postal_code: str
    country: str
    phone: str | None = None
    latitude: float | None = None
    longitude: float | None = None


SHIP_TO = "ship_to"
"""The field that it is sealed for."""


class SealedAddress(Part):
    """The consignee's address, a `ShipTo`, under a key of its own; `key_id` null means that `sealed` is its plain JSON text."""

    key_id: str | None = None
    sealed: str


class OrderEvent(Event):
    topic: ClassVar[Topic] = Topic.ORDERS

    order_id: UUID

    @property
    def aggregate(self) -> str:
        return f"order/{self.order_id}"

    @property
    def key(self) -> str:
        return str(self.order_id)


class OrderReceived(OrderEvent):
    """An order came in and was stored. `more`: further lines follow in the next event of this type."""

    type: ClassVar[str] = "order.received.v1"

    customer_reference: str
    consignee_code: str | None = None
    service_level: ServiceLevel
    allow_partial: bool
    submitted_at: Instant
    requested: Window = Window()
    lines: tuple[OrderLine, ...]
    more: bool = False


class OrderConfirmed(OrderEvent):
    """The order is ours to fulfil and its delivery window is promised. `more`: further lines follow in the next event of this type."""

    type: ClassVar[str] = "order.confirmed.v1"

    promised: Promise
    allow_partial: bool
    lines: tuple[OrderLine, ...]
    more: bool = False


class OrderHeld(OrderEvent):
    """Somebody or a rule stopped the order before its release."""

    type: ClassVar[str] = "order.held.v1"

    hold_id: UUID
    reason: str


class OrderHoldReleased(OrderEvent):
    """One hold is gone; others may remain."""

    type: ClassVar[str] = "order.hold_released.v1"

    hold_id: UUID


class OrderRejected(OrderEvent):
    """A stored order will not be fulfilled, by our decision and before any release."""

    type: ClassVar[str] = "order.rejected.v1"

    reason: str


class OrderBackordered(OrderEvent):
    """These quantities wait for stock; the order resumes by itself when it arrives. `more`: further lines follow."""

    type: ClassVar[str] = "order.backordered.v1"

    lines: tuple[OrderLine, ...]
    more: bool = False


class OrderAmended(OrderEvent):
    """The order was changed before anything of it was released.

    `lines`: all lines as they are now, where they changed; with quantity 0 a line is cancelled. `reallocate`: the warehouses know the
    order, its stock is to be allocated anew, and stock.reallocated answers; until then nothing is released. `requested`: the window that
    is wished now, where it changed. `consignee_code` is that of now. `more`: further lines follow in the next event of this type.
    """

    type: ClassVar[str] = "order.amended.v1"

    amendment_no: int
    by: By
    reason: str
    lines: tuple[OrderLine, ...] = ()
    reallocate: bool = False
    requested: Window | None = None
    ship_to_changed: bool = False
    consignee_code: str | None = None
    more: bool = False


class OrderCommitChanged(OrderEvent):
    """A confirmed order is promised for another window than `former`; `by` says who wanted it."""

    type: ClassVar[str] = "order.commit_changed.v1"

    by: By
    reason: str
    promised: Promise
    former: Promise


class OrderReleased(OrderEvent):
    """The warehouses shall ship these quantities now; the only event that carries the address."""

    type: ClassVar[str] = "order.released.v1"

    release_no: int
    promised: Promise
    consignee_code: str | None = None
    ship_to: SealedAddress
    warehouses: tuple[ReleasedLines, ...]


class OrderCancellationRequested(OrderEvent):
    """A released order shall be cancelled; dispatch decides under the locks of its shipments."""

    type: ClassVar[str] = "order.cancellation_requested.v1"

    by: By
    reason: str


class OrderCancellationRefused(OrderEvent):
    """Too late: something of the order was handed over."""

    type: ClassVar[str] = "order.cancellation_refused.v1"

    reason: str


class OrderCancelled(OrderEvent):
    """Nothing of the order will be delivered."""

    type: ClassVar[str] = "order.cancelled.v1"

    by: By
    reason: str


class OrderDelivered(OrderEvent):
    """Every line has arrived, damaged or lost: nothing is on its way any more."""

    type: ClassVar[str] = "order.delivered.v1"

    delivered_at: Instant


class OrderClosed(OrderEvent):
    """Delivered, and nothing was open for long enough."""

    type: ClassVar[str] = "order.closed.v1"


class OrderErased(OrderEvent):
    """The key of the consignee's personal data was destroyed: nobody can read it any more, and who holds any elsewhere forgets it."""

    type: ClassVar[str] = "order.erased.v1"

    erased_at: Instant
