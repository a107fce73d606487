"""The tree that an interchange is: groups of messages of segments, each with the faults that were found on its own level."""

from dataclasses import dataclass
from functools import cached_property

from order_intake.edi.delimiters import Delimiters
from order_intake.edi.directory import DEFAULT_RELEASE, directory
from order_intake.edi.faults import Fault, Weight
from order_intake.edi.loops import Loop
from order_intake.edi.segment import Segment
from order_intake.edi.structure import Shape, flat, shape
from order_intake.edi.syntax import EDIFACT, X12, Syntax


@dataclass(frozen=True)
class Party:
    """Who sends or receives: an identifier and the qualifier that says whose identifier it is."""

    identifier: str
    qualifier: str = ""
    internal: str = ""


@dataclass(frozen=True)
class Message:
    """A transaction set or message: header, body and, where it came, trailer. Positions count the header as 1."""

    syntax: Syntax
    segments: tuple[Segment, ...]
    closed: bool
    release: str
    faults: tuple[Fault, ...] = ()

    @property
    def header(self) -> Segment:
        return self.segments[0]

    @property
    def body(self) -> tuple[Segment, ...]:
        return self.segments[1:-1] if self.closed else self.segments[1:]

    @cached_property
    def type(self) -> str:
        """850, ORDERS."""
        return self.header.value(1) if self.syntax is X12 else self.header.value(2)

    @property
    def reference(self) -> str:
        return self.header.text(self.syntax.message.reference)

    @property
    def association(self) -> str:
        """The partner group's own version: EAN008 in UNH, the implementation convention in ST03."""
        return self.header.value(3) if self.syntax is X12 else self.header.value(2, 5)

    def first(self, tag: str, qualifier: str = "") -> Segment | None:
        """The first segment of this tag (and with this first component), wherever it stands."""
        for each in self.segments:
            if each.tag == tag and (not qualifier or each.value(1) == qualifier):
                return each
        return None

    @property
    def tree(self) -> Loop:
        """The message as its directory nests it; without a directory all segments stand below the header."""
        return Loop(self.segments, self.shape.tree)

    @cached_property
    def shape(self) -> Shape:
        """How the directory nests the body, and what is wrong with the order of the segments."""
        known, tags = directory(self.type, self.release or DEFAULT_RELEASE), tuple([segment.tag for segment in self.body])
        return shape(known, tags) if known else flat(tags)

    def loops(self, tag: str) -> tuple[Loop, ...]:
        """Every loop that a segment of this tag begins, however deep."""
        return tuple(loop for outer in self.tree.inner for loop in outer.walk() if loop.tag == tag)

    def all(self, tag: str, qualifier: str = "") -> tuple[Segment, ...]:
        return tuple(each for each in self.segments if each.tag == tag and qualifier in ("", each.value(1)))


@dataclass(frozen=True)
class Group:
    """A functional group; `header` is None for the messages of an EDIFACT interchange without groups and for what lacks one."""

    syntax: Syntax
    header: Segment | None
    messages: tuple[Message, ...]
    trailer: Segment | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def code(self) -> str:
        return self.header.text(1) if self.header else ""

    @property
    def reference(self) -> str:
        return self.header.text(self.syntax.group.reference) if self.header else ""


@dataclass(frozen=True)
class Interchange:
    """One interchange with its own separators. `data` are its bytes as they came, from `offset` of the body; `charset` is what
    it declares and `codec` what reads it; `loose` are segments outside of messages, such as TA1."""

    syntax: Syntax
    delimiters: Delimiters | None
    charset: str
    data: bytes
    offset: int
    header: Segment | None = None
    groups: tuple[Group, ...] = ()
    trailer: Segment | None = None
    loose: tuple[Segment, ...] = ()
    faults: tuple[Fault, ...] = ()
    codec: str = "ascii"

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        return tuple(message for group in self.groups for message in group.messages)

    @property
    def reference(self) -> str:
        return self.header.text(self.syntax.interchange.reference).strip() if self.header else ""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Every segment as it stood, whatever the tree made of it."""
        brackets = [self.header, self.trailer, *(each for group in self.groups for each in (group.header, group.trailer))]
        found = [each for each in brackets if each is not None] + [each for message in self.messages for each in message.segments]
        return tuple(sorted({each.offset: each for each in [*found, *self.loose]}.values(), key=lambda each: each.offset))

    @property
    def sender(self) -> Party:
        return self._party(6, 5, 2)

    @property
    def receiver(self) -> Party:
        return self._party(8, 7, 3)

    @property
    def is_test(self) -> bool:
        return bool(self.header) and self._said(15, 11) in ("T", "1")

    @property
    def wants_acknowledgement(self) -> bool:
        """ISA14 or UNB 0031."""
        return self._said(14, 9) == "1"

    def _said(self, x12: int, edifact: int) -> str:
        return self.header.value(x12 if self.syntax is X12 else edifact) if self.header else ""

    def _party(self, identifier: int, qualifier: int, composite: int) -> Party:
        if self.header is None:
            return Party("")
        if self.syntax is X12:
            return Party(self.header.text(identifier).rstrip(), self.header.text(qualifier).strip())
        return Party(*(self.header.value(composite, n) for n in (1, 2, 3)))


@dataclass(frozen=True)
class Transmission:
    """All that one body holds, in order; `faults` are those that belong to no interchange."""

    data: bytes
    interchanges: tuple[Interchange, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def all_faults(self) -> tuple[Fault, ...]:
        """Of every level of the envelopes, in the order of the tree."""
        return self.faults + tuple(fault for interchange in self.interchanges for fault in envelope_faults(interchange))

    @property
    def accepted(self) -> bool:
        """Whether the envelopes are without fault, remarks aside."""
        return bool(self.interchanges) and all(fault.weight is Weight.REMARK for fault in self.all_faults)


def envelope_faults(interchange: Interchange) -> tuple[Fault, ...]:
    groups = [fault for group in interchange.groups for fault in group.faults + tuple(f for m in group.messages for f in m.faults)]
    return interchange.faults + tuple(groups)


__all__ = ["EDIFACT", "X12", "Group", "Interchange", "Message", "Party", "Transmission", "envelope_faults"]
