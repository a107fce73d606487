"""Whether the segments of a message stand where its tree has a place for them. One step forward for each segment."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from order_intake.edi.directory import Directory
from order_intake.edi.notation import Node

SHAPE_SEGMENTS, SHAPE_CHARACTERS = 200, 600
"""Longer messages, and odd names of segments, are not remembered."""


class Misplaced(NamedTuple):
    """What is wrong with the order: the rule, the tag that it is about, the place at which it was seen."""

    rule: str
    tag: str
    place: int


class Place(NamedTuple):
    """Where a loop stands: the segment that begins it, those in the loop itself, the loops inside. The header's place is 0."""

    tag: str
    head: int
    own: list[tuple[str, int]]
    inner: "list[Place]"


class Shape(NamedTuple):
    """How the segments of a message nest: for each how many loops are open around it; all of them below the header; what is wrong."""

    depths: Sequence[int]
    tree: Place
    wrong: Sequence[Misplaced]


def shape(known: Directory, tags: tuple[str, ...]) -> Shape:
    """Of the segments below the header. The messages of a partner have few shapes, so they are remembered."""
    if len(tags) <= SHAPE_SEGMENTS and len("".join(tags)) <= SHAPE_CHARACTERS:
        return _remembered(known, tags)
    return _walked(known, tags)


@lru_cache(512)
def _remembered(known: Directory, tags: tuple[str, ...]) -> Shape:
    return _walked(known, tags)


def _walked(known: Directory, tags: tuple[str, ...]) -> Shape:
    walk, depths, wrong, path = Walk(known), list[int](), list[Misplaced](), [Place("", 0, [], [])]
    for at, tag in enumerate(tags, 1):
        wrong += [Misplaced(rule, about, at) for rule, about in walk.step(tag)]
        depths.append(walk.depth)
        del path[walk.depth :]
        if walk.opened:
            path.append(Place(tag, at, [], []))
            path[-2].inner.append(path[-1])
        else:
            path[-1].own.append((tag, at))
    wrong += [Misplaced("segment-missing", tag, len(tags) + 1) for tag in walk.end()]
    return Shape(depths, path[0], wrong)


def flat(tags: Sequence[str]) -> Shape:
    """Without a directory all stand below the header."""
    return Shape([0] * len(tags), Place("", 0, [(tag, index) for index, tag in enumerate(tags, 1)], []), ())


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

    def step(self, tag: str) -> list[tuple[str, str]]:
        """Places the segment: as deep as it fits, where there is room before where there is none. Returns rules, and whom they concern."""
        found = self._place(tag, crowded=False) or self._place(tag, crowded=True)
        if found is None:
            self.depth, self.opened = len(self.path), False
            return [(self._unplaced(tag), tag)]
        depth, index = found
        level = self.path[depth]
        wrong = [("segment-missing", missing) for missing in self._missing(depth, index)]
        level.seen = level.seen + 1 if level.at == index else 1
        level.at = index
        child = level.node.children[index]
        if level.seen > child.most:
            wrong.append(("loop-repeated" if child.children else "segment-repeated", tag))
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

    def end(self) -> list[str]:
        """What is still missing when the trailer comes."""
        return [tag for level in reversed(self.path) for tag in level.missing(len(level.node.children))]

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
