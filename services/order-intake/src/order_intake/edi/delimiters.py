"""The separators of one interchange, read from its first bytes."""

from dataclasses import dataclass
from functools import lru_cache

ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
ISA_LENGTH = 106
REPEATS_SINCE = "00402"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """One character each, read as Latin-1, so that a byte is a character; None where the interchange has none."""

    element: str
    component: str | None
    segment: str
    repetition: str | None = None
    release: str | None = None
    decimal: str = "."

    def all(self) -> str:
        """Every character that data may not contain as it is."""
        return "".join(filter(None, (self.element, self.component, self.segment, self.repetition, self.release)))

    def sound(self) -> bool:
        """No two the same, none a letter, a digit or a space: such an interchange can be read in one way only."""
        held = self.all()
        return len(set(held)) == len(held) and not any(each == " " or (each.isascii() and each.isalnum()) for each in held)


X12_USUAL = Delimiters("*", ">", "~")
X12_USUAL_5010 = Delimiters("*", ">", "~", "^")
EDIFACT_USUAL = Delimiters("+", ":", "'", None, "?")
EDIFACT_LINES = Delimiters("+", ":", "\n", None, "?")


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first bytes say: the separators (None: they cannot be told), where segments begin, what is wrong."""

    delimiters: Delimiters | None
    begins: int
    odd: tuple[str, ...] = ()


def of_isa(head: bytes) -> Opening:
    """ISA is 106 bytes; a sender that did not pad is read by its sixteen separators."""
    text = head.decode("latin-1")
    fields = text.split(text[3], 16) if len(text) > 3 else []
    if len(fields) < 17 or not fields[16]:
        return Opening(None, 0)
    odd: tuple[str, ...] = () if tuple(map(len, fields[1:16])) == ISA_WIDTHS[:15] else ("header-width",)
    component, segment, after = fields[16][0], fields[16][1:2], fields[16][2:]
    if segment in ("\r", "\n") and _ends_with(after, component):
        return Opening(_sound(text[3], None, component), 0, (*odd, "component-separator-missing"))
    if not segment or len(text) - len(fields[16]) > ISA_LENGTH + 20:
        return Opening(None, 0)
    return Opening(_sound(text[3], component, segment, _repetition(fields, component)), 0, odd)


def of_una(head: bytes, version: str) -> Opening:
    """The six characters after UNA, literally; a space as release or repetition means none."""
    component, element, decimal, release, repetition, segment = list(head[3:9].decode("latin-1"))
    repeats = repetition if version >= "4" and repetition != " " else None
    return Opening(_sound(element, component, segment, repeats, None if release == " " else release, decimal), 9)


def of_fragment(head: bytes) -> Opening:
    """A group or a set without ISA: the character after GS or ST separates, the one after the last run of text ends."""
    text = head.decode("latin-1")
    line = text.split("\n", 1)[0].rstrip("\r")
    ending = "~" if "~" in text else line[-1:] if len(line) < len(text) and not line[-1:].isalnum() else "\n"
    return Opening(_sound(text[2], None, ending), 0)


def _repetition(fields: list[str], component: str) -> str | None:
    said, version = fields[11][:1], fields[12]
    usable = (
        version.isdigit() and version >= REPEATS_SINCE and said and not said.isalnum() and said not in (" ", component, fields[16][1:2])
    )
    return said if usable else None


def _ends_with(rest: str, character: str) -> bool:
    """Whether the next line ends with what was taken for the component separator: then that is the terminator."""
    line, found, _ = rest.lstrip("\r\n").partition("\n")
    return bool(found) and line.rstrip("\r").endswith(character)


@lru_cache(256)
def _sound(
    element: str, component: str | None, segment: str, repetition: str | None = None, release: str | None = None, decimal: str = "."
) -> Delimiters | None:
    found = Delimiters(element, component, segment, repetition, release, decimal)
    return found if found.sound() else None
