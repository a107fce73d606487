"""From values to segments: trailing empties cut, separators released or refused, one character set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from order_intake.edi.charsets import CODECS, LEVELS
from order_intake.edi.delimiters import X12_USUAL, Delimiters
from order_intake.edi.interchange import Interchange
from order_intake.edi.segment import Segment

Value = str | int | Decimal | None
Element = Value | Sequence[Value]
PLAIN = (str, int, Decimal)


class Unwritable(ValueError):
    """A value that these separators or this character set cannot carry."""


class Repeated(tuple[Element, ...]):
    """An element that stands several times: `Repeated(("A", "B"))`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes segments. Where X12 has no release character, `instead` replaces what would divide; None refuses it."""

    delimiters: Delimiters = X12_USUAL
    charset: str = ""
    line_end: str = ""
    instead: str | None = None

    def segment(self, tag: str, *elements: Element | Repeated) -> bytes:
        """One segment with its terminator: `segment("QTY", ("21", 12))`."""
        texts = [tag, *map(self._element, elements)]
        while len(texts) > 1 and not texts[-1]:
            texts.pop()
        return self._encoded(self.delimiters.element.join(texts) + self.delimiters.segment + self.line_end)

    def segments(self, rows: Iterable[Sequence[Element]]) -> bytes:
        return b"".join(self.segment(str(tag), *elements) for tag, *elements in rows)

    def _element(self, element: Element | Repeated) -> str:
        if element is None or isinstance(element, PLAIN):
            return self._text(element)
        if isinstance(element, Repeated):
            if self.delimiters.repetition is None:
                raise Unwritable("There is no repetition separator.")
            return self.delimiters.repetition.join(map(self._element, element))
        parts = [self._text(part) for part in element]
        while parts and not parts[-1]:
            parts.pop()
        if len(parts) > 1 and self.delimiters.component is None:
            raise Unwritable("There is no component separator.")
        return (self.delimiters.component or "").join(parts)

    def _text(self, value: Value) -> str:
        if value is None:
            return ""
        text = format(value, "f").replace(".", self.delimiters.decimal) if isinstance(value, Decimal) else str(value)
        if text.isalnum() and text.isascii():
            return text
        held, release = _held(self.delimiters), self.delimiters.release
        if held.isdisjoint(text):
            return text
        if release is not None:
            return "".join(release + each if each in held else each for each in text)
        if self.instead is None:
            raise Unwritable("A text holds a separator, and there is no release character.")
        return "".join(self.instead if each in held else each for each in text)

    def _encoded(self, text: str) -> bytes:
        try:
            raw = text.encode("latin-1" if text.isascii() else CODECS.get(self.charset, "utf-8"))
        except UnicodeEncodeError as error:
            raise Unwritable(f"The character U+{ord(text[error.start]):04X} is not in the character set {self.charset}.") from None
        allowed = LEVELS.get(self.charset)
        if allowed and (strange := raw.translate(None, allowed + b"\r\n" + self.delimiters.all().encode("latin-1"))):
            raise Unwritable(f"The byte {strange[0]:02X} is not in the character set {self.charset}.")
        return raw


@lru_cache(64)
def _held(delimiters: Delimiters) -> frozenset[str]:
    return frozenset(delimiters.all())


def rewritten(interchange: Interchange) -> bytes:
    """The interchange written anew from its segments, with its own separators, line ends and character set."""
    marks = interchange.delimiters
    if marks is None:
        return interchange.data
    written, at, start = [], 0, interchange.offset
    for segment in interchange.segments:
        begins = segment.offset - start
        written += [interchange.data[at:begins], _again(segment, marks, interchange.codec)]
        at = begins + segment.size
    return b"".join([*written, interchange.data[at:]])


def _again(segment: Segment, marks: Delimiters, codec: str) -> bytes:
    texts = [_element(segment, n, marks) for n in range(len(segment.texts))]
    text = marks.element.join(texts)
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return text.encode("latin-1", "replace")


def _element(segment: Segment, n: int, marks: Delimiters) -> str:
    repetitions = [[_released(part, marks) for part in parts] for parts in segment.repetitions(n)]
    return (marks.repetition or "").join((marks.component or "").join(parts) for parts in repetitions)


def _released(text: str, marks: Delimiters) -> str:
    if marks.release is None or not any(each in text for each in marks.all()):
        return text
    return "".join(marks.release + each if each in marks.all() else each for each in text)
