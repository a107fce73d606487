from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Part, Topic
from shared.events.orders import LineQuantity


class FulfilmentEvent(Event):
    topic: ClassVar[Topic] = Topic.FULFILMENT

    order_id: UUID

    @property
    def aggregate(self) -> str:
        return f"fulfilment/{self.order_id}"

    @property
    def key(self) -> str:
        return str(self.order_id)


class ReservedLines(Part):
    """Quantities reserved in one warehouse."""

    warehouse: str
    lines: tuple[LineQuantity, ...]


class ShortLine(Part):
    """`demanded` was wanted now, `available` could be had at that moment, `reserved` was taken; the rest, demanded - reserved, waits."""

    line_no: int
    sku: str
    demanded: int
    available: int
    reserved: int


class ConfirmedPick(Part):
    pick_id: UUID
    line_no: int
    warehouse: str
    release_no: int
    quantity: int
    picked_at: Instant


class ShortPick(Part):
    """`quantity` was found, `missing` was not and is written off."""

    pick_id: UUID
    line_no: int
    warehouse: str
    release_no: int
    quantity: int
    missing: int
    picked_at: Instant


class Carton(Part):
    sscc: str
    lines: tuple[LineQuantity, ...]


class StockReserved(FulfilmentEvent):
    """Stock is set aside for these quantities.

    `first`: part of the answer to the order's first allocation. `complete`: nothing of the order waits for stock after it;
    when false, a stock.short or a further stock.reserved follows.
    """

    type: ClassVar[str] = "stock.reserved.v1"

    first: bool
    complete: bool
    warehouses: tuple[ReservedLines, ...]


class StockShort(FulfilmentEvent):
    """These lines wait for stock; a line that is not listed was reserved or, where partial shipping is not allowed, could have been.

    `first`: part of the answer to the order's first allocation. `more`: further short lines follow in the next event of this type.
    """

    type: ClassVar[str] = "stock.short.v1"

    first: bool
    lines: tuple[ShortLine, ...]
    more: bool = False


class StockReallocated(FulfilmentEvent):
    """The answer to order.amended: all that is set aside for the order now, whatever was said before.

    `short`: these lines wait for stock, as in stock.short; a line without an answer yet is in neither. `complete`: nothing of the order
    waits. `more`: further warehouses or lines follow in the next event of this type.
    """

    type: ClassVar[str] = "stock.reallocated.v1"

    amendment_no: int
    complete: bool
    warehouses: tuple[ReservedLines, ...]
    short: tuple[ShortLine, ...] = ()
    more: bool = False


class PickConfirmed(FulfilmentEvent):
    """The warehouse found all of these picks."""

    type: ClassVar[str] = "pick.confirmed.v1"

    picks: tuple[ConfirmedPick, ...]


class PickShort(FulfilmentEvent):
    """The warehouse did not find all; what is missing is written off and reserved anew or waits."""

    type: ClassVar[str] = "pick.short.v1"

    picks: tuple[ShortPick, ...]


class PackCompleted(FulfilmentEvent):
    """Picked goods of one release stand packed in cartons."""

    type: ClassVar[str] = "pack.completed.v1"

    reference: str
    warehouse: str
    release_no: int
    packed_at: Instant
    cartons: tuple[Carton, ...]


class StockIssued(FulfilmentEvent):
    """The goods of a shipment left our stock."""

    type: ClassVar[str] = "stock.issued.v1"

    shipment_id: UUID
    warehouse: str
    release_no: int
    lines: tuple[LineQuantity, ...]
