"""Where interchanges begin in a body. Every byte is looked at a fixed number of times."""

from collections.abc import Iterator
from typing import NamedTuple

from order_intake.edi.delimiters import EDIFACT_USUAL, ISA_LENGTH, Delimiters, Opening, of_fragment, of_isa, of_una
from order_intake.edi.syntax import EDIFACT, X12, Syntax

BOM = b"\xef\xbb\xbf"
WHITE = b" \t\r\n\x0b\x0c\x00\x1a"
HEADS = (b"ISA", b"UNA", b"UNB")
FRAGMENTS = {b"GS": X12, b"ST": X12, b"UNG": EDIFACT, b"UNH": EDIFACT}
HEAD = 4 * ISA_LENGTH


class Block(NamedTuple):
    """The bytes of one interchange, or of something else where `syntax` is None."""

    syntax: Syntax | None
    start: int
    end: int
    opening: Opening


def blocks(data: bytes, usual: Delimiters = EDIFACT_USUAL) -> Iterator[Block]:
    """The body cut where interchanges begin; white space and a byte-order mark before the first are passed over. `usual` are the
    separators of EDIFACT without UNA."""
    start = _blank(data, len(BOM) if data.startswith(BOM) else 0)
    heads = _heads(data, start)
    following = next(heads, None)
    while start < len(data):
        syntax, opening = _opened(data, start, usual)
        while following is not None and (following <= start or not _begins(data, start, following, opening.delimiters)):
            following = next(heads, None)
        end = len(data) if following is None else following
        yield Block(syntax, start, end, opening)
        start = end


def _opened(data: bytes, start: int, usual: Delimiters) -> tuple[Syntax | None, Opening]:
    head = data[start : start + HEAD]
    if _is_head(head, b"ISA"):
        return X12, of_isa(head)
    if head.startswith(b"UNA") and len(head) >= 9:
        return EDIFACT, of_una(head, _version(head))
    if _is_head(head, b"UNB"):
        return EDIFACT, Opening(usual, 0)
    for tag, syntax in FRAGMENTS.items():
        if _is_head(head, tag):
            return syntax, of_fragment(head) if syntax is X12 else Opening(usual, 0)
    return None, Opening(None, 0)


def _version(head: bytes) -> str:
    """The syntax version in UNB, which decides whether the repetition separator counts."""
    unb = head[9:].lstrip(WHITE).decode("latin-1")
    component, element = list(head[3:5].decode("latin-1"))
    fields = unb.split(element, 2)
    return fields[1].partition(component)[2][:1] if fields[0] == "UNB" and len(fields) > 1 else ""


def _heads(data: bytes, start: int) -> Iterator[int]:
    """Where the three letters of a header stand, in order."""
    found = {head: at for head in HEADS if (at := data.find(head, start)) >= 0}
    while found:
        head = min(found, key=found.__getitem__)
        at = found.pop(head)
        yield at
        if (following := data.find(head, at + 1)) >= 0:
            found[head] = following


def _begins(data: bytes, start: int, at: int, marks: Delimiters | None) -> bool:
    """Whether the letters at `at` begin a segment, and the segment an interchange."""
    if data[at : at + 3] != b"UNA" and not _is_head(data[at : at + 4], data[at : at + 3]):
        return False
    before = at
    while before > start and data[before - 1] in WHITE:
        before -= 1
    if data[at : at + 3] == b"UNB" and before <= start + 9 and data.startswith(b"UNA", start):
        return False
    gap = data[max(before - 1, 0) : at]
    ends = marks is None or b"\n" in gap or b"\r" in gap or marks.segment.encode("latin-1") in gap
    return ends and not (marks and marks.release and _released(data, before - 2, marks.release.encode("latin-1")))


def _released(data: bytes, last: int, release: bytes) -> bool:
    first = last
    while first >= 0 and data[first : first + 1] == release:
        first -= 1
    return (last - first) % 2 == 1


def _is_head(head: bytes, tag: bytes) -> bool:
    return head.startswith(tag) and len(head) > len(tag) and not head[len(tag) : len(tag) + 1].isalnum()


def _blank(data: bytes, start: int) -> int:
    return len(data) - len(data[start:].lstrip(WHITE))
