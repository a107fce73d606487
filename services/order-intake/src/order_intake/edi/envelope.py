"""Builds the tree of one interchange from its segments. Whatever the order of the brackets, every segment finds a place."""

from collections.abc import Sequence
from itertools import islice

from order_intake.edi.faults import Fault, fault
from order_intake.edi.interchange import Group, Message
from order_intake.edi.limits import Limits
from order_intake.edi.segment import Segment
from order_intake.edi.syntax import EDIFACT, FUNCTIONAL_GROUPS, ROLES, X12, Bracket, Role, Syntax, is_name

LOOSE_FAULTS = 100


class Envelope:
    """The brackets seen so far. `read` goes through the service segments and slices the messages out between them."""

    def __init__(self, syntax: Syntax, segments: Sequence[Segment], limits: Limits) -> None:
        self.syntax, self.limits = syntax, limits
        self._segments = segments
        self.header: Segment | None = None
        self.trailer: Segment | None = None
        self.groups: list[Group] = []
        self.loose: list[Segment] = []
        self.faults: list[Fault] = []
        self._group: Segment | None = None
        self._group_faults: list[Fault] = []
        self._messages: list[Message] = []
        self._opened: int | None = None
        self._seen: set[tuple[str, str]] = set()
        self._full = False
        self._odd = {tag for tag in {each.tag for each in segments} if len(tag) > 3 or not is_name(tag, syntax.name)}
        self._widest = max([each.size for each in segments], default=0)

    def read(self) -> None:
        roles, done = ROLES[self.syntax.name], 0
        for index in [index for index, segment in enumerate(self._segments) if segment.tag in roles]:
            segment, role = self._segments[index], roles[self._segments[index].tag]
            if self._opened is None and done < index:
                self._outside(done, index)
            self._take(role, segment, index)
            done = index + 1
        if self._opened is None:
            self._outside(done, len(self._segments))
        self._end(len(self._segments))

    def _take(self, role: Role, segment: Segment, index: int) -> None:
        if role is Role.OPENS_MESSAGE:
            self._close_message(index, None)
            self._opened = index
        elif role is Role.CLOSES_MESSAGE and self._opened is not None:
            self._close_message(index + 1, segment)
        elif role is Role.OPENS_GROUP:
            self._close_message(index, None)
            self._close_group(None)
            self._group = segment
            self._group_faults = missing(segment, self.syntax.group, "group-header-incomplete") + sparse(segment, self.syntax.group)
        elif role is Role.CLOSES_GROUP and (self._group is not None or (self._messages and self.syntax is X12)):
            self._close_message(index, None)
            self._close_group(segment)
        elif role is Role.OPENS_INTERCHANGE and self.header is None and index == 0:
            self.header = segment
            self.faults += missing(segment, self.syntax.interchange, "header-incomplete")
        elif role is Role.CLOSES_INTERCHANGE and self.trailer is None:
            self._end(index)
            self.trailer = segment
            self.faults += missing(segment, self.syntax.interchange, "trailer-incomplete", trailer=True)
        else:
            self._misplaced(segment)

    def _end(self, index: int) -> None:
        self._close_message(index, None)
        self._close_group(None)

    def _outside(self, start: int, end: int) -> None:
        for segment in self._segments[start:end]:
            self.loose.append(segment)
            if segment.tag not in self.syntax.loose:
                self._misplaced(segment)

    def _misplaced(self, segment: Segment) -> None:
        if len(self.faults) < LOOSE_FAULTS:
            self.faults.append(fault("out-of-order", segment.offset, f"{segment.tag[:20]!r}", tag=segment.tag))

    def _close_message(self, end: int, trailer: Segment | None) -> None:
        if self._opened is None:
            return
        start, self._opened = self._opened, None
        if len(self._messages) >= self.limits.messages:
            self._too_much("messages", self._segments[start])
            return
        segments = tuple(self._segments[start:end])
        header, bracket = segments[0], self.syntax.message
        faults = missing(header, bracket, "message-header-incomplete") + self._size(segments)
        if trailer is None:
            faults.append(fault("message-trailer-missing", header.offset, tag=bracket.trailer, position=len(segments)))
        else:
            faults += missing(trailer, bracket, "message-trailer-incomplete", trailer=True)
            faults += compared(header, trailer, bracket, len(segments), "message-")
        faults += self._tags(segments)
        faults += self._repeated("message", header.text(bracket.reference), header) + self._out_of_group(header)
        self._messages.append(Message(self.syntax, segments, trailer is not None, self._release(header), tuple(faults)))

    def _close_group(self, trailer: Segment | None) -> None:
        header, messages, faults = self._group, self._messages, self._group_faults
        self._group, self._messages, self._group_faults = None, [], []
        if header is None and trailer is None and not messages:
            return
        if len(self.groups) >= self.limits.groups:
            self._too_much("groups", header or messages[0].header)
            return
        bracket = self.syntax.group
        if header is None:
            faults += self._headless(messages)
        elif trailer is None:
            faults.append(fault("group-trailer-missing", header.offset, tag=bracket.trailer))
        if header is not None and trailer is not None:
            faults += missing(trailer, bracket, "group-trailer-incomplete", trailer=True)
            faults += compared(header, trailer, bracket, len(messages), "group-")
        if header is not None:
            faults += self._group_reference(header)
        self._forget_messages()
        self.groups.append(Group(self.syntax, header, tuple(messages), trailer, tuple(faults)))

    def _forget_messages(self) -> None:
        """ST02 is unique in its group, UNH 0062 in the interchange."""
        if self.syntax is X12:
            self._seen = {each for each in self._seen if each[0] == "group"}

    def _headless(self, messages: Sequence[Message]) -> list[Fault]:
        if self.syntax is EDIFACT or not messages:
            return []
        first = messages[0].header
        return [fault("group-header-missing", first.offset, tag=first.tag), fault("out-of-order", first.offset, first.tag, tag=first.tag)]

    def _group_reference(self, header: Segment) -> list[Fault]:
        reference = header.text(self.syntax.group.reference)
        bad = self.syntax is X12 and reference != "" and not (reference.isdigit() and len(reference) <= 9)
        found = [fault("group-reference-bad", header.offset, tag="GS", element=6, value=reference)] if bad else []
        return found + self._repeated("group", reference, header)

    def _repeated(self, what: str, reference: str, header: Segment) -> list[Fault]:
        key = (what, reference)
        if not reference or key not in self._seen:
            self._seen.add(key)
            return []
        element = (self.syntax.message if what == "message" else self.syntax.group).reference
        return [fault(f"{what}-reference-repeated", header.offset, reference, tag=header.tag, position=1, element=element)]

    def _out_of_group(self, header: Segment) -> list[Fault]:
        if self.syntax is EDIFACT or self._group is None:
            return []
        expected, code = FUNCTIONAL_GROUPS.get(header.text(1)), self._group.text(1)
        if expected is None or expected == code:
            return []
        detail = f"set {header.text(1)} in a group {code!r}, not {expected}"
        return [fault("message-not-of-group", header.offset, detail, tag="ST", position=1, element=1, value=code)]

    def _size(self, segments: Sequence[Segment]) -> list[Fault]:
        limits, first = self.limits, segments[0].offset
        if len(segments) > limits.segments_per_message:
            return [fault("message-too-much", first, f"{len(segments)} segments")]
        if self._widest <= limits.elements:
            return []
        wide = (each for each in segments if each.size > limits.elements and _too_wide(each, limits))
        return [fault("message-too-much", each.offset, f"the segment {each.tag[:3]}", tag=each.tag[:3]) for each in islice(wide, 10)]

    def _tags(self, segments: Sequence[Segment]) -> list[Fault]:
        """Names that no directory can hold, so that they are a fault in every message."""
        if not self._odd:
            return []
        found = ((position, each) for position, each in enumerate(segments, 1) if each.tag in self._odd)
        return [fault("segment-tag", each.offset, repr(each.tag[:20]), tag=each.tag[:20], position=n) for n, each in islice(found, 100)]

    def _release(self, header: Segment) -> str:
        if self.syntax is EDIFACT:
            return header.value(2, 2) + header.value(2, 3)
        return ((self._group.text(8) if self._group else "") or header.text(3))[:6]

    def _too_much(self, what: str, segment: Segment) -> None:
        if not self._full:
            self._full = True
            self.faults.append(fault("too-much", segment.offset, what))


def _too_wide(segment: Segment, limits: Limits) -> bool:
    return len(segment.texts) - 1 > limits.elements or (
        segment.size > limits.element_bytes and max(map(len, segment.texts)) > limits.element_bytes
    )


def missing(segment: Segment, bracket: Bracket, name: str, *, trailer: bool = False) -> list[Fault]:
    needed, texts = (1, 2) if trailer else bracket.needed, segment.texts
    empty = [n for n in needed if n >= len(texts) or not texts[n]]
    return [fault(name, segment.offset, f"{segment.tag} element {n}", tag=segment.tag, element=n) for n in empty]


def sparse(segment: Segment, bracket: Bracket) -> list[Fault]:
    empty = [n for n in bracket.expected if n >= len(segment.texts) or not segment.texts[n]]
    return [fault("group-header-sparse", segment.offset, f"{segment.tag} element {n}", tag=segment.tag, element=n) for n in empty]


def compared(header: Segment, trailer: Segment, bracket: Bracket, counted: int, level: str = "") -> list[Fault]:
    """Whether the trailer repeats the header's reference and counts right."""
    count, said, reference = trailer.text(1), trailer.text(2), header.text(bracket.reference)
    found = []
    if said != reference and said.strip() != reference.strip():
        zeros = header.tag in ("ISA", "GS", "ST") and said.isdigit() and said.lstrip("0") == reference.strip().lstrip("0")
        name = f"{level}leading-zeros" if zeros else f"{level}reference-differs"
        found.append(fault(name, trailer.offset, f"{reference[:40]!r}, {said[:40]!r}", tag=trailer.tag, element=2, value=said))
    if count.strip().lstrip("0") != str(counted or ""):
        detail = f"says {count[:20]!r}, there are {counted}"
        found.append(fault(f"{level}count-differs", trailer.offset, detail, tag=trailer.tag, element=1, value=count))
    return found
