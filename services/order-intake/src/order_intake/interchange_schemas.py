"""What is told of an interchange: the verdict on each message, every fault with its place, what became of what was asked."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field
from shared.bodies import Code, View
from shared.pages import IdPaging


class Effect(StrEnum):
    """What became of a message. `refused`: by us as a business, and said in an answer of its own, never in the acknowledgement."""

    PLACED = "placed"
    REPEATED = "repeated"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    CANCELLATION_REQUESTED = "cancellation_requested"
    REFUSED = "refused"
    KEPT = "kept"
    ANSWER = "answer"
    TEST = "test"
    NONE = "none"


class FaultAt(View):
    """`code` is that of the acknowledgement's own world: TA1 05, AK9 05, AK5 02, AK3 04, AK4 03, or 0085. `position` counts the message's
    header as 1, `offset` the bytes of the body from 0."""

    rule: str
    level: str
    weight: str
    code: str
    segment: str = ""
    position: int = 0
    element: int = 0
    component: int = 0
    offset: int
    text: str


class RefusalAt(View):
    """`line`: the document's own word for it; empty where all of it is meant."""

    line: str = ""
    reason: str
    text: str


class MessageView(View):
    position: int
    type: str
    release: str
    reference: str
    outcome: str
    document_number: str | None = None
    purpose: str | None = None
    change_number: str | None = None
    effect: Effect
    order_id: UUID | None = None
    order: str | None = None
    refusals: list[RefusalAt] = Field(default_factory=list)
    faults: list[FaultAt] = Field(default_factory=list)


class PartyView(View):
    identifier: str
    qualifier: str


class InterchangeView(View):
    """`interchange_id` and `partner` are null where the sender is not known: nothing of it is kept. `repeated`: it was here before, and
    nothing was done again."""

    interchange_id: UUID | None
    partner: str | None
    syntax: str
    sender: PartyView
    receiver: PartyView
    control: str
    is_test: bool
    received_at: datetime | None
    outcome: str
    repeated: bool = False
    acknowledgement: str | None
    faults: list[FaultAt] = Field(default_factory=list)
    messages: list[MessageView] = Field(default_factory=list)


class ReceivedView(View):
    """A body may hold several interchanges; `faults` are those that belong to none."""

    interchanges: list[InterchangeView]
    faults: list[FaultAt] = Field(default_factory=list)


class InterchangeFilters(IdPaging):
    customer_id: Code | None = None
    partner: Code | None = None
