"""The segments of a message as its directory nests them."""

from collections.abc import Iterator, Sequence

from order_intake.edi.segment import Segment
from order_intake.edi.structure import Place

Content = tuple[tuple[str, ...], ...]


class Loop:
    """A segment that begins a loop, what stands in the loop itself, and the loops inside of it."""

    __slots__ = ("_all", "_place", "head")

    def __init__(self, segments: Sequence[Segment], place: Place) -> None:
        self._all, self._place, self.head = segments, place, segments[place.head]

    @property
    def tag(self) -> str:
        return self.head.tag

    @property
    def segments(self) -> list[Segment]:
        return [self._all[at] for _, at in self._place.own]

    @property
    def inner(self) -> "list[Loop]":
        return [Loop(self._all, place) for place in self._place.inner]

    @property
    def content(self) -> Content:
        """What all its segments say, those of the loops inside as well."""
        own = [tuple(self._all[at].texts) for _, at in self._place.own]
        inner = [texts for each in self.inner for texts in each.content] if self._place.inner else ()
        return (tuple(self.head.texts), *own, *inner)

    def first(self, tag: str, qualifier: str = "") -> Segment | None:
        """The first segment of this tag (and with this first component) that belongs to the loop itself."""
        if self.head.tag == tag and qualifier in ("", self.head.value(1)):
            return self.head
        for each, at in self._place.own:
            if each == tag and (not qualifier or self._all[at].value(1) == qualifier):
                return self._all[at]
        return None

    def all(self, tag: str, qualifier: str = "") -> list[Segment]:
        found = [self._all[at] for each, at in self._place.own if each == tag]
        found = [self.head, *found] if self.head.tag == tag else found
        return [each for each in found if each.value(1) == qualifier] if qualifier else found

    def loops(self, tag: str) -> "list[Loop]":
        """The loops of this tag directly inside."""
        return [Loop(self._all, place) for place in self._place.inner if place.tag == tag]

    def walk(self) -> "Iterator[Loop]":
        yield self
        for each in self.inner:
            yield from each.walk()
