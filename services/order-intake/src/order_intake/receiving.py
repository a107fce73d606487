"""From a body to what it asks for: read, told whose it is, judged as that partner's profile has it, translated. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from order_intake.documents.incoming import storable
from order_intake.documents.ordering import Ordered, Translator
from order_intake.documents.reading import Reader
from order_intake.edi import (
    EDIFACT,
    EDIFACT_LINES,
    EDIFACT_USUAL,
    LIMITS,
    RULES,
    USUAL,
    X12,
    Delimiters,
    Fault,
    Interchange,
    Limits,
    Message,
    Outcome,
    Party,
    Transmission,
    Verdict,
    judge,
    read,
)
from order_intake.partners import Partner


class Sender(NamedTuple):
    syntax: str
    identifier: str
    qualifier: str


Known = Mapping[Sender, Partner]
"""Whose identifiers these are."""


@dataclass(frozen=True)
class Arrival:
    """An interchange as the partner's profile judges it; `asked` is what its messages ask for, by their place in it."""

    verdict: Verdict
    partner: Partner | None
    asked: Mapping[int, Ordered] = field(default_factory=dict)

    @property
    def interchange(self) -> Interchange:
        return self.verdict.interchange

    @property
    def is_refused(self) -> bool:
        return self.verdict.outcome is Outcome.REFUSED

    def refused(self, rule: str) -> "Arrival":
        """For what only the receiver knows; nothing in it is looked at any more."""
        faults = (_fault(self.interchange, rule), *self.interchange.faults)
        verdict = Verdict(replace(self.interchange, faults=faults), Outcome.REFUSED, self.verdict.groups)
        return Arrival(verdict, self.partner)


def senders(transmission: Transmission) -> set[Sender]:
    return {sender_of(each) for each in transmission.interchanges if each.sender.identifier}


def sender_of(interchange: Interchange) -> Sender:
    return Sender(interchange.syntax.name, interchange.sender.identifier, interchange.sender.qualifier)


def arrivals(transmission: Transmission, known: Known, zone: ZoneInfo) -> list[Arrival]:
    """`known` are the senders that this caller may speak for, and those of their identifiers with other qualifiers."""
    again: dict[tuple[Limits, Delimiters], dict[int, Interchange]] = {}
    return [_arrival(each, transmission, known, zone, again) for each in transmission.interchanges]


def _arrival(
    first: Interchange,
    transmission: Transmission,
    known: Known,
    zone: ZoneInfo,
    again: dict[tuple[Limits, Delimiters], dict[int, Interchange]],
) -> Arrival:
    partner = known.get(sender_of(first))
    profile = partner.profile if partner else USUAL
    how = profile.limits, _separators(first, partner)
    if how != (LIMITS, EDIFACT_USUAL) and how not in again:
        again[how] = {each.offset: each for each in read(transmission.data, *how).interchanges}
    interchange = again[how].get(first.offset, first) if how in again else first
    verdict = judge(interchange, profile, [_fault(interchange, rule) for rule in _strange(interchange, partner, known)])
    return Arrival(verdict, partner, dict(_asked(verdict, partner, zone)) if partner else {})


def _separators(interchange: Interchange, partner: Partner | None) -> Delimiters:
    named = interchange.syntax is not EDIFACT or interchange.data.startswith(b"UNA")
    return EDIFACT_LINES if partner and partner.lines_end_segments and not named and b"'" not in interchange.data else EDIFACT_USUAL


def _strange(interchange: Interchange, partner: Partner | None, known: Iterable[Sender]) -> Iterator[str]:
    syntax, receiver = interchange.syntax.name, interchange.receiver
    if not interchange.sender.identifier:
        return
    if partner is None:
        same = any(each[:2] == sender_of(interchange)[:2] for each in known)
        yield "sender-qualifier" if same else "sender-unknown"
        return
    ours = partner.ours.get(syntax, ())
    if Party(receiver.identifier, receiver.qualifier) not in ours:
        yield "receiver-qualifier" if receiver.identifier in {each.identifier for each in ours} else "receiver-unknown"
    if interchange.is_test and not partner.takes_tests:
        yield "test-refused"


ELEMENTS = {"sender": (6, 2), "receiver": (8, 3), "control": (13, 5), "test": (15, 11)}


def _fault(interchange: Interchange, rule: str) -> Fault:
    x12, edifact = ELEMENTS[rule.partition("-")[0]]
    header = interchange.header
    offset, tag = (header.offset, header.tag) if header else (interchange.offset, "")
    element = x12 if interchange.syntax is X12 else edifact
    return Fault(RULES[rule], offset, tag=tag, element=element, weight=RULES[rule].weight)


def _asked(verdict: Verdict, partner: Partner, zone: ZoneInfo) -> Iterator[tuple[int, Ordered]]:
    accepted, has_nul = {id(message) for message in verdict.accepted}, b"\0" in verdict.interchange.data
    reader, translator = Reader(), Translator(partner, zone)
    for place, message in enumerate(verdict.interchange.messages):
        document = reader.document_of(message) if id(message) in accepted else None
        if document:
            yield place, translator.ordered(storable(document) if has_nul else document)


def accepted_places(verdict: Verdict) -> Sequence[tuple[int, Message]]:
    """The messages that are handed on, each with its place in the interchange."""
    accepted = {id(message) for message in verdict.accepted}
    return [(place, each) for place, each in enumerate(verdict.interchange.messages) if id(each) in accepted]
