"""What differs between the two envelopes, as data: three pairs of brackets, and where each keeps its reference."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Role(StrEnum):
    """What a service segment does to the tree."""

    OPENS_INTERCHANGE = "opens interchange"
    CLOSES_INTERCHANGE = "closes interchange"
    OPENS_GROUP = "opens group"
    CLOSES_GROUP = "closes group"
    OPENS_MESSAGE = "opens message"
    CLOSES_MESSAGE = "closes message"


@dataclass(frozen=True, slots=True)
class Bracket:
    """A header and its trailer. Every trailer holds the count as element 1 and the reference as element 2. Without the elements that
    are needed nothing can be made of it; those that are expected are mandatory too, and often empty."""

    header: str
    trailer: str
    reference: int
    needed: tuple[int, ...]
    expected: tuple[int, ...] = ()


@dataclass(frozen=True)
class Syntax:
    name: str
    interchange: Bracket
    group: Bracket
    message: Bracket
    loose: frozenset[str] = frozenset()

    @property
    def roles(self) -> dict[str, Role]:
        pairs = ((self.interchange, "INTERCHANGE"), (self.group, "GROUP"), (self.message, "MESSAGE"))
        opening = {bracket.header: Role[f"OPENS_{what}"] for bracket, what in pairs}
        return opening | {bracket.trailer: Role[f"CLOSES_{what}"] for bracket, what in pairs}


X12 = Syntax(
    "X12",
    Bracket("ISA", "IEA", 13, (1, 3, *range(5, 17))),
    Bracket("GS", "GE", 6, (1, 6, 8), (2, 3, 4, 5, 7)),
    Bracket("ST", "SE", 2, (1, 2)),
    frozenset({"TA1", "ISB", "ISE", "TA3"}),
)
EDIFACT = Syntax(
    "EDIFACT",
    Bracket("UNB", "UNZ", 5, (1, 2, 3, 4, 5)),
    Bracket("UNG", "UNE", 5, (5,)),
    Bracket("UNH", "UNT", 1, (1, 2)),
)
ROLES = {X12.name: X12.roles, EDIFACT.name: EDIFACT.roles}

FUNCTIONAL_GROUPS = {
    "180": "AN", "204": "SM", "210": "IM", "214": "QM", "810": "IN", "846": "IB", "850": "PO", "855": "PR", "856": "SH", "860": "PC",
    "865": "CA", "940": "OW", "943": "AR", "944": "RE", "945": "SW", "947": "AW", "990": "GF", "997": "FA", "999": "FA",
}  # fmt: skip


@lru_cache(4096)
def is_name(tag: str, syntax: str) -> bool:
    """Whether a segment may be called this: two or three capitals and digits, in EDIFACT three."""
    return (2 if syntax == X12.name else 3) <= len(tag) <= 3 and tag.isascii() and tag.isalnum() and tag == tag.upper()
