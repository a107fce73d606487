"""One segment: what stood in the bytes, and where."""

from typing import AnyStr, NamedTuple

from order_intake.edi.delimiters import Delimiters


class Segment(NamedTuple):
    """Immutable. `texts[n]` is element n as it stood, still with component separators and release characters; 0 is the tag.

    `offset` and `size` say where its bytes stand in the body, without the terminator."""

    tag: str
    texts: list[str]
    offset: int
    size: int
    delimiters: Delimiters

    def text(self, n: int) -> str:
        """Element n with its release characters taken out, not divided into components."""
        if n >= len(self.texts):
            return ""
        text, release = self.texts[n], self.delimiters.release
        return text if release is None or release not in text else unescaped(text, release)

    def upto(self, n: int) -> list[str]:
        """Elements 1 to n, each as `text` says it."""
        texts, release = self.texts[1 : n + 1], self.delimiters.release
        found = texts if release is None else [unescaped(each, release) for each in texts]
        return found + [""] * (n - len(found))

    def value(self, n: int, component: int = 1) -> str:
        """A component of element n; the empty string when it is not there. No separator is a letter or a digit."""
        if n < len(self.texts) and (text := self.texts[n]).isalnum() and text.isascii():
            return text if component == 1 else ""
        found = self.components(n)
        return found[component - 1] if component <= len(found) else ""

    def components(self, n: int) -> list[str]:
        """The components of the first repetition of element n."""
        text, marks = self.texts[n] if n < len(self.texts) else "", self.delimiters
        if marks.repetition is None and marks.component and (marks.release is None or marks.release not in text):
            return text.split(marks.component)
        return self.repetitions(n)[0]

    def composite(self, n: int, most: int) -> list[str]:
        """The first components of element n; the empty string for those that are not there."""
        found = self.components(n)[:most]
        return found + [""] * (most - len(found))

    def repetitions(self, n: int) -> list[list[str]]:
        """Element n as a list of repetitions, each a list of components."""
        text, marks = self.texts[n] if n < len(self.texts) else "", self.delimiters
        release, repetition = marks.release, marks.repetition
        if (release is None or release not in text) and (repetition is None or repetition not in text):
            return [text.split(marks.component) if marks.component else [text]]
        each = divided(text, repetition, release) if repetition else [text]
        return [[unescaped(part, release) for part in divided(one, marks.component, release)] for one in each]


def divided(text: AnyStr, separator: AnyStr | None, release: AnyStr | None) -> list[AnyStr]:
    """Split where the separator is not released; the release characters stay. Linear: each piece is looked at once."""
    if separator is None:
        return [text]
    pieces = text.split(separator)
    if release is None or release + separator not in text:
        return pieces
    found: list[AnyStr] = []
    held: list[AnyStr] = []
    for piece in pieces:
        held.append(piece)
        if (len(piece) - len(piece.rstrip(release))) % 2 == 0:
            found.append(separator.join(held))
            held = []
    if held:
        found.append(separator.join(held))
    return found


def unescaped(text: str, release: str | None) -> str:
    """Every release character gives way to what follows it, also to another release character."""
    if release is None or release not in text:
        return text
    return release.join(part.replace(release, "") for part in text.split(release * 2))
