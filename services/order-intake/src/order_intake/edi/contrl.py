"""The rows of a CONTRL: the interchange's fate, then only what of it was refused."""

from collections.abc import Iterator, Sequence

from order_intake.edi.faults import Fault, Level, Weight
from order_intake.edi.segment import Segment
from order_intake.edi.verdicts import MessageVerdict, Outcome, Verdict
from order_intake.edi.writer import Element

Row = tuple[Element, ...]
NAMED = 6


def rows(verdict: Verdict) -> Iterator[Row]:
    """UCI 4 refuses all; UCI 7 accepts, but for the messages and groups that follow with a 4."""
    header = verdict.interchange.header
    assert header is not None
    parties = (_party(header, 2), _party(header, 3))
    reference = verdict.interchange.reference[:14]
    if verdict.outcome is Outcome.REFUSED:
        yield "UCI", reference, *parties, "4", *_where(verdict.interchange.faults, verdict.interchange.syntax.interchange.header)
        return
    yield "UCI", reference, *parties, "7"
    for group in verdict.groups:
        head = group.group.header
        refused = [each for each in group.messages if each.outcome is Outcome.REFUSED]
        if head is None:
            yield from (row for each in refused for row in _message(each))
        elif group.outcome is Outcome.REFUSED and any(fault.weight is Weight.REFUSAL for fault in group.group.faults):
            yield "UCF", group.group.reference[:14], _party(head, 2), _party(head, 3), "4", *_where(group.group.faults, "UNG")
        elif refused:
            yield "UCF", group.group.reference[:14], _party(head, 2), _party(head, 3), "7"
            yield from (row for each in refused for row in _message(each))


def _message(verdict: MessageVerdict) -> Iterator[Row]:
    message = verdict.message
    serious = [fault for fault in verdict.faults if fault.weight is not Weight.REMARK]
    own = [fault for fault in serious if fault.rule.level is Level.MESSAGE]
    identifier = tuple(part[:NAMED] for part in message.header.components(2)[:7])
    yield "UCM", message.reference[:14] or "0", identifier, "4", *(_where(own, "UNH") if own else [])
    body = [fault for fault in serious if fault.rule.level in (Level.SEGMENT, Level.ELEMENT)]
    for position in sorted({fault.position for fault in body}):
        here = [fault for fault in body if fault.position == position]
        codes = [fault.rule.edifact for fault in here if fault.rule.level is Level.SEGMENT]
        yield "UCS", position, codes[0] if codes else None
        for fault in [each for each in here if each.rule.level is Level.ELEMENT][:99]:
            yield "UCD", fault.rule.edifact, (fault.element + 1, fault.component or None)


def _where(faults: Sequence[Fault], usual: str) -> list[Element]:
    """0085, 0013 and, where an element is meant, its place counted from the tag as 1."""
    worst = next((each for each in faults if each.weight is Weight.REFUSAL), None)
    if worst is None:
        return []
    found: list[Element] = [worst.rule.edifact, worst.tag[:3] or usual]
    return [*found, (worst.element + 1,)] if worst.element else found


def _party(header: Segment, element: int) -> tuple[str, ...]:
    identifier, qualifier, internal = (header.value(element, n) for n in (1, 2, 3))
    return (identifier[:35] or "UNKNOWN", qualifier[:4], internal[:14])
