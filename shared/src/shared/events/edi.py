from typing import ClassVar
from uuid import UUID

from shared.events.base import Event, Instant, Topic


class InterchangeEvent(Event):
    """Of an interchange that we sent to a partner; `document` is the type of its messages: 855, ORDRSP."""

    topic: ClassVar[Topic] = Topic.EDI

    entry_id: UUID
    partner: str
    document: str
    control: str

    @property
    def aggregate(self) -> str:
        return f"interchange/{self.entry_id}"

    @property
    def key(self) -> str:
        return str(self.entry_id)


class EdiAcknowledgementOverdue(InterchangeEvent):
    """The partner has not acknowledged the interchange in time; it may not have come."""

    type: ClassVar[str] = "edi.acknowledgement_overdue.v1"

    posted_at: Instant
    acknowledge_by: Instant


class EdiDocumentRefused(InterchangeEvent):
    """The partner refused all of the interchange, or some of its messages: those of these orders. `codes` are the partner's."""

    type: ClassVar[str] = "edi.document_refused.v1"

    refused: int
    codes: tuple[str, ...] = ()
    order_ids: tuple[UUID, ...] = ()


class InventoryReportRequested(Event):
    """A partner is to hear what the customer has in stock, in all warehouses or in one; inventory answers with stock.reported."""

    type: ClassVar[str] = "inventory_report.requested.v1"
    topic: ClassVar[Topic] = Topic.EDI

    report_id: UUID
    partner: str
    warehouse: str | None = None

    @property
    def aggregate(self) -> str:
        return f"inventory_report/{self.report_id}"

    @property
    def key(self) -> str:
        return str(self.report_id)
