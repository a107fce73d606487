"""Foreign text on its way out of the system, where it would be taken for something else: a console's commands, a table's formulas. Pure."""

from unicodedata import category

from rich.text import Text

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")


def line(value: object) -> str:
    """On one line of a console: control characters, escape sequences, and what turns or hides text are shown, not done."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """The same of a text that may have several lines."""
    return "\n".join(map(line, text.split("\n")))


def printed(value: object) -> Text:
    """The same for rich, which would read [brackets] as markup."""
    return Text(line(value))


def cell(value: object) -> str:
    """In a file that a spreadsheet opens: one line, and never a formula."""
    text = line(value)
    return f"'{text}" if text.lstrip().startswith(_BEGINS_A_FORMULA) else text


def _shown(character: str) -> str:
    if character.isprintable() or category(character) == "Zs":
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
