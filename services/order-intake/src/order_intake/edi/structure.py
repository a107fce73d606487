"""Whether the segments of a message stand where its tree has a place for them. One step forward for each segment."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from order_intake.edi.directory import Directory
from order_intake.edi.notation import Node
from order_intake.edi.segment import Segment


class Misplaced(NamedTuple):
    """What is wrong with the order: the rule, the tag that it is about, the position at which it was seen."""

    rule: str
    tag: str
    position: int
    segment: Segment


class _Level:
    """How far a loop has come: the child that was seen last, and how often."""

    __slots__ = ("at", "node", "seen")

    def __init__(self, node: Node) -> None:
        self.node, self.at, self.seen = node, 0, 0

    def missing(self, until: int) -> list[str]:
        """Mandatory children from here that `until` passes over."""
        children = self.node.children
        passed = (index for index in self.node.needed if self.at <= index < until)
        return [children[index].tag for index in passed if not (index == self.at and self.seen)]


class Walk:
    """Goes through a message. `path` is where it stands: the loops that are open, outermost first. After a step `depth` is how
    many of them were open around the segment, `opened` whether it began one itself."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.path = [_Level(directory.tree)]
        self.depth, self.opened = 1, False

    def step(self, segment: Segment, position: int) -> Sequence[Misplaced]:
        """Places the segment: as deep as it fits, where there is room before where there is none."""
        found = self._place(segment.tag, crowded=False) or self._place(segment.tag, crowded=True)
        if found is None:
            self.depth, self.opened = len(self.path), False
            return [Misplaced(self._unplaced(segment.tag), segment.tag, position, segment)]
        depth, index = found
        level = self.path[depth]
        wrong = [Misplaced("segment-missing", tag, position, segment) for tag in self._missing(depth, index)]
        level.seen = level.seen + 1 if level.at == index else 1
        level.at = index
        child = level.node.children[index]
        if level.seen > child.most:
            wrong.append(Misplaced("loop-repeated" if child.children else "segment-repeated", segment.tag, position, segment))
        del self.path[depth + 1 :]
        self.depth, self.opened = depth + 1, bool(child.children)
        if child.children:
            self.path.append(_Level(child))
        return wrong

    def _missing(self, depth: int, index: int) -> list[str]:
        """Mandatory segments that are passed over on the way there: in the loops that end, and in the one that goes on."""
        level = self.path[depth]
        ended = [tag for each in self.path[:depth:-1] if each.node.needed for tag in each.missing(len(each.node.children))]
        return ended + level.missing(index) if level.node.needed else ended

    def end(self, position: int, segment: Segment) -> Iterator[Misplaced]:
        """What is still missing when the trailer comes."""
        for level in reversed(self.path):
            for tag in level.missing(len(level.node.children)):
                yield Misplaced("segment-missing", tag, position, segment)

    def _place(self, tag: str, *, crowded: bool) -> tuple[int, int] | None:
        for depth in range(len(self.path) - 1, -1, -1):
            level = self.path[depth]
            for index in level.node.places.get(tag, ()):
                room = index > level.at or (index == level.at and level.seen < level.node.children[index].most)
                if room or (crowded and index == level.at):
                    return depth, index
        return None

    def _unplaced(self, tag: str) -> str:
        if tag not in self.directory.segments:
            return "segment-unknown"
        return "segment-out-of-sequence" if tag in self.directory.tags else "segment-not-in-message"
