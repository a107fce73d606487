"""The directories: which segments a message may hold, and what each segment may hold. Read when first asked for, then kept."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from order_intake.edi import notation
from order_intake.edi.notation import Node, SegmentRule

DEFAULT_RELEASE = "004010"
LAYERS = {"004010": ("004010",), "005010": ("004010", "005010"), "D96A": ("D96A",), "D01B": ("D96A", "D01B"), "D3": ("D96A",)}


@dataclass(frozen=True, eq=False)
class Directory:
    """One message in one release: its tree, and the rules of every segment of the release."""

    type: str
    release: str
    name: str
    tree: Node
    segments: dict[str, SegmentRule]
    codes: dict[str, dict[int, frozenset[str]]]
    tags: frozenset[str]


@lru_cache(256)
def directory(type_: str, release: str) -> Directory | None:
    """The directory of `850` in `004010` or `ORDERS` in `D96A`; None where it is not ours."""
    if release not in LAYERS or (release == "D3" and type_ != "CONTRL"):
        return None
    found = _messages(release).get(type_)
    if found is None:
        return None
    name, tree = found
    return Directory(type_, release, name, tree, _segments(release), _codes(), frozenset(tree.tags()))


def releases() -> tuple[tuple[str, str], ...]:
    """Every (type, release) that can be checked."""
    return tuple((type_, release) for release in LAYERS for type_ in _messages(release) if directory(type_, release))


def segment_name(tag: str, release: str) -> str:
    """What a segment is called, in any release if need be."""
    known = _segments(release) if release in LAYERS else {}
    rule = known.get(tag) or _segments("005010").get(tag) or _segments("D01B").get(tag)
    return rule.name if rule else ""


@lru_cache(8)
def _segments(release: str) -> dict[str, SegmentRule]:
    return notation.segments("\n".join(_read(f"{_family(layer)}-segments-{layer}.txt") for layer in LAYERS[release]))


@lru_cache(8)
def _messages(release: str) -> dict[str, tuple[str, Node]]:
    found: dict[str, tuple[str, Node]] = {}
    fragments: dict[str, str] = {}
    for layer in LAYERS[release]:
        text = _read(f"{_family(layer)}-{'sets' if layer.isdigit() else 'messages'}-{layer}.txt")
        fragments |= notation.fragments(text)
        found |= notation.messages(text, fragments)
    return found


@lru_cache(1)
def _codes() -> dict[str, dict[int, frozenset[str]]]:
    """Segment -> element -> the codes we know."""
    found: dict[str, dict[int, frozenset[str]]] = {}
    for line in _read("codes.txt").splitlines():
        if line and not line.startswith("#"):
            place, *codes = line.split()
            found.setdefault(place[:-2], {})[int(place[-2:])] = frozenset(codes)
    return found


def _family(release: str) -> str:
    return "x12" if release.isdigit() else "edifact"


def _read(name: str) -> str:
    return files("order_intake.edi").joinpath("directories", name).read_text(encoding="utf-8")
