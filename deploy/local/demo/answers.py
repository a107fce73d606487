"""What the demo reads of the services' answers; whatever else they say is ignored."""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

T = TypeVar("T")


class Promise(BaseModel):
    latest: datetime


class Order(BaseModel):
    order_id: str
    customer_id: str
    customer_reference: str
    status: str
    cancellation: str | None


class Pick(BaseModel):
    pick_id: str
    order_id: str
    line_no: int
    warehouse: str
    release_no: int
    quantity: int
    status: str


class ShipmentLine(BaseModel):
    line_no: int
    quantity: int
    missing: int
    packed: int


class Shipment(BaseModel):
    shipment_id: str
    order_id: str
    warehouse: str
    release_no: int
    status: str
    promised: Promise
    handed_over_at: datetime | None
    attempts: int
    lines: list[ShipmentLine]

    @property
    def is_packed(self) -> bool:
        """Whatever was found stands in cartons, and something was found."""
        return all(line.packed + line.missing == line.quantity for line in self.lines) and any(line.packed for line in self.lines)


class Case(BaseModel):
    case_id: str


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


class Result(BaseModel):
    index: int
    status: int
    id: str | None = None
    problem: dict[str, object] | None = None


class Batch(BaseModel):
    results: list[Result]


ORDER = TypeAdapter(Order)
ORDERS = TypeAdapter(Page[Order])
PICKS = TypeAdapter(Page[Pick])
SHIPMENTS = TypeAdapter(Page[Shipment])
CASE = TypeAdapter(Case)
BATCH = TypeAdapter(Batch)
