"""856 and DESADV: what is on its way to a consignee, as a tree of shipment, order, cartons and items."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from order_intake.documents.consignee import consignee_mark
from order_intake.documents.facts import Reader
from order_intake.documents.rows import (
    EACH,
    PIECE,
    Row,
    cut,
    day,
    edifact_line,
    edifact_parties,
    edifact_party,
    edifact_references,
    minute,
    period,
    x12_items,
    x12_parties,
    x12_references,
)
from order_intake.documents.shipments import PartnerShipment, Portion, portions, said, scac
from order_intake.documents.shipping_advices import warehouse_party
from order_intake.edi import X12, Draft

PALLETS_AND_CARTONS = "0001"
"""BSN05: shipment, order, packaging, item."""


def ship_notices(partner: Reader, shipments: Sequence[PartnerShipment]) -> list[Draft]:
    document, rows = ("856", _x856) if partner.syntax is X12 else ("DESADV", _desadv)
    return [Draft(document, partner.release(document), "", list(rows(shipment))) for shipment in shipments]


def _x856(shipment: PartnerShipment) -> Iterator[Row]:
    yield ("BSN", "00", shipment.number, day(shipment.at), minute(shipment.at), PALLETS_AND_CARTONS)
    yield from _shipment_level(shipment)
    yield ("HL", 2, 1, "O")
    yield ("PRF", shipment.order.purchase_order or shipment.order.number)
    yield from x12_references(shipment.order.references)
    level = 2
    for sscc, inside in portions(shipment):
        parent, shipped = 2, [portion for portion in inside if portion.shipped]
        if sscc:
            level = parent = level + 1
            yield ("HL", level, 2, "P")
            yield ("MAN", "GM", sscc)
        for portion in shipped:
            level += 1
            yield ("HL", level, parent, "I")
            yield ("LIN", portion.line.number, *(x12_items(portion.line.items) or ("VN", str(portion.line.line_no))))
            (quantity, due), unit = said(portion.line, (portion.shipped, portion.due), EACH)
            yield ("SN1", portion.line.number, quantity, unit, None, due, unit)
    yield ("CTT", level)


def _shipment_level(shipment: PartnerShipment) -> Iterator[Row]:
    code = scac(shipment.carrier)
    yield ("HL", 1, None, "S")
    yield from [("TD1", "CTN", len(shipment.cartons))] if shipment.cartons else []
    yield ("TD5", None, "2", code, "M") if code else ("TD5", None, None, None, "M", cut(shipment.carrier, 35))
    yield ("REF", "BM", shipment.number)
    yield ("DTM", "011", day(shipment.at))
    yield warehouse_party(shipment.warehouse, "SF")
    yield consignee_mark(shipment.order)
    yield from x12_parties(place for place in shipment.order.places if place.role not in ("ST", "DP", "SF", "WH"))


def _desadv(shipment: PartnerShipment) -> Iterator[Row]:
    order = shipment.order
    yield ("BGM", "351", shipment.number, "9")
    yield period("137", day(shipment.at))
    yield period("11", shipment.at)
    yield ("RFF", ("ON", order.purchase_order or order.number))
    yield from edifact_references(order.references[:9])
    yield from edifact_parties([place for place in order.places if place.role not in ("ST", "DP", "WH")][:8])
    yield edifact_party("WH", "92", cut(shipment.warehouse, 35))
    yield consignee_mark(order)
    yield ("TDT", "20", None, ("30",), None, ("", "", "", cut(shipment.carrier, 35)))
    yield ("CPS", 1)
    yield from [("PAC", len(shipment.cartons), None, "CT")] if shipment.cartons else []
    lines = 0
    loads = sorted(portions(shipment), key=lambda load: bool(load[0]))
    for count, (sscc, inside) in enumerate(loads, 1):
        yield from _packed(sscc, count + 1)
        for portion in inside:
            lines += 1
            yield from _despatched(portion, lines, order.number, ends=shipment.ends)
    yield ("CNT", ("2", lines))


def _packed(sscc: str, sequence: int) -> Iterator[Row]:
    """What is in no carton stands below the first CPS."""
    if sscc:
        yield ("CPS", sequence, 1)
        yield ("PAC", 1, None, "CT")
        yield ("PCI", "33E")
        yield ("GIN", "BJ", sscc)


def _despatched(portion: Portion, number: int, order_number: str, *, ends: bool) -> Iterator[Row]:
    line = portion.line
    (shipped, due, missing), unit = said(line, (portion.shipped, portion.due, portion.missing), PIECE)
    yield from edifact_line(number, replace(line, number=""))
    yield ("QTY", ("12", shipped, unit))
    yield ("QTY", ("21", due, unit))
    yield from [("RFF", ("ON", order_number, line.number))] if line.number else []
    yield from [("QVR", (f"-{missing}", "21"), "CP" if ends else "BP")] if missing else []
