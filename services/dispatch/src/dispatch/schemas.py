from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field
from shared.batches import Item
from shared.bodies import At, Body, Code, Count, LineNo, Text, View
from shared.events import Instant, ShipTo
from shared.pages import IdPaging, Paging

from dispatch.delivering import Result
from dispatch.shipment import Status

ITEMS_AT_MOST = 500
LINES_AT_MOST = 2000

Capacity = Annotated[float, Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)]


def _example(**fields: object) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": fields})  # type: ignore[dict-item]


_SHIPMENT = "0198c0de-0000-7000-8000-000000000001"


class CarrierBody(Body):
    model_config: ClassVar[ConfigDict] = _example(name="SF Express")

    name: Text


class VehicleBody(Body):
    model_config: ClassVar[ConfigDict] = _example(carrier="SF", name="沪A·12345", capacity_kg=1500, capacity_l=9000)

    carrier: Code
    name: Text
    capacity_kg: Capacity | None = None
    capacity_l: Capacity | None = None


class NewAssignment(Body):
    shipment_id: UUID
    carrier: Code
    vehicle: Code


class NewAssignments(Body):
    model_config: ClassVar[ConfigDict] = _example(assignments=[{"shipment_id": _SHIPMENT, "carrier": "SF", "vehicle": "SF-0001"}])

    assignments: Annotated[list[Item[NewAssignment]], Field(max_length=ITEMS_AT_MOST)]


class NewHandover(Body):
    shipment_id: UUID
    handed_over_at: At | None = None


class NewHandovers(Body):
    model_config: ClassVar[ConfigDict] = _example(handovers=[{"shipment_id": _SHIPMENT, "handed_over_at": "2026-05-01T08:00:00+08:00"}])

    handovers: Annotated[list[Item[NewHandover]], Field(max_length=ITEMS_AT_MOST)]


class NewDeliveredLine(Body):
    """accepted + damaged + short = what was advised."""

    line_no: LineNo
    accepted: Count
    damaged: Count
    short: Count


class NewDelivery(Body):
    """`delivered_at`: for a failed one, when it was tried. Without `lines` everything was accepted; else each advised line is listed."""

    shipment_id: UUID
    outcome: Result
    delivered_at: At | None = None
    signed_by: Text | None = None
    reason: Text | None = None
    lines: Annotated[list[NewDeliveredLine], Field(max_length=LINES_AT_MOST)] | None = None


class NewDeliveries(Body):
    model_config: ClassVar[ConfigDict] = _example(
        deliveries=[
            {
                "shipment_id": _SHIPMENT,
                "outcome": "delivered",
                "signed_by": "王芳",
                "lines": [{"line_no": 1, "accepted": 9, "damaged": 1, "short": 0}],
            },
            {"shipment_id": "0198c0de-0000-7000-8000-000000000002", "outcome": "failed", "reason": "consignee_absent"},
        ]
    )

    deliveries: Annotated[list[Item[NewDelivery]], Field(max_length=ITEMS_AT_MOST)]


class CarrierView(View):
    code: str
    name: str


class VehicleView(View):
    code: str
    carrier: str
    name: str
    capacity_kg: float | None
    capacity_l: float | None


class ShipmentLineView(View):
    """`quantity` = planned; `missing` was not found, `packed` travels; `accepted`, `damaged` and `short` are what became of it."""

    line_no: int
    sku: str
    quantity: int
    missing: int
    packed: int
    accepted: int
    damaged: int
    short: int


class PromisedView(View):
    earliest: Instant
    latest: Instant


class ShipmentView(View):
    shipment_id: UUID
    order_id: UUID
    customer_id: str
    warehouse: str
    release_no: int
    status: Status
    consignee_code: str | None
    promised: PromisedView
    carrier: str | None
    vehicle: str | None
    assigned_at: Instant | None
    handed_over_at: Instant | None
    delivered_at: Instant | None
    attempts: int
    lines: list[ShipmentLineView]


class ShipmentSheet(ShipmentView):
    """A shipment with what its driver needs. `ship_to` is null once the consignee's data was erased."""

    ship_to: ShipTo | None
    erased_at: Instant | None


class DeliveryView(View):
    """`signed_by`, and a `reason` in the driver's own words, are null or `other` once the consignee's data was erased."""

    delivery_id: UUID
    shipment_id: UUID
    outcome: Result
    delivered_at: Instant
    attempt_no: int
    signed_by: str | None
    reason: str | None


class CodePaging(Paging):
    after: Code | None = None


class VehicleFilters(CodePaging):
    carrier: Code | None = None


class ShipmentFilters(IdPaging):
    status: Status | None = None
    order_id: UUID | None = None
    warehouse: Code | None = None


class DeliveryFilters(IdPaging):
    shipment_id: UUID | None = None
