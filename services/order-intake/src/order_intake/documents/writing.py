"""From documents to the bytes of an interchange: names put in, characters fitted, envelope and numbers around, checked by ourselves."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from order_intake.edi import STRICT, X12, Cover, Draft, Outcome, Profile, Unwritable, judge, read, write
from order_intake.edi.charsets import CODECS, LEVELS
from order_intake.edi.writer import Element
from order_intake.partners import Partner

X12_ENVELOPE = ("ISA", "GS", "ST")
EDIFACT_ENVELOPE = ("UNB", "UNH")
OWN = Profile({rule: weight for rule, weight in STRICT.weights.items() if rule != "check-digit"})
"""As strict as can be with our own documents; a number with a wrong check digit goes back as the partner wrote it."""


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """The control numbers of one interchange: the envelope's, its group's in X12, and that of its first message."""

    control: int
    group: int
    first: int


def kinds_of(partner: Partner, documents: int) -> list[str]:
    """Which numbers an interchange of so many documents takes."""
    envelope = X12_ENVELOPE if partner.syntax is X12 else EDIFACT_ENVELOPE
    return [*envelope[:-1], *[envelope[-1]] * documents]


def numbered(taken: Mapping[str, int]) -> ControlNumbers:
    return ControlNumbers(taken.get("ISA") or taken["UNB"], taken.get("GS", 0), taken.get("ST") or taken["UNH"])


def referenced(drafts: Sequence[Draft], numbers: ControlNumbers) -> list[Draft]:
    """Each message with its own number, ST02 or UNH 0062."""
    return [replace(draft, reference=f"{number:04}") for number, draft in enumerate(drafts, numbers.first)]


def interchange(partner: Partner, drafts: Sequence[Draft], numbers: ControlNumbers, at: datetime) -> bytes:
    """Raises Unwritable."""
    name, fit = partner.syntax.name, fitting(partner)
    cover = Cover(
        partner.syntax,
        partner.ours[name][0],
        partner.theirs[name][0],
        str(numbers.control),
        at,
        group_control=numbers.group,
        application_sender=partner.hand.our_application,
        application_receiver=partner.hand.their_application,
        wants_acknowledgement=partner.syntax is not X12,
        release=drafts[0].release,
        charset=partner.hand.charset,
        delimiters=partner.hand.delimiters,
        line_end=partner.hand.line_end,
    )
    return write(cover, [replace(draft, segments=[*_fitted(draft, fit)]) for draft in drafts])


def faulty(data: bytes, profile: Profile = OWN) -> dict[str, str]:
    """The messages that we ourselves would refuse, by their references, with the rules that they break."""
    verdict = judge(read(data).interchanges[0], profile)
    if verdict.outcome is Outcome.REFUSED:
        raise Unwritable("The envelope breaks " + _rules(verdict.faults))
    refused = [each for each in verdict.messages if each.outcome is Outcome.REFUSED]
    return {each.message.reference: _rules(each.faults) for each in refused}


def _rules(faults: Sequence[Any]) -> str:
    return ", ".join(sorted({f"{fault.rule.name} {fault.detail}".strip() for fault in faults}))[:200]


def fitting(partner: Partner) -> Callable[[str], str]:
    """What becomes of a text so that the partner can read it: in X12 only ASCII is sure to be read, and separators that the partner
    wishes do not occur in data, where nothing can release them."""
    is_x12 = partner.syntax is X12
    charset = "UNOB" if is_x12 else partner.hand.charset
    level = None if is_x12 else LEVELS.get(charset)
    marks = partner.hand.delimiters.all() if is_x12 and partner.hand.delimiters else ""

    def fit(text: str) -> str:
        text = text.upper() if charset == "UNOA" else text
        text = text if text.isascii() else "".join(_spelled(each, CODECS[charset]) for each in text).strip()
        if level is not None:
            text = "".join(each for each in text if not each.isascii() or each.encode() in level)
        return "".join(" " if each in marks else each for each in text) if marks else text

    return fit


def _fitted(draft: Draft, fit: Callable[[str], str]) -> Iterator[list[Element]]:
    def value(element: Element) -> Element:
        if isinstance(element, list | tuple):
            return [fit(part) if isinstance(part, str) else part for part in element]
        return fit(element) if isinstance(element, str) else element

    for row in draft.segments:
        yield [row[0], *map(value, row[1:])]


def _spelled(character: str, codec: str) -> str:
    """As it is where the character set holds it, without its accents where that helps, else nothing."""
    for attempt in (character, "".join(each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))):
        try:
            attempt.encode(codec)
        except UnicodeEncodeError:
            continue
        return attempt
    return ""
