from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Topic


class CaseKind(StrEnum):
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"
    ENQUIRY = "enquiry"
    SUGGESTION = "suggestion"
    CLAIM = "claim"
    INBOUND_REJECTION = "inbound_rejection"
    STOCKOUT = "stockout"


class CaseEvent(Event):
    topic: ClassVar[Topic] = Topic.CASES

    case_id: UUID

    @property
    def aggregate(self) -> str:
        return f"case/{self.case_id}"

    @property
    def key(self) -> str:
        return str(self.case_id)


class CaseOpened(CaseEvent):
    """Somebody brought a matter to us; its clock starts at `received_at`."""

    type: ClassVar[str] = "case.opened.v1"

    kind: CaseKind
    order_id: UUID | None = None
    line_no: int | None = None
    received_at: Instant


class CaseResolved(CaseEvent):
    """Cause and remedy are known and the customer was told."""

    type: ClassVar[str] = "case.resolved.v1"

    kind: CaseKind
    order_id: UUID | None = None
    resolved_at: Instant


class StockoutCustomerNotified(CaseEvent):
    """The customer was told that an order waits for stock."""

    type: ClassVar[str] = "stockout.customer_notified.v1"

    order_id: UUID
    notified_at: Instant
