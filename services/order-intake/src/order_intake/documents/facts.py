"""An order as its partner wrote it, kept so that every document out speaks the partner's own words."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pydantic import TypeAdapter

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
    """`line_no` is ours, `number` the partner's own (PO101, LIN 1082), empty where it gave none. `quantity` is what was ordered."""

    line_no: int
    quantity: int
    number: str = ""
    unit: str = "EA"
    items: tuple[Item, ...] = ()
    price: str = ""


@dataclass(frozen=True, slots=True)
class PartnerOrder:
    """`document` 850, 940 or ORDERS; `number` is BEG03, W0502 or BGM 1004, `dated_on` CCYYMMDD; `purchase_order` is W0503."""

    document: str
    number: str
    dated_on: str = ""
    purchase_order: str = ""
    places: tuple[Place, ...] = ()
    references: tuple[Reference, ...] = ()
    lines: tuple[PartnerLine, ...] = field(default=())

    def place(self, *roles: str) -> Place | None:
        """The first of these roles that the order names."""
        return next((place for role in roles for place in self.places if place.role == role), None)

    def line(self, line_no: int) -> PartnerLine:
        """A line that the partner did not write has our number and quantity 0."""
        return next((line for line in self.lines if line.line_no == line_no), PartnerLine(line_no, 0))


_ORDER = TypeAdapter(PartnerOrder)


def as_json(order: PartnerOrder) -> str:
    """For the column `edi_orders.references`."""
    return _ORDER.dump_json(order, exclude_defaults=True).decode()


def from_json(text: str) -> PartnerOrder:
    return _ORDER.validate_json(text)


class Reader(Protocol):
    """What a document has to know of the partner who will read it. `release` of a type: 004010, or D:96A:UN:EAN005."""

    @property
    def syntax(self) -> Syntax: ...
    def release(self, document: str) -> str: ...
