"""What dispatch refuses.

NotFound
├── ShipmentNotFound
├── DeliveryNotFound
├── CarrierNotFound
└── VehicleNotFound
InvalidInput
├── UnknownCarrier
├── UnknownVehicle
└── ForeignVehicle
Conflict
├── IllegalMove          lists the legal ones
├── NotPacked
├── HandedOverAlready
├── DeliveredAlready
├── OtherDelivery
└── ContradictingPick    parks the order: what the warehouse says does not fit what was released
StaleVersion
└── StaleCopy
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from shared.errors import Conflict, Fault, InvalidInput, NotFound, StaleVersion


class ShipmentNotFound(NotFound):
    def __init__(self, shipment_id: UUID) -> None:
        super().__init__(f"There is no shipment {shipment_id}.")


class DeliveryNotFound(NotFound):
    def __init__(self, delivery_id: UUID) -> None:
        super().__init__(f"There is no delivery {delivery_id}.")


class CarrierNotFound(NotFound):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no carrier {code}.")


class VehicleNotFound(NotFound):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no vehicle {code}.")


class UnknownCarrier(InvalidInput):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no carrier {code}.", [Fault("/carrier", "is not known; PUT /carriers/{code} makes one")])


class UnknownVehicle(InvalidInput):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no vehicle {code}.", [Fault("/vehicle", "is not known; PUT /vehicles/{code} makes one")])


class ForeignVehicle(InvalidInput):
    def __init__(self, vehicle: str, carrier: str) -> None:
        super().__init__(f"Vehicle {vehicle} does not belong to carrier {carrier}.", [Fault("/vehicle", "belongs to another carrier")])


class IllegalMove(Conflict):
    type = "illegal-move"
    title = "The shipment is not in a state for this"

    def __init__(self, shipment_id: UUID, status: str, wanted: str, legal: Iterable[str]) -> None:
        allowed = ", ".join(sorted(legal)) or "nothing"
        super().__init__(f"Shipment {shipment_id} is {status} and cannot become {wanted}; it can become: {allowed}.")


class NotPacked(Conflict):
    type = "not-packed"
    title = "The shipment is not wholly packed"

    def __init__(self, shipment_id: UUID, lines: Iterable[int]) -> None:
        listed = ", ".join(map(str, list(lines)[:20]))
        super().__init__(f"Shipment {shipment_id} is not packed as planned; look at lines {listed}.")


class HandedOverAlready(Conflict):
    type = "handed-over-already"

    def __init__(self, shipment_id: UUID, at: datetime) -> None:
        super().__init__(f"Shipment {shipment_id} was handed over at {at.isoformat()}.")


class DeliveredAlready(Conflict):
    type = "delivered-already"

    def __init__(self, shipment_id: UUID, at: datetime) -> None:
        super().__init__(f"Shipment {shipment_id} was delivered at {at.isoformat()} with another content.")


class OtherDelivery(Conflict):
    type = "other-delivery"

    def __init__(self, shipment_id: UUID, at: datetime) -> None:
        super().__init__(f"Something else was reported of shipment {shipment_id} for {at.isoformat()}.")


class ContradictingPick(Conflict):
    type = "contradicting-pick"

    def __init__(self, lines: Iterable[str]) -> None:
        super().__init__(f"Picked or packed, but not released: {', '.join(lines)}.")


class StaleCopy(StaleVersion):
    def __init__(self, code: str, revision: int | None) -> None:
        now = "does not exist" if revision is None else f"is at version {revision}"
        super().__init__(f"{code} {now}; read it again before you change it.")
