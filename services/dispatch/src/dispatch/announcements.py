"""What is said of a shipment, as it stands after the change. Pure."""

from datetime import datetime

from shared.events import (
    DeliveredLine,
    DeliveryAttemptFailed,
    DeliveryCompleted,
    LineQuantity,
    OrderLine,
    ShipmentAssigned,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShipmentPlanned,
)

from dispatch.reasons import Reason
from dispatch.shipment import Shipment, Status


def planned(shipment: Shipment, now: datetime) -> ShipmentPlanned:
    return ShipmentPlanned(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=now,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        release_no=shipment.release_no,
        lines=tuple(OrderLine(line_no=line.line_no, sku=line.sku, quantity=line.quantity) for line in shipment.lines),
    )


def assigned(shipment: Shipment, now: datetime) -> ShipmentAssigned:
    return ShipmentAssigned(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=now,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        carrier=shipment.carrier or "",
        vehicle=shipment.vehicle or "",
    )


def handed_over(shipment: Shipment, at: datetime) -> ShipmentHandedOver:
    return ShipmentHandedOver(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=at,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        release_no=shipment.release_no,
        carrier=shipment.carrier or "",
        vehicle=shipment.vehicle or "",
        handed_over_at=at,
        lines=tuple(LineQuantity(line_no=line.line_no, quantity=line.packed) for line in shipment.advised),
    )


def cancelled(shipment: Shipment, reason: str, now: datetime) -> ShipmentCancelled:
    return ShipmentCancelled(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=now,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        release_no=shipment.release_no,
        reason=reason,
    )


def cancellation_refused(shipment: Shipment, now: datetime) -> ShipmentCancellationRefused:
    return ShipmentCancellationRefused(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=now,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        reason=Status.HANDED_OVER,
    )


def delivered(shipment: Shipment, at: datetime, signed_by: str | None) -> DeliveryCompleted:
    return DeliveryCompleted(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=at,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        warehouse=shipment.warehouse,
        release_no=shipment.release_no,
        carrier=shipment.carrier or "",
        delivered_at=at,
        signed=signed_by is not None,
        lines=tuple(
            DeliveredLine(line_no=line.line_no, advised=line.packed, accepted=line.accepted, damaged=line.damaged, short=line.short)
            for line in shipment.advised
        ),
    )


def attempt_failed(shipment: Shipment, at: datetime, reason: Reason) -> DeliveryAttemptFailed:
    return DeliveryAttemptFailed(
        customer_id=shipment.customer_id,
        version=shipment.event_version,
        occurred_at=at,
        shipment_id=shipment.shipment_id,
        order_id=shipment.order_id,
        attempt_no=shipment.attempts,
        attempted_at=at,
        reason=reason,
    )
