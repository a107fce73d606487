"""What became of an interchange, while it is worked on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from shared.database import Row
from shared.sealing import SubjectKey

from order_intake.documents.facts import PartnerOrder
from order_intake.documents.order_responses import AnswerKind, OrderAnswer
from order_intake.documents.ordering import Refusal
from order_intake.interchange_schemas import Effect, InterchangeView, MessageView
from order_intake.receiving import Arrival


class Deed(NamedTuple):
    """What was done about a message. `key` is that of a new order, `key_id` of one that was there; `kind` is what the partner is
    answered, None: nothing now; `answer` is how, where the document alone does not tell. `facts`: the words of a new order, where a later
    message of the body has changed them."""

    effect: Effect
    order_id: UUID | None = None
    refusals: tuple[Refusal, ...] = ()
    kind: AnswerKind | None = None
    key: SubjectKey | None = None
    key_id: str | None = None
    is_erased: bool = False
    promised_on: str = ""
    answer: OrderAnswer | None = None
    facts: PartnerOrder | None = None

    @classmethod
    def refused(cls, refusals: Iterable[Refusal], kind: AnswerKind = AnswerKind.REFUSED) -> "Deed":
        return cls(Effect.REFUSED, None, tuple(refusals), kind)


@dataclass(slots=True)
class Taken:
    """One interchange of a body. `interchange_id` None: nothing of it is kept; `row`: it was here before; `same_as`: an earlier one of
    this body has the same bytes; `deeds` by message; `messages` and `view`: what is told of them and of it, once that is known."""

    arrival: Arrival
    interchange_id: UUID | None
    deeds: Mapping[int, Deed]
    acknowledgement: bytes | None = None
    messages: Sequence[MessageView] | None = None
    view: InterchangeView | None = None
    row: Row | None = None
    same_as: int | None = None

    @property
    def is_new(self) -> bool:
        return self.row is None and self.same_as is None

    @property
    def is_stored(self) -> bool:
        return self.is_new and self.interchange_id is not None

    @property
    def is_done(self) -> bool:
        """Its messages are worked on."""
        return self.is_stored and not self.arrival.is_refused
