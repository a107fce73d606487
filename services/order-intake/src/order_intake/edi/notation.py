"""Reads the notation of the files in `directories/`; what it means stands at the top of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ELEMENT = re.compile(r"\[|\]!?(?:\^\d+)?|\(|\)x\d+|\)|[^\s\[\]()]+")
STRUCTURE = re.compile(r"([A-Z0-9]{2,3})(!?)(\*\d*)?(\()?|(\))")
ANY_NUMBER = 10**9


@dataclass(frozen=True, slots=True)
class ElementRule:
    """An element or component: kind (id, an, n, r, dt, tm, b), length, whether it must be there, how often, of what it is composed."""

    kind: str
    least: int
    most: int
    mandatory: bool = False
    repeats: int = 1
    parts: "tuple[ElementRule, ...]" = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule between elements: P, R, C, L or E, the numbers of the elements, and the first that asks for another (R: 0, always)."""

    letter: str
    places: tuple[int, ...]
    first: int


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """`elements` None: known, and not looked into."""

    tag: str
    name: str
    elements: tuple[ElementRule, ...] | None
    conditions: tuple[Condition, ...]
    needed: tuple[int, ...] = ()
    """The places of the mandatory elements."""


class Node:
    """A segment's place in a message, with the segments of the loop that it begins. `places`: where each tag stands among them;
    `needed`: which of them are mandatory."""

    __slots__ = ("children", "least", "most", "needed", "places", "tag")

    def __init__(self, tag: str, least: int, most: int) -> None:
        self.tag, self.least, self.most = tag, least, most
        self.children: list[Node] = []
        self.places: dict[str, list[int]] = {}
        self.needed: list[int] = []

    def add(self, child: "Node") -> None:
        self.places.setdefault(child.tag, []).append(len(self.children))
        if child.least:
            self.needed.append(len(self.children))
        self.children.append(child)

    def tags(self) -> Iterator[str]:
        for child in self.children:
            yield child.tag
            yield from child.tags()


def segments(text: str) -> dict[str, SegmentRule]:
    """Later lines win, so that one release can be written as what it changes in another."""
    parts = {name.strip(): body.strip() for name, body in (line.split("=", 1) for line in _lines(text) if line.startswith("@"))}
    lines = [line for line in _lines(text) if not line.startswith("@")]
    return {line.split()[0]: _segment(line, parts) for line in lines}


def messages(text: str, parts: Mapping[str, str]) -> dict[str, tuple[str, Node]]:
    """Type -> name and tree."""
    found: dict[str, tuple[str, list[str]]] = {}
    kind = ""
    for line in _lines(text):
        if line.startswith(" "):
            found[kind][1].append(line)
        elif not line.startswith("%"):
            kind, _, name = line.partition(" ")
            found[kind] = (name, [])
    return {kind: (name, _tree(_expanded(" ".join(lines), parts, "%"))) for kind, (name, lines) in found.items()}


def fragments(text: str) -> dict[str, str]:
    return {name.strip(): body.strip() for name, body in (line.split("=", 1) for line in _lines(text) if line.startswith("%"))}


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _expanded(text: str, parts: Mapping[str, str], sign: str) -> str:
    while sign in text:
        text = re.sub(rf"{sign}[a-z0-9-]+", lambda found: parts[found.group()], text)
    return text


def _segment(line: str, parts: Mapping[str, str]) -> SegmentRule:
    head, described, body = line.partition(":")
    tag, _, name = head.partition(" ")
    if not described:
        return SegmentRule(tag, name.strip(), None, ())
    elements, _, rules = body.partition(";")
    tokens = iter(ELEMENT.findall(_expanded(elements, parts, "@")))
    found = tuple(_elements(tokens))
    needed = tuple(n for n, element in enumerate(found, 1) if element.mandatory)
    return SegmentRule(tag, name.strip(), found, tuple(map(_condition, rules.split())), needed)


def _condition(text: str) -> Condition:
    places = tuple(map(int, text[1:].split(",")))
    return Condition(text[0], places, 0 if text[0] == "R" else min(places))


def _elements(tokens: Iterator[str]) -> list[ElementRule]:
    """Up to the closing bracket, which is the caller's to read; `(...)x4` is written out four times."""
    found: list[ElementRule] = []
    for word in tokens:
        if word == "[":
            parts, closing = _until(tokens, "]")
            found.append(ElementRule("composite", 0, 0, "!" in closing, int(closing.partition("^")[2] or 1), tuple(parts)))
        elif word == "(":
            parts, closing = _until(tokens, ")")
            found += parts * int(closing.partition("x")[2] or 1)
        else:
            found.append(_element(word))
    return found


def _until(tokens: Iterator[str], bracket: str) -> tuple[list[ElementRule], str]:
    inner: list[str] = []
    depth = 0
    for word in tokens:
        depth += (word in "[(") - (word[0] in "])")
        if depth < 0 and word[0] == bracket:
            return _elements(iter(inner)), word
        inner.append(word)
    return _elements(iter(inner)), bracket


def _element(word: str) -> ElementRule:
    body, _, repeats = word.partition("^")
    mandatory, body = body.endswith("!"), body.rstrip("!")
    kind = re.split(r"\d", body, maxsplit=1)[0]
    least, _, most = body[len(kind) :].partition("-")
    return ElementRule(kind, int(least or 1), int(most or least or ANY_NUMBER), mandatory, int(repeats or 1))


def _tree(text: str) -> Node:
    root = Node("", 1, 1)
    path = [root]
    for tag, mandatory, times, opens, closes in STRUCTURE.findall(text):
        if closes:
            path.pop()
            continue
        most = 1 if not times else int(times[1:] or ANY_NUMBER)
        node = Node(tag, 1 if mandatory else 0, most)
        path[-1].add(node)
        if opens:
            path.append(node)
    return root
