"""A trading partner as the decisions see it: whom it stands for, how it is addressed, what its words mean, what it wants to hear."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.events import ServiceLevel

from order_intake.edi import USUAL, X12, Delimiters, Party, Profile, Syntax, Wish
from order_intake.schemas import Address

ItemCode = tuple[str, str]
"""Whose code it is (UP, VN, EN, SA ...), and the code."""

GTINS = frozenset({"UK", "EN", "UP", "SRV", "UA", "UI", "EO"})
"""Qualifiers of a GTIN, whatever its length."""

DAY_SECONDS = 86_400
USUAL_RELEASES = {"X12": "004010", "EDIFACT": "D:96A:UN"}
ONLY_RELEASES = {"APERAK": "D:01B:UN", "RETANN": "D:01B:UN"}


class Document(StrEnum):
    """What we can send beside acknowledgements."""

    ORDER_RESPONSE = "order_response"
    SHIPPING_ADVICE = "shipping_advice"
    SHIP_NOTICE = "ship_notice"
    STATUS = "status"
    INVENTORY_REPORT = "inventory_report"


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    """`functional` is 997 or 999. What was refused is always answered."""

    functional: str = "997"
    ta1: Wish = Wish.ASKED
    contrl: Wish = Wish.ALWAYS


@dataclass(frozen=True, slots=True)
class Repeats:
    """A document with a number that was there before: refused in a business answer, or passed over. Control numbers are remembered
    for so many days."""

    ignored: bool = False
    remembered_days: int = 365


@dataclass(frozen=True)
class Hand:
    """How we write to it. The applications are GS02 and GS03 where they differ from ISA06 and ISA08."""

    our_application: str = ""
    their_application: str = ""
    releases: Mapping[str, str] = field(default_factory=dict)
    delimiters: Delimiters | None = None
    line_end: str = ""
    charset: str = "UNOC"


@dataclass(frozen=True)
class Partner:
    """`theirs` and `ours` are identifiers by the name of the syntax; the first one of each is what we write."""

    code: str
    customer_id: str
    syntax: Syntax = X12
    theirs: Mapping[str, tuple[Party, ...]] = field(default_factory=dict)
    ours: Mapping[str, tuple[Party, ...]] = field(default_factory=dict)
    hand: Hand = Hand()
    lines_end_segments: bool = False
    """Its EDIFACT without UNA ends segments with line breaks."""
    acknowledgements: Acknowledgements = Acknowledgements()
    acknowledge_within: int = DAY_SECONDS
    """Seconds after which an acknowledgement of what we sent is overdue."""
    documents: frozenset[Document] = frozenset()
    profile: Profile = USUAL
    takes_tests: bool = False
    repeats: Repeats = Repeats()
    items: Mapping[ItemCode, str] = field(default_factory=dict)
    """The partner's codes and our skus."""
    codes: Mapping[str, tuple[ItemCode, ...]] = field(default_factory=dict)
    """Back: the codes of a sku."""
    units: Mapping[str, int] = field(default_factory=dict)
    """How many of our units one of theirs holds."""
    locations: Mapping[str, Address] = field(default_factory=dict)
    """Places that the partner names by a code alone."""
    country: str | None = None
    """Of addresses that name none."""
    service_level: ServiceLevel = ServiceLevel.STANDARD
    allow_partial: bool = False

    def release(self, document: str) -> str:
        """In which release we write it: 004010, or D:96A:UN:EAN005."""
        usual = USUAL_RELEASES["X12" if document.isdigit() else "EDIFACT"]
        return self.hand.releases.get(document) or ONLY_RELEASES.get(document, usual)

    def wants(self, document: Document) -> bool:
        return document in self.documents


def keys_of_item(qualifier: str, code: str) -> tuple[ItemCode, ...]:
    """Under which an item's code is found: a GTIN by its fourteen digits as well, whoever writes it in eight, twelve or thirteen."""
    own = (qualifier, code)
    return (own, ("GTIN", code.zfill(14))) if qualifier in GTINS else (own,)
