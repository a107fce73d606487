from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Part, Topic


class StockEvent(Event):
    topic: ClassVar[Topic] = Topic.STOCK

    sku: str
    warehouse: str

    @property
    def aggregate(self) -> str:
        return f"stock/{self.key}"

    @property
    def key(self) -> str:
        return f"{self.customer_id}/{self.sku}/{self.warehouse}"


class StockAdjusted(StockEvent):
    """The quantity on hand changed by other means than shipping: `quantity` is signed."""

    type: ClassVar[str] = "stock.adjusted.v1"

    quantity: int
    reason: str
    reference: str
    on_hand: int
    reserved: int


class ReplenishmentRequested(StockEvent):
    """An order found less than it needs: the owner of the goods is asked to send `quantity` more."""

    type: ClassVar[str] = "replenishment.requested.v1"

    quantity: int
    order_id: UUID


class ItemRegistered(Event):
    """The item's master data, whole, as it is from now on."""

    type: ClassVar[str] = "item.registered.v1"
    topic: ClassVar[Topic] = Topic.ITEMS

    sku: str
    description: str
    gtin: str | None = None
    unit: str
    weight_kg: float | None = None
    volume_l: float | None = None

    @property
    def aggregate(self) -> str:
        return f"item/{self.key}"

    @property
    def key(self) -> str:
        return f"{self.customer_id}/{self.sku}"


class StockBalance(Part):
    """Available is on hand less reserved."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int


class StockReported(Event):
    """What a customer had in stock at one moment, because a report was asked for. `more`: further balances follow in the next event."""

    type: ClassVar[str] = "stock.reported.v1"
    topic: ClassVar[Topic] = Topic.STOCK

    report_id: UUID
    counted_at: Instant
    balances: tuple[StockBalance, ...]
    more: bool = False

    @property
    def aggregate(self) -> str:
        return f"stock_report/{self.report_id}"

    @property
    def key(self) -> str:
        return str(self.report_id)
