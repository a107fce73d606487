"""What a partner's 997, 999, CONTRL or TA1 says of what we sent."""

from collections.abc import Iterator
from dataclasses import dataclass

from order_intake.edi.faults import Level
from order_intake.edi.interchange import Interchange, Message
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import X12
from order_intake.edi.verdicts import Outcome

OUTCOMES = {
    "A": Outcome.ACCEPTED, "E": Outcome.NOTED, "P": Outcome.PARTLY, "R": Outcome.REFUSED, "M": Outcome.REFUSED, "W": Outcome.REFUSED,
    "X": Outcome.REFUSED, "7": Outcome.ACCEPTED, "8": Outcome.ACCEPTED, "4": Outcome.REFUSED,
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What `document` says of the interchange, group or message of ours with this `reference`. `type` is GS01 or the message's type;
    `group` the group's reference, where the answer names it. Outcome None: the code says nothing that we know. An interchange,
    group or message that no answer names shares the outcome of what holds it."""

    document: str
    level: Level
    reference: str
    outcome: Outcome | None
    type: str = ""
    group: str = ""
    codes: tuple[str, ...] = ()


def answers(interchange: Interchange) -> tuple[Answer, ...]:
    """Of every TA1 and every message that answers, in the order in which they stand; wrong ones say what can be read of them."""
    if interchange.syntax is X12:
        notes = [_ta1(segment) for segment in interchange.loose if segment.tag == "TA1"]
        sets = [message for message in interchange.messages if message.type in ("997", "999")]
        return (*notes, *(answer for message in sets for answer in _functional(message)))
    return tuple(answer for each in interchange.messages if each.type == "CONTRL" for answer in _contrl(each))


def _ta1(segment: Segment) -> Answer:
    code = segment.text(5)
    return Answer("TA1", Level.INTERCHANGE, segment.text(1), OUTCOMES.get(segment.text(4)), codes=() if code in ("", "000") else (code,))


def _functional(message: Message) -> Iterator[Answer]:
    opening = message.first("AK1")
    closing = message.first("AK9")
    code, group = (opening.text(1), opening.text(2)) if opening else ("", "")
    if closing is not None:
        codes = tuple(filter(None, (closing.text(n) for n in range(5, 10))))
        yield Answer(message.type, Level.GROUP, group, OUTCOMES.get(closing.text(1)), code, group, codes)
    about: Segment | None = None
    for segment in message.body:
        if segment.tag == "AK2":
            about = segment
        elif segment.tag in ("AK5", "IK5") and about is not None:
            codes = tuple(filter(None, (segment.text(n) for n in range(2, 7))))
            yield Answer(message.type, Level.MESSAGE, about.text(2), OUTCOMES.get(segment.text(1)), about.text(1), group, codes)
            about = None


def _contrl(message: Message) -> Iterator[Answer]:
    group = ""
    for segment in message.body:
        if segment.tag in ("UCI", "UCF"):
            level = Level.INTERCHANGE if segment.tag == "UCI" else Level.GROUP
            group = segment.text(1) if level is Level.GROUP else ""
            yield Answer("CONTRL", level, segment.text(1), OUTCOMES.get(segment.text(4)), "", group, tuple(filter(None, [segment.text(5)])))
        elif segment.tag == "UCM":
            codes = tuple(filter(None, [segment.text(4)]))
            yield Answer("CONTRL", Level.MESSAGE, segment.text(1), OUTCOMES.get(segment.text(3)), segment.value(2), group, codes)
