from datetime import datetime
from functools import lru_cache
from typing import Annotated, Protocol, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, field_validator, model_validator
from shared.batches import Item
from shared.bodies import At, Body, Code, Flag, LineNo, Quantity, Text, View
from shared.events import By, ServiceLevel, ShipTo, Window
from shared.pages import IdPaging

from order_intake.lifecycle import OrderStatus
from order_intake.order import MOST_LINES, Cancellation

Reference = tuple[str, str]
"""customer_id and customer_reference: the permanent key of an order."""

MOST_ORDERS = 500


def _country(code: str) -> str:
    if not (len(code) == 2 and code.isascii() and code.isupper() and code.isalpha()):
        raise ValueError("must be the two capital letters of ISO 3166-1")
    return code


Country = Annotated[str, AfterValidator(_country), Field(json_schema_extra={"pattern": "^[A-Z]{2}$"})]


class Address(Body):
    """Where the goods go. `code` is the customer's own word for the consignee."""

    code: Code | None = None
    name: Text
    street: Text
    city: Text
    postal_code: Text
    country: Country
    phone: Text | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together")
        return self

    def as_sealed(self) -> ShipTo:
        return ShipTo.model_construct(**self.__dict__)


class RequestedDelivery(Body):
    """The window that the customer wishes; an open end is null."""

    earliest: At | None = None
    latest: At | None = None

    @model_validator(mode="after")
    def forwards(self) -> Self:
        if self.earliest and self.latest and self.earliest > self.latest:
            raise ValueError("earliest lies after latest")
        return self

    def window(self) -> Window:
        return _window(self.earliest, self.latest)


@lru_cache(256)
def _window(earliest: datetime | None, latest: datetime | None) -> Window:
    return Window(earliest=earliest, latest=latest)


def _without_default(schema: dict[str, JsonValue]) -> None:
    schema.pop("default", None)


class NewLine(Body):
    sku: Code
    quantity: Quantity
    line_no: Annotated[LineNo, Field(json_schema_extra=_without_default)] = 0
    """Counted from 1 where it is not given."""


class WithLineNumber(Protocol):
    @property
    def line_no(self) -> int: ...


L = TypeVar("L", bound=WithLineNumber)


def distinct_numbers(lines: list[L]) -> list[L]:
    """Raises ValueError where a number stands twice."""
    seen: set[int] = set()
    for line in lines:
        if line.line_no in seen:
            raise ValueError(f"line_no {line.line_no} stands twice")
        seen.add(line.line_no)
    return lines


def _numbered(lines: list[NewLine]) -> list[NewLine]:
    return distinct_numbers([line if line.line_no else line.model_copy(update={"line_no": number}) for number, line in enumerate(lines, 1)])


class NewOrder(Body):
    """An order, once a `customer_reference`: the same body again is answered as at first, another body is refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "ACME",
                    "customer_reference": "PO-4711",
                    "ship_to": {
                        "code": "STORE-12",
                        "name": "ACME Store 12",
                        "street": "88 Century Avenue",
                        "city": "Shanghai",
                        "postal_code": "200120",
                        "country": "CN",
                    },
                    "service_level": "standard",
                    "lines": [{"sku": "TEA-500", "quantity": 12}, {"sku": "CUP-BLUE", "quantity": 3}],
                }
            ]
        }
    )

    customer_id: Code
    customer_reference: Text
    ship_to: Address
    requested_delivery: RequestedDelivery = RequestedDelivery()
    service_level: ServiceLevel = ServiceLevel.STANDARD
    allow_partial: Flag = False
    submitted_at: At | None = None
    lines: Annotated[list[NewLine], AfterValidator(_numbered), Field(min_length=1, max_length=MOST_LINES)]

    @field_validator("requested_delivery", mode="before")
    @classmethod
    def open_window(cls, value: object) -> object:
        return RequestedDelivery() if value is None else value

    @property
    def reference(self) -> Reference:
        return self.customer_id, self.customer_reference


class NewOrders(Body):
    orders: Annotated[list[Item[NewOrder]], Field(min_length=1, max_length=MOST_ORDERS)]


class NewCancellation(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "ordered_twice"}]})

    reason: Text
    by: By = By.CUSTOMER


class NewRejection(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "credit"}]})

    reason: Text


class NewHold(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "address"}]})

    reason: Text


class HoldRelease(Body):
    """Which hold is gone; all of the order's without it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    hold_id: UUID | None = None


class OrderFilters(IdPaging):
    """`created_from` and `created_to` are half-open."""

    customer_id: Code | None = None
    customer_reference: Text | None = None
    status: OrderStatus | None = None
    created_from: At | None = None
    created_to: At | None = None


class PromiseView(View):
    earliest: datetime
    latest: datetime


class HoldView(View):
    hold_id: UUID
    reason: str
    placed_at: datetime


class QuantitiesView(View):
    """Where the line's units are; they add up to its quantity."""

    waiting: int = 0
    backordered: int = 0
    reserved: int = 0
    released: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0
    damaged: int = 0
    lost: int = 0
    cancelled: int = 0


class LineView(View):
    line_no: int
    sku: str
    quantity: int
    status: OrderStatus
    quantities: QuantitiesView


class HistoryView(View):
    at: datetime
    what: str
    detail: str | None


class OrderView(View):
    """An order as it stands. `holds` are the open ones; `promised` is null until it is confirmed, `ship_to` once it was erased;
    `open_amendment` waits for the warehouses' answer."""

    order_id: UUID
    customer_id: str
    customer_reference: str
    status: OrderStatus
    partial: bool
    cancellation: Cancellation | None
    open_amendment: int | None
    received_at: datetime
    ship_to: ShipTo | None
    erased_at: datetime | None
    promised: PromiseView | None
    holds: list[HoldView]
    lines: list[LineView]
    history: list[HistoryView]
