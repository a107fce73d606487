from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Part, Topic
from shared.events.orders import LineQuantity, OrderLine


class DeliveredLine(Part):
    """What became of the advised quantity: advised = accepted + damaged + short."""

    line_no: int
    advised: int
    accepted: int
    damaged: int
    short: int


class ShipmentEvent(Event):
    topic: ClassVar[Topic] = Topic.SHIPMENTS

    shipment_id: UUID
    order_id: UUID

    @property
    def aggregate(self) -> str:
        return f"shipment/{self.shipment_id}"

    @property
    def key(self) -> str:
        return str(self.order_id)


class ShipmentPlanned(ShipmentEvent):
    """One release of an order from one warehouse will travel as this shipment."""

    type: ClassVar[str] = "shipment.planned.v1"

    warehouse: str
    release_no: int
    lines: tuple[OrderLine, ...]


class ShipmentAssigned(ShipmentEvent):
    """A carrier's vehicle will take it."""

    type: ClassVar[str] = "shipment.assigned.v1"

    carrier: str
    vehicle: str


class ShipmentHandedOver(ShipmentEvent):
    """The goods left the warehouse with the carrier; `lines` is what was advised to the consignee."""

    type: ClassVar[str] = "shipment.handed_over.v1"

    warehouse: str
    release_no: int
    carrier: str
    vehicle: str
    handed_over_at: Instant
    lines: tuple[LineQuantity, ...]


class ShipmentCancelled(ShipmentEvent):
    """The shipment will not travel: its order is being cancelled, or nothing of it could be picked (`reason` empty)."""

    type: ClassVar[str] = "shipment.cancelled.v1"

    warehouse: str
    release_no: int
    reason: str


class ShipmentCancellationRefused(ShipmentEvent):
    """This shipment of the order was handed over already, so the order is delivered."""

    type: ClassVar[str] = "shipment.cancellation_refused.v1"

    reason: str


class DeliveryCompleted(ShipmentEvent):
    """The consignee has the shipment, line by line. `signed`: somebody signed for it."""

    type: ClassVar[str] = "delivery.completed.v1"

    warehouse: str
    release_no: int
    carrier: str
    delivered_at: Instant
    signed: bool
    lines: tuple[DeliveredLine, ...]


class DeliveryAttemptFailed(ShipmentEvent):
    """The consignee could not be served; another try follows."""

    type: ClassVar[str] = "delivery.attempt_failed.v1"

    attempt_no: int
    attempted_at: Instant
    reason: str
