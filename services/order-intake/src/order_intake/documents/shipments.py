"""What left for a consignee, as documents tell it: lines, cartons, what is still to come."""

import re
from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from order_intake.documents.facts import PartnerLine, PartnerOrder

SCAC = re.compile("[A-Z]{2,4}")
NO_SCAC = "ZZZZ"


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """In our units: `ordered` in all, `before` in earlier shipments, `shipped` in this one, `cancelled` never to come."""

    line_no: int
    ordered: int
    before: int
    shipped: int
    cancelled: int = 0

    @property
    def due(self) -> int:
        """What was still to be shipped before this shipment."""
        return max(self.ordered - self.before - self.cancelled, self.shipped)

    @property
    def missing(self) -> int:
        """What is still to come after it."""
        return self.due - self.shipped


@dataclass(frozen=True, slots=True)
class PackedCarton:
    """Line numbers and quantities."""

    sscc: str
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PartnerShipment:
    """`ends`: nothing of the order will follow, whatever is missing."""

    shipment_id: UUID
    order: PartnerOrder
    warehouse: str
    carrier: str
    at: datetime
    lines: tuple[ShippedLine, ...]
    cartons: tuple[PackedCarton, ...] = ()
    ends: bool = False

    @property
    def number(self) -> str:
        return shipment_number(self.shipment_id)


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a line in one carton, or in none. `due` and `missing` are told with the last portion of the line."""

    line: PartnerLine
    due: int
    shipped: int
    missing: int


def shipment_number(shipment_id: UUID) -> str:
    """The shipment's id in 26 letters and digits, for elements that hold no more than 30."""
    return b32encode(shipment_id.bytes).decode().rstrip("=")


def scac(carrier: str) -> str:
    """The carrier's code where it is one of the trade's own, else empty."""
    return carrier if SCAC.fullmatch(carrier) else ""


def portions(shipment: PartnerShipment) -> Iterator[tuple[str, list[Portion]]]:
    """The cartons by SSCC with what is in each; "" holds what is in no carton, and the lines of which nothing is shipped yet."""
    left = {line.line_no: line.shipped for line in shipment.lines}
    whole = {line.line_no: line for line in shipment.lines}
    for carton in shipment.cartons:
        inside = []
        for line_no, packed in carton.lines:
            if quantity := min(packed, left.get(line_no, 0)):
                left[line_no] -= quantity
                inside.append(_portion(shipment, whole[line_no], quantity, is_last=not left[line_no]))
        if inside:
            yield carton.sscc, inside
    loose = [_portion(shipment, line, left[line.line_no], is_last=True) for line in shipment.lines if _is_loose(line, left)]
    if loose:
        yield "", loose


def _is_loose(line: ShippedLine, left: dict[int, int]) -> bool:
    return left[line.line_no] > 0 or (line.shipped == 0 and line.missing > 0)


def _portion(shipment: PartnerShipment, line: ShippedLine, quantity: int, *, is_last: bool) -> Portion:
    missing = line.missing if is_last else 0
    return Portion(shipment.order.line(line.line_no), quantity + missing, quantity, missing)


def said(line: PartnerLine, quantities: Sequence[int], each: str) -> tuple[list[int], str]:
    """Several quantities in one unit: the partner's where all of them make whole ones."""
    if line.unit and all(quantity % line.factor == 0 for quantity in quantities):
        return [quantity // line.factor for quantity in quantities], line.unit
    return list(quantities), each
