"""From a partner's change of an order to how the order shall be, or to the reasons why not. All of a document is followed, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from order_intake.documents.facts import PartnerLine, PartnerOrder, Place
from order_intake.documents.incoming import Consignee, IncomingDocument
from order_intake.documents.line_changes import Lines, NotPossible, Wanted
from order_intake.documents.order_responses import AnswerLine, LineReason
from order_intake.documents.ordering import Ordered, Refusal, address_of, window_of
from order_intake.partners import Partner
from order_intake.schemas import Address

NO_LINE_LEFT = "no line would be left: cancel the order"
NOTHING_SAID = "it changes nothing that we keep"
CONFIRMATIONS = frozenset({"06", "07"})
SHIP_TO_ROLES = ("ST", "DP")
Window = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as it stands: in its partner's words, and in ours by line number; `last_line` is the highest number ever given."""

    facts: PartnerOrder
    lines: Mapping[int, Wanted]
    last_line: int
    window: Window = (None, None)


@dataclass(frozen=True, slots=True)
class Change:
    """What an order shall be; None: as it is. `facts` are the partner's words for it then, `answer` and `answered` what is said of it by
    the lines of the document, and `positions` which of these speaks of which line of ours."""

    facts: PartnerOrder
    answer: PartnerOrder
    answered: tuple[AnswerLine, ...] = ()
    lines: Mapping[int, Wanted] | None = None
    window: Window | None = None
    ship_to: Address | None = None
    positions: Mapping[int, int] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.lines is None and self.window is None and self.ship_to is None


def change_of(ordered: Ordered, partner: Partner, standing: Standing, zone: ZoneInfo) -> Change:
    document = ordered.document
    words = {line.line_no: line for line in standing.facts.lines}
    lines = Lines(partner, words, standing.lines, max(standing.last_line, *words, 0))
    refusals, said = _followed(ordered, lines)
    ship_to = _ship_to(document.consignee, partner, standing.facts)
    if isinstance(ship_to, Refusal):
        refusals.insert(0, ship_to)
    window = _window(document, standing.window, zone)
    if not refusals and (refusal := _empty(document, lines, says_more=bool(window or ship_to))):
        refusals.append(refusal)
    if refusals or isinstance(ship_to, Refusal):
        return Change(standing.facts, ordered.facts, refused_lines(ordered, refusals), refusals=tuple(refusals))
    return Change(
        _facts(document, standing.facts, lines),
        replace(ordered.facts, lines=tuple(words for words, _ in said)),
        tuple(answered for _, answered in said),
        lines.wanted if dict(standing.lines) != lines.wanted else None,
        window if window != standing.window else None,
        ship_to,
        lines.changed,
    )


def refused_lines(ordered: Ordered, refusals: list[Refusal]) -> tuple[AnswerLine, ...]:
    """Nothing of it is done; a line that is not the reason is not done either."""
    reasons = {refusal.line_no: refusal.reason for refusal in refusals if refusal.line_no}
    wishes = [(line_no, line.wish) for line_no, line in enumerate(ordered.document.lines, 1)]
    return tuple(AnswerLine(no, ordered.quantities.get(no, 0), 0, reasons.get(no), wish) for no, wish in wishes)


def _followed(ordered: Ordered, lines: Lines) -> tuple[list[Refusal], list[tuple[PartnerLine, AnswerLine]]]:
    document = ordered.document
    if document.purpose in CONFIRMATIONS:
        return [Refusal(0, LineReason.OTHER, "we asked for no change")], []
    if document.is_whole and document.lines:
        return _replaced(ordered, lines)
    refusals: list[Refusal] = []
    said: list[tuple[PartnerLine, AnswerLine]] = []
    for position, line in enumerate(document.lines, 1):
        try:
            said.append(lines.follow(position, line))
        except NotPossible as why:
            refusals.append(Refusal(position, why.reason, f"line {line.number or position}: {why.text}"))
    return refusals, said


def _replaced(ordered: Ordered, lines: Lines) -> tuple[list[Refusal], list[tuple[PartnerLine, AnswerLine]]]:
    """By the lines of the document, as they would be placed."""
    if ordered.refusals:
        return list(ordered.refusals), []
    lines.take_over(ordered.document.lines)
    quantities = ordered.quantities
    return [], [(words, AnswerLine(words.line_no, quantities[words.line_no], quantities[words.line_no])) for words in ordered.facts.lines]


def _empty(document: IncomingDocument, lines: Lines, *, says_more: bool) -> Refusal | None:
    if not lines.wanted:
        return Refusal(0, LineReason.OTHER, NO_LINE_LEFT)
    return None if document.lines or says_more else Refusal(0, LineReason.OTHER, NOTHING_SAID)


def _window(document: IncomingDocument, standing: Window, zone: ZoneInfo) -> Window | None:
    """An end that is not said stays, unless the other has passed it."""
    earliest, latest = window_of(document, zone).values()
    if not (earliest or latest):
        return None
    if document.earliest_on and document.latest_on:
        return earliest, latest
    both = (earliest or standing[0], latest or standing[1])
    return both if not (both[0] and both[1] and both[0] > both[1]) else (earliest, latest)


def _ship_to(consignee: Consignee | None, partner: Partner, facts: PartnerOrder) -> Address | Refusal | None:
    """A code that the order has already moves nothing."""
    known = facts.place(*SHIP_TO_ROLES)
    if consignee is None or (consignee.code and known and known.code == consignee.code and not consignee.has_address):
        return None
    found = address_of(consignee, partner)
    if isinstance(found, str):
        return Refusal(0, LineReason.OTHER, found)
    try:
        return found if isinstance(found, Address) else Address.model_validate(found)
    except ValidationError as wrong:
        place = " ".join(str(part) for part in wrong.errors(include_url=False, include_input=False)[0]["loc"][:1])
        return Refusal(0, LineReason.OTHER, f"ship_to {place} is missing or not possible".replace("  ", " "))


def _facts(document: IncomingDocument, facts: PartnerOrder, lines: Lines) -> PartnerOrder:
    """A replacement brings its own references and places; a change only another ship-to."""
    words = tuple(lines.words[line_no] for line_no in sorted(lines.words))
    if document.is_whole:
        return replace(
            facts, lines=words, dated_on=document.dated_on or facts.dated_on, purchase_order=document.purchase_order,
            link=document.link, master_reference=document.master_reference, places=document.places, references=document.references,
        )  # fmt: skip
    return replace(facts, lines=words, places=_moved(document.consignee, facts.places, document.places))


def _moved(consignee: Consignee | None, places: tuple[Place, ...], said: tuple[Place, ...]) -> tuple[Place, ...]:
    if consignee is None:
        return places
    ship_to = tuple(place for place in said if place.role in SHIP_TO_ROLES)
    return (*(place for place in places if place.role not in SHIP_TO_ROLES), *ship_to)
