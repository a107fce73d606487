"""The segments of a message as its directory nests them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from order_intake.edi.directory import Directory
from order_intake.edi.segment import Segment
from order_intake.edi.structure import shape


@dataclass(slots=True, eq=False)
class Loop:
    """A segment that begins a loop, what stands in the loop itself, and the loops inside of it."""

    head: Segment
    segments: list[Segment] = field(default_factory=list)
    inner: "list[Loop]" = field(default_factory=list)

    @property
    def tag(self) -> str:
        return self.head.tag

    def first(self, tag: str, qualifier: str = "") -> Segment | None:
        """The first segment of this tag (and with this first component) that belongs to the loop itself."""
        for each in (self.head, *self.segments):
            if each.tag == tag and (not qualifier or each.value(1) == qualifier):
                return each
        return None

    def all(self, tag: str, qualifier: str = "") -> list[Segment]:
        return [each for each in (self.head, *self.segments) if each.tag == tag and qualifier in ("", each.value(1))]

    def loops(self, tag: str) -> "list[Loop]":
        """The loops of this tag directly inside."""
        return [each for each in self.inner if each.tag == tag]

    def walk(self) -> "Iterator[Loop]":
        yield self
        for each in self.inner:
            yield from each.walk()


class Misplaced(NamedTuple):
    """What is wrong with the order: the rule, the tag that it is about, the position at which it was seen."""

    rule: str
    tag: str
    position: int
    segment: Segment


def nested(header: Segment, body: Sequence[Segment], known: Directory) -> tuple[Loop, list[Misplaced]]:
    """The whole message as one loop below its header, and all that is wrong with the order. What has no place stands where it was
    found. The header is position 1."""
    root = Loop(header)
    if not body:
        return root, []
    found = shape(known, tuple([segment.tag for segment in body]))
    path = [root]
    for segment, (depth, opened) in zip(body, found.steps, strict=True):
        del path[depth:]
        if opened:
            loop = Loop(segment)
            path[-1].inner.append(loop)
            path.append(loop)
        else:
            path[-1].segments.append(segment)
    return root, [Misplaced(rule, tag, place + 2, body[min(place, len(body) - 1)]) for rule, tag, place in found.wrong]
