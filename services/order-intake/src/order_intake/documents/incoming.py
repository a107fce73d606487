"""What a partner asks for, the same for both syntaxes: to place, change or cancel an order. As it was said, not judged yet."""

from dataclasses import dataclass
from enum import StrEnum

from order_intake.documents.facts import Item, Place, Reference


class Action(StrEnum):
    PLACE = "place"
    CHANGE = "change"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class AskedLine:
    number: str
    quantity: str
    unit: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Consignee:
    """Where the goods go; empty where it was not said."""

    qualifier: str = ""
    code: str = ""
    name: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""

    @property
    def has_address(self) -> bool:
        return bool(self.street or self.city or self.postal_code)


@dataclass(frozen=True, slots=True)
class IncomingDocument:
    """`number` is the order's. A change or cancellation may have a number of its own. Days are YYYYMMDD; `purpose` is the code that
    led to `action`."""

    type: str
    action: Action
    purpose: str
    number: str
    own_number: str = ""
    dated_on: str = ""
    earliest_on: str = ""
    latest_on: str = ""
    consignee: Consignee | None = None
    lines: tuple[AskedLine, ...] = ()
    places: tuple[Place, ...] = ()
    references: tuple[Reference, ...] = ()
    purchase_order: str = ""
    link: str = ""
    master_reference: str = ""
