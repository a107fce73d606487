"""An order as its partner wrote it, kept so that every document out speaks the partner's own words."""

from bisect import bisect_left
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, Protocol

from order_intake.edi import Syntax


class Item(NamedTuple):
    """A product's number and whose it is: UP, EN, VN, BP in X12; EN, SA, IN in EDIFACT."""

    qualifier: str
    value: str


class Reference(NamedTuple):
    """A number of the partner's that comes back with every document: ("CO", "4711")."""

    qualifier: str
    value: str


class Place(NamedTuple):
    """A party of the order by its code, such as a GLN: ("BY", "9", "1234567890128"). Never a name or an address."""

    role: str
    qualifier: str
    code: str


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """`line_no` is ours, `number` the partner's own (PO101, LIN 1082), empty where it gave none. One `unit` holds `factor` of ours
    and costs `price`."""

    line_no: int
    number: str = ""
    unit: str = ""
    factor: int = 1
    items: tuple[Item, ...] = ()
    price: str = ""

    def said(self, quantity: int, each: str) -> tuple[int, str]:
        """A quantity of ours in the partner's unit; what does not make whole ones is said in single units, `each`."""
        if self.unit and quantity % self.factor == 0:
            return quantity // self.factor, self.unit
        return quantity, each


_LINE_NO = attrgetter("line_no")


@dataclass(frozen=True, slots=True)
class PartnerOrder:
    """`document` 850, 940 or ORDERS; `number` is BEG03, W0502 or BGM 1004, `dated_on` CCYYMMDD. Of a 940 come
    `purchase_order` W0503, `link` W0504, `master_reference` W0505. `lines` stand in the order of our numbers."""

    document: str
    number: str
    dated_on: str = ""
    purchase_order: str = ""
    link: str = ""
    master_reference: str = ""
    places: tuple[Place, ...] = ()
    references: tuple[Reference, ...] = ()
    lines: tuple[PartnerLine, ...] = ()

    def place(self, *roles: str) -> Place | None:
        """The first of these roles that the order names."""
        return next((place for role in roles for place in self.places if place.role == role), None)

    def line(self, line_no: int) -> PartnerLine:
        """Of a line that the partner did not write we know the number alone."""
        at = bisect_left(self.lines, line_no, key=_LINE_NO)
        is_there = at < len(self.lines) and self.lines[at].line_no == line_no
        return self.lines[at] if is_there else PartnerLine(line_no)


class Reader(Protocol):
    """What a document has to know of the partner who will read it. `release` of a type: 004010, or D:96A:UN:EAN005."""

    @property
    def syntax(self) -> Syntax: ...
    def release(self, document: str) -> str: ...
