"""How a shipment comes to be, is assigned, handed over or cancelled. Pure; a decision is the shipment from now on and what to say of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.events import OrderReleased
from shared.events.shipments import ShipmentEvent
from uuid_utils.compat import uuid7

from dispatch import announcements
from dispatch.errors import HandedOverAlready, NotPacked
from dispatch.shipment import NEXT, TRAVELLED, Line, Shipment, Status

EMPTY = "empty"
CANCELLATION = "cancellation"

Decision = tuple[Shipment, ShipmentEvent]


class Cancellation(StrEnum):
    """What was decided for a whole order, once."""

    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Transport:
    """Who takes a shipment."""

    carrier: str
    vehicle: str


def plan(released: OrderReleased, now: datetime) -> list[Decision]:
    """A shipment for each warehouse of the release."""
    shipments = [
        Shipment(
            shipment_id=uuid7(),
            order_id=released.order_id,
            customer_id=released.customer_id,
            warehouse=part.warehouse,
            release_no=released.release_no,
            lines=tuple(Line(line.line_no, line.sku, line.quantity) for line in part.lines),
        )
        for part in released.warehouses
    ]
    return [(shipment, announcements.planned(shipment, now)) for shipment in shipments]


def is_assigned(shipment: Shipment, transport: Transport) -> bool:
    """Was this very assignment made before, and does it still hold?"""
    same = (shipment.carrier, shipment.vehicle) == (transport.carrier, transport.vehicle)
    return same and shipment.status is not Status.CANCELLED


def assign(shipment: Shipment, transport: Transport, now: datetime) -> Decision:
    taken = replace(shipment.become(Status.ASSIGNED), carrier=transport.carrier, vehicle=transport.vehicle, assigned_at=now)
    return taken, announcements.assigned(taken, now)


def is_handed_over(shipment: Shipment, said: datetime | None) -> bool:
    """Was this very hand-over reported before? Raises HandedOverAlready when it was with another time."""
    if shipment.handed_over_at is None:
        return False
    if said not in (shipment.handed_over_said, shipment.handed_over_at):
        raise HandedOverAlready(shipment.shipment_id, shipment.handed_over_at)
    return True


def may_hand_over(shipment: Shipment) -> None:
    """Raises IllegalMove, or NotPacked while the contents are not what was planned."""
    shipment.check_move(Status.HANDED_OVER)
    if not shipment.is_ready:
        raise NotPacked(shipment.shipment_id, [line.line_no for line in shipment.lines if not line.is_ready])


def hand_over(shipment: Shipment, at: datetime, said: datetime | None) -> Decision:
    may_hand_over(shipment)
    gone = replace(shipment.become(Status.HANDED_OVER), handed_over_at=at, handed_over_said=said)
    return gone, announcements.handed_over(gone, at)


def cancel(shipment: Shipment, reason: str, now: datetime) -> Decision:
    cancelled = shipment.become(Status.CANCELLED)
    return cancelled, announcements.cancelled(cancelled, reason, now)


def cancel_empty(shipments: Sequence[Shipment], now: datetime) -> list[Decision]:
    """Of these, the shipments that will never hold anything."""
    return [cancel(each, EMPTY, now) for each in shipments if each.is_empty and Status.CANCELLED in NEXT[each.status]]


def decide_cancellation(shipments: Sequence[Shipment], now: datetime) -> tuple[Cancellation, list[Decision]]:
    """All shipments of one order together: one that travelled refuses for all of them."""
    travelled = [each for each in shipments if each.status in TRAVELLED]
    if not travelled:
        return Cancellation.CANCELLED, [cancel(each, CANCELLATION, now) for each in shipments if each.status is not Status.CANCELLED]
    refusing = replace(travelled[0], event_version=travelled[0].event_version + 1)
    return Cancellation.REFUSED, [(refusing, announcements.cancellation_refused(refusing, now))]
