"""The segments that several documents share, in both syntaxes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from order_intake.documents.facts import Item, PartnerLine, Place, Reference
from order_intake.edi.writer import Element

Row = Sequence[Element]

AS_IN_EDIFACT = {"ST": "DP", "BT": "IV", "SF": "SF", "WH": "WH", "SE": "SU", "VN": "SU", "DE": "GY"}
"""Roles of parties; those that are not listed are called the same in both worlds."""
AS_IN_X12 = {"DP": "ST", "IV": "BT", "SU": "VN", "GY": "DE"}
MOST_ITEMS = 10
EACH = "EA"
PIECE = "PCE"
"""The single unit in X12, and in EDIFACT."""


def day(at: datetime) -> str:
    return f"{at:%Y%m%d}"


def minute(at: datetime) -> str:
    return f"{at:%H%M}"


def cut(text: str, most: int) -> str:
    """Free text only: an identifier that is cut would be another one."""
    return text[:most].strip()


def x12_party(role: str, qualifier: str, code: str) -> Row:
    return ("N1", AS_IN_X12.get(role, role), None, qualifier, code)


def x12_parties(places: Iterable[Place]) -> list[Row]:
    return [x12_party(*place) for place in places]


def x12_references(references: Iterable[Reference], tag: str = "REF") -> list[Row]:
    return [(tag, qualifier, value) for qualifier, value in references]


def x12_items(items: Iterable[Item]) -> list[str]:
    """Pairs of qualifier and number, one behind the other."""
    return [part for item in list(items)[:MOST_ITEMS] for part in item]


def period(qualifier: str, at: datetime | str) -> Row:
    """A day by its text CCYYMMDD, or an instant to the minute."""
    if isinstance(at, str):
        return ("DTM", (qualifier, at, "102"))
    return ("DTM", (qualifier, f"{at:%Y%m%d%H%M}", "203"))


def edifact_parties(places: Iterable[Place]) -> list[Row]:
    return [edifact_party(*place) for place in places]


def edifact_party(role: str, qualifier: str, code: str) -> Row:
    """The agency is 9 for a GLN, 92 where the code is the buyer's own."""
    agency = qualifier if qualifier in ("9", "91", "92") else ""
    return ("NAD", AS_IN_EDIFACT.get(role, role), (code, "", agency))


def edifact_references(references: Iterable[Reference]) -> list[Row]:
    return [("RFF", (qualifier, value)) for qualifier, value in references]


def edifact_line(number: int, line: PartnerLine, action: str = "") -> Iterator[Row]:
    """LIN with the first number of the item, PIA with the others."""
    first = line.items[0] if line.items else Item("", "")
    yield ("LIN", line.number or number, action, (first.value, first.qualifier))
    for start in range(1, min(len(line.items), MOST_ITEMS), 5):
        yield ("PIA", "1", *((item.value, item.qualifier) for item in line.items[start : start + 5]))


def edifact_quantity(qualifier: str, quantity: int, line: PartnerLine) -> Row:
    said, unit = line.said(quantity, PIECE)
    return ("QTY", (qualifier, said, unit))
