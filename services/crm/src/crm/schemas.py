from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from shared.bodies import At, Body, Code, Flag, LineNo, Text, View
from shared.events import CaseKind
from shared.pages import IdPaging, Paging

from crm.cursor import Place
from crm.lifecycle import CaseStatus
from crm.orders import OrderStatus


def _an_address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or not domain or " " in text:
        raise ValueError("must be an e-mail address such as desk@example.com")
    return text


Email = Annotated[Text, AfterValidator(_an_address)]
Phone = Annotated[Text, Field(max_length=40)]


class CustomerBody(Body):
    """The profile as it shall be, whole: what is left out is forgotten."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Lantern Traders", "email": "desk@example.com", "phone": "+86 21 5555 0100"}]}
    )

    name: Text
    email: Email | None = None
    phone: Phone | None = None
    blocked: Flag = False


class CustomerView(View):
    customer_id: str
    name: str
    email: str | None
    phone: str | None
    blocked: bool
    registered_at: datetime
    revision: int


class OrderSummary(View):
    """`status` as order-intake last announced it; `last_entry` is the newest line of the order's timeline."""

    order_id: UUID
    customer_reference: str | None
    status: OrderStatus
    promised_latest: datetime | None
    last_entry: str | None


class OrdersSummary(View):
    """`count` stops at 1000 and `counted_all` is false then; `first` are those promised first."""

    count: int
    counted_all: bool
    first: list[OrderSummary]


class CaseView(View):
    case_id: UUID
    customer_id: str
    kind: CaseKind
    subject: str
    reference: str | None
    order_id: UUID | None
    line_no: int | None
    status: CaseStatus
    received_at: datetime
    resolved_at: datetime | None
    cause: str | None
    remedy: str | None


class CaseSummary(View):
    """`count` stops at 1000 and `counted_all` is false then; `first` are those that wait longest."""

    count: int
    counted_all: bool
    first: list[CaseView]


class Contact(View):
    """When customer and we last spoke, and about which case."""

    at: datetime
    case_id: UUID
    kind: CaseKind
    subject: str


class CustomerProfile(CustomerView):
    """What a person at the phone needs first. Late: open and past the end of its promise."""

    open_orders: OrdersSummary
    late_orders: OrdersSummary
    open_cases: CaseSummary
    last_contact: Contact | None


class TimelineEntry(View):
    """`at` is when it happened, `recorded_at` when we wrote it down here."""

    event_id: UUID
    at: datetime
    recorded_at: datetime
    type: str
    order_id: UUID | None
    customer_reference: str | None
    text: str


class NewCase(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"customer_id": "C-1", "kind": "complaint", "subject": "Two boxes arrived wet", "reference": "T-77"}]
        }
    )

    customer_id: Code
    kind: CaseKind
    subject: Text
    reference: Code | None = None
    order_id: UUID | None = None
    line_no: LineNo | None = None
    received_at: At | None = None


class Resolution(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cause": "Box not closed at packing", "remedy": "Replacement sent, price refunded"}]}
    )

    cause: Text
    remedy: Text


class CustomerFilters(Paging):
    after: Code | None = None


class TimelineFilters(Paging):
    """Newest first."""

    order_id: UUID | None = None
    after: Place | None = None


class CaseFilters(IdPaging):
    customer_id: Code | None = None
    status: CaseStatus | None = None
    kind: CaseKind | None = None
    order_id: UUID | None = None
