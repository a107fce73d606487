"""What callers send and get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator
from shared.batches import Item
from shared.bodies import At, Body, Code, Count, LineNo, Quantity, Text, View
from shared.events import LINES_PER_EVENT
from shared.pages import Paging

from inventory import gs1
from inventory.states import PickStatus

AT_ONCE = 500
"""Items of a batch call."""


def _gtin(text: str) -> str:
    if len(text) not in (8, 12, 13, 14) or not gs1.is_valid(text):
        raise ValueError("must be a GTIN of 8, 12, 13 or 14 digits with a right check digit")
    return text


def _sscc(text: str) -> str:
    if len(text) != gs1.SSCC_DIGITS or not gs1.is_valid(text):
        raise ValueError("must be an SSCC: 18 digits with a right check digit")
    return text


def _not_zero(quantity: int) -> int:
    if not quantity:
        raise ValueError("must not be 0")
    return quantity


Gtin = Annotated[str, AfterValidator(_gtin), Field(max_length=14)]
Sscc = Annotated[str, AfterValidator(_sscc), Field(max_length=18)]
Change = Annotated[int, AfterValidator(_not_zero), Field(strict=True, ge=-1_000_000, le=1_000_000)]
Measure = Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)]


def _example(**body: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [body]})


class WarehouseChange(Body):
    model_config = _example(name="Shanghai 1")

    name: Text


class WarehouseView(View):
    code: str
    name: str
    revision: int


class NewItem(Body):
    customer_id: Code
    sku: Code
    description: Text
    gtin: Gtin | None = None
    unit: Code = "EA"
    weight_kg: Measure | None = None
    volume_l: Measure | None = None


class NewItems(Body):
    model_config = _example(items=[{"customer_id": "ACME", "sku": "85123A", "description": "Lantern, white", "weight_kg": 0.4}])

    items: Annotated[list[Item[NewItem]], Field(min_length=1, max_length=AT_ONCE)]


class ItemView(View):
    customer_id: str
    sku: str
    description: str
    gtin: str | None
    unit: str
    weight_kg: float | None
    volume_l: float | None


class NewAdjustment(Body):
    customer_id: Code
    sku: Code
    warehouse: Code
    quantity: Change
    """Signed: what comes to the stock or goes from it."""
    reason: Text
    reference: Code


class NewAdjustments(Body):
    model_config = _example(
        adjustments=[{"customer_id": "ACME", "sku": "85123A", "warehouse": "SHA1", "quantity": 40, "reason": "receipt", "reference": "R-1"}]
    )

    adjustments: Annotated[list[Item[NewAdjustment]], Field(min_length=1, max_length=AT_ONCE)]


class AdjustmentView(View):
    adjustment_id: UUID
    customer_id: str
    sku: str
    warehouse: str
    quantity: int
    reason: str
    reference: str
    adjusted_at: datetime


class StockView(View):
    customer_id: str
    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    available: int


class LedgerEntryView(View):
    """One change of stock; `cause_event_id` is the event that caused or said it."""

    entry_id: int
    customer_id: str
    sku: str
    warehouse: str
    d_on_hand: int
    d_reserved: int
    kind: str
    cause_event_id: UUID
    order_id: UUID | None
    line_no: int | None
    at: datetime


class PickView(View):
    pick_id: UUID
    order_id: UUID
    customer_id: str
    line_no: int
    sku: str
    warehouse: str
    release_no: int
    quantity: int
    picked: int
    status: PickStatus
    picked_at: datetime | None


class NewConfirmation(Body):
    pick_id: UUID
    quantity: Count
    """What was found; less than asked for is a short pick."""
    picked_at: At | None = None


class NewConfirmations(Body):
    model_config = _example(confirmations=[{"pick_id": "0190a2b4-0000-7000-8000-000000000001", "quantity": 6}])

    confirmations: Annotated[list[Item[NewConfirmation]], Field(min_length=1, max_length=AT_ONCE)]


class PackedLine(Body):
    line_no: LineNo
    quantity: Quantity


class NewCarton(Body):
    sscc: Sscc | None = None
    lines: Annotated[tuple[PackedLine, ...], Field(min_length=1, max_length=LINES_PER_EVENT)]


def _lines_in(cartons: Sequence[NewCarton]) -> int:
    return sum(len(carton.lines) for carton in cartons)


class NewPack(Body):
    """`warehouse` and `release_no` may be left out while only one release lies picked."""

    order_id: UUID
    reference: Code
    warehouse: Code | None = None
    release_no: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    packed_at: At | None = None
    cartons: Annotated[tuple[NewCarton, ...], Field(min_length=1, max_length=LINES_PER_EVENT)]

    @model_validator(mode="after")
    def fits_an_event(self) -> Self:
        if _lines_in(self.cartons) > LINES_PER_EVENT:
            raise ValueError(f"a pack has at most {LINES_PER_EVENT} lines in its cartons; say it as several packs")
        return self


class NewPacks(Body):
    model_config = _example(
        packs=[
            {
                "order_id": "0190a2b4-0000-7000-8000-000000000002",
                "reference": "P-1",
                "cartons": [{"lines": [{"line_no": 1, "quantity": 6}]}],
            }
        ]
    )

    packs: Annotated[list[Item[NewPack]], Field(min_length=1, max_length=AT_ONCE)]


class PackedLineView(View):
    line_no: int
    quantity: int


class CartonView(View):
    sscc: str
    lines: list[PackedLineView]


class PackView(View):
    pack_id: UUID
    order_id: UUID
    reference: str
    warehouse: str
    release_no: int
    packed_at: datetime
    cartons: list[CartonView]


class ItemFilters(Paging):
    """`sku` belongs to a customer: it goes with customer_id."""

    customer_id: Code | None = None
    sku: Code | None = None

    @model_validator(mode="after")
    def sku_has_an_owner(self) -> Self:
        if self.sku and not self.customer_id:
            raise ValueError("sku is unique within a customer: name customer_id as well")
        return self


class StockFilters(ItemFilters):
    warehouse: Code | None = None


class PickFilters(Paging):
    status: PickStatus | None = None
    warehouse: Code | None = None
    order_id: UUID | None = None


class PackFilters(Paging):
    order_id: UUID | None = None
