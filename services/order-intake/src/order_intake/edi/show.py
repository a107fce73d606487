"""An interchange for people: segments with their names, faults where they are. Nothing foreign is printed as it came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from order_intake.edi.directory import DEFAULT_RELEASE, directory, segment_name
from order_intake.edi.faults import Fault, Weight
from order_intake.edi.interchange import Transmission
from order_intake.edi.segment import Segment
from order_intake.edi.verdicts import MessageVerdict, Outcome, Verdict, judge

COLOURS = {"tag": "36", "name": "2", Weight.REMARK: "2", Weight.NOTED: "33", Weight.REFUSAL: "31"}
OUTCOMES = {Outcome.ACCEPTED: "32", Outcome.NOTED: "33", Outcome.PARTLY: "33", Outcome.REFUSED: "31"}
SIGNS = {Weight.REMARK: "·", Weight.NOTED: "!", Weight.REFUSAL: "✗"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours, or none."""

    coloured: bool = False

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured else text


def printable(text: str) -> str:
    """Foreign text with everything that could move a cursor or hide written as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def lines(transmission: Transmission, ink: Ink | None = None) -> Iterator[str]:
    ink = ink or Ink()
    yield from (_fault(fault, ink, 0) for fault in transmission.faults)
    for interchange in transmission.interchanges:
        yield from _interchange(judge(interchange), ink)


def _interchange(verdict: Verdict, ink: Ink) -> Iterator[str]:
    read = verdict.interchange
    who = f"{read.sender.identifier or '?'} -> {read.receiver.identifier or '?'}{' (test)' if read.is_test else ''}"
    yield f"{read.syntax.name} interchange {printable(read.reference) or '?'}: {printable(who)}: {_outcome(verdict.outcome, ink)}"
    yield from (_fault(fault, ink, 2) for fault in read.faults)
    for group in verdict.groups:
        if group.group.header is not None:
            title = f"{group.group.code} {group.group.reference}"
            yield f"  group {printable(title)}: {_outcome(group.outcome, ink)}"
        yield from (_fault(fault, ink, 4) for fault in group.group.faults)
        for message in group.messages:
            yield from _message(message, ink)


def _message(verdict: MessageVerdict, ink: Ink) -> Iterator[str]:
    message = verdict.message
    known = directory(message.type, message.release or DEFAULT_RELEASE)
    title = f"{message.type} {message.reference} ({' '.join(filter(None, (message.release, known.name if known else '')))})"
    yield f"    {printable(title)}: {_outcome(verdict.outcome, ink)}"
    depths, last = (0, *message.shape.depths, 0), len(message.segments)
    for position, (segment, depth) in enumerate(zip(message.segments, depths, strict=False), 1):
        yield _segment(segment, position, depth, message.release, ink)
        yield from (_fault(fault, ink, 10 + 2 * depth) for fault in verdict.faults if fault.position == position)
    yield from (_fault(fault, ink, 10) for fault in verdict.faults if not 1 <= fault.position <= last)


def _segment(segment: Segment, position: int, depth: int, release: str, ink: Ink) -> str:
    name = segment_name(segment.tag, release)
    values = " | ".join(_values(segment))
    tag = ink(printable(segment.tag[:20]), COLOURS["tag"])
    return f"{position:>8}  {'  ' * depth}{tag} {ink(f'({name})', COLOURS['name']) + ' ' if name else ''}{values}"


def _values(segment: Segment) -> Sequence[str]:
    elements = [segment.repetitions(n) for n in range(1, len(segment.texts))]
    return [printable(" ^ ".join(" : ".join(parts) for parts in each)) for each in elements]


def _fault(fault: Fault, ink: Ink, indent: int) -> str:
    codes = f"[{fault.rule.x12}/{fault.rule.edifact}]"
    value = f" ({printable(fault.value[:60])})" if fault.value else ""
    text = f"{SIGNS[fault.weight]} {fault.rule.name} {codes} at byte {fault.offset}: {printable(fault.text)}{value}"
    return " " * indent + ink(text, COLOURS[fault.weight])


def _outcome(outcome: Outcome, ink: Ink) -> str:
    return ink(outcome.value, OUTCOMES[outcome])
