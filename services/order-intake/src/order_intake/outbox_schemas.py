from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.bodies import Code, View
from shared.pages import IdPaging


class Acknowledgement(StrEnum):
    """What the partner said of an interchange; `noted`: accepted, faults noted."""

    AWAITED = "awaited"
    ACCEPTED = "accepted"
    NOTED = "noted"
    PARTLY = "partly"
    REFUSED = "refused"


class EntryFilters(IdPaging):
    """Without `partner` those of all that the key reaches."""

    customer_id: Code | None = None
    partner: Code | None = None


class DocumentView(View):
    """`reference` is ST02 or UNH 0062; `outcome` what the partner said of this message alone, with its codes."""

    document_id: UUID
    type: str
    reference: str
    order_id: UUID | None
    outcome: Acknowledgement | None
    codes: list[str]


class EntryView(View):
    """An interchange that we wrote. `control` is ISA13 or UNB 0020, `group_control` GS06. `received_at`: the partner has fetched it.
    `overdue_at`: since when its acknowledgement is missed. `document` is where its bytes are."""

    entry_id: UUID
    customer_id: str
    partner: str
    syntax: str
    type: str
    control: str
    group_control: int | None
    documents: int
    bytes: int
    document: str
    posted_at: datetime
    received_at: datetime | None
    acknowledgement: Acknowledgement
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    overdue_at: datetime | None
    codes: list[str]


class WholeEntryView(EntryView):
    """With its messages, the first thousand."""

    messages: list[DocumentView]
