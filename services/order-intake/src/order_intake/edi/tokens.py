"""From bytes to segments. The plain case is two splits; release characters and binary segments are looked at only where they occur."""

from collections.abc import Iterator
from typing import NamedTuple

from order_intake.edi.charsets import decoded
from order_intake.edi.delimiters import Delimiters
from order_intake.edi.scanning import WHITE
from order_intake.edi.segment import Segment, divided

BINARY = {b"BIN": 1, b"BDS": 2}


class Tokens(NamedTuple):
    """The segments, how many empty ones were passed over and where the first stood, whether the last one is terminated."""

    segments: list[Segment]
    empty: int = 0
    first_empty: int = -1
    terminated: bool = True


def tokens(block: bytes, offset: int, marks: Delimiters, codec: str) -> Tokens:
    """The segments of one interchange; `offset` is where the block begins in the body."""
    if block.isascii() and not _holds_binary(block, marks):
        return _plain(block.decode("latin-1"), offset, marks)
    return _careful(block, offset, marks, codec)


def _plain(block: str, offset: int, marks: Delimiters) -> Tokens:
    found: list[Segment] = []
    empty, first_empty, new, element, release = 0, -1, tuple.__new__, marks.element, marks.release
    blanks, tail = _decoration(marks)
    parts = divided(block, marks.segment, release)
    rest, released = parts.pop(), release is not None and release + element in block
    for part in [*parts, rest] if rest.strip(blanks) else parts:
        text, size = part, len(part)
        begins = offset
        if text and (text[0] <= " " or tail):
            text = text.lstrip(blanks)
            begins, text = offset + size - len(text), text.rstrip(tail)
        if text:
            texts = divided(text, element, release) if released else text.split(element)
            found.append(new(Segment, (texts[0], texts, begins, len(text), marks)))
        else:
            empty, first_empty = empty + 1, first_empty if empty else offset
        offset += size + 1
    return Tokens(found, empty, first_empty, not rest.strip(blanks))


def _careful(block: bytes, offset: int, marks: Delimiters, codec: str) -> Tokens:
    found: list[Segment] = []
    empty, first_empty = 0, -1
    blanks, tail = (each.encode() for each in _decoration(marks))
    *parts, rest = _parts(block, marks.segment.encode("latin-1"), marks)
    for part in [*parts, rest] if rest.strip(blanks) else parts:
        raw = part.lstrip(blanks)
        begins, raw = offset + len(part) - len(raw), raw.rstrip(tail)
        if raw:
            texts = _texts(raw, marks, codec)
            found.append(Segment(texts[0], texts, begins, len(raw), marks))
        else:
            empty, first_empty = empty + 1, first_empty if empty else offset
        offset += len(part) + 1
    return Tokens(found, empty, first_empty, not rest.strip(blanks))


def _decoration(marks: Delimiters) -> tuple[str, str]:
    """What may stand before a segment, and behind it when lines end segments."""
    return WHITE.decode().replace(marks.segment, ""), "\r" if marks.segment == "\n" else ""


def _holds_binary(block: bytes, marks: Delimiters) -> bool:
    return marks.release is None and any(tag + marks.element.encode("latin-1") in block for tag in BINARY)


def _texts(raw: bytes, marks: Delimiters, codec: str) -> list[str]:
    separator = marks.element.encode("latin-1")
    release = marks.release.encode("latin-1") if marks.release else None
    return [each.decode("ascii") if each.isascii() else decoded(each, codec) for each in divided(raw, separator, release)]


def _parts(block: bytes, ending: bytes, marks: Delimiters) -> list[bytes]:
    if _holds_binary(block, marks):
        return list(_with_binary(block, ending, marks.element.encode("latin-1")))
    return divided(block, ending, marks.release.encode("latin-1") if marks.release else None)


def _with_binary(block: bytes, ending: bytes, element: bytes) -> Iterator[bytes]:
    """BIN and BDS say how long their data is; where the terminator is not behind it, it is a segment like any other."""
    start = 0
    while True:
        at = _binary_end(block, start, ending, element)
        end = block.find(ending, start) if at is None else at
        if end < 0:
            break
        yield block[start:end]
        start = end + 1
    yield block[start:]


def _binary_end(block: bytes, start: int, ending: bytes, element: bytes) -> int | None:
    head = block[start : start + 64].lstrip(WHITE)
    place = BINARY.get(head[:3])
    fields = head.split(element, place + 1) if place else []
    if not place or len(fields) < place + 2 or not fields[place].isdigit() or len(fields[place]) > 15:
        return None
    begins = start + len(block[start : start + 64]) - len(head) + sum(len(each) + 1 for each in fields[: place + 1])
    end = begins + int(fields[place])
    return end if block[end : end + 1] == ending else None
