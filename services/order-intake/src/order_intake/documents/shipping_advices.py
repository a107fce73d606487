"""945: what a warehouse shipped for a depositor's order, carton by carton."""

from collections.abc import Iterator, Sequence

from order_intake.documents.consignee import consignee_mark
from order_intake.documents.facts import Item, Reader, Reference
from order_intake.documents.rows import EACH, Row, cut, day, x12_parties, x12_references
from order_intake.documents.shipments import PartnerShipment, Portion, portions, said, scac
from order_intake.edi import Draft


def shipping_advices(partner: Reader, shipments: Sequence[PartnerShipment]) -> list[Draft]:
    return [Draft("945", partner.release("945"), "", list(_rows(shipment))) for shipment in shipments]


def _rows(shipment: PartnerShipment) -> Iterator[Row]:
    order, number = shipment.order, shipment.number
    link = order.link if order.link.isdigit() else None
    yield ("W06", "F", order.number, day(shipment.at), number, None, order.purchase_order, order.master_reference, link)
    yield from x12_parties(place for place in order.places if place.role not in ("ST", "DP", "WH"))
    yield warehouse_party(shipment.warehouse)
    yield consignee_mark(order)
    yield from x12_references([Reference("BM", number), *order.references][:10], "N9")
    yield ("G62", "11", day(shipment.at))
    yield ("W27", "M", scac(shipment.carrier), None if scac(shipment.carrier) else cut(shipment.carrier, 35))
    units = 0
    loads = list(portions(shipment))
    for count, (sscc, inside) in enumerate(loads, 1):
        yield ("LX", count)
        yield from [("MAN", "GM", sscc)] if sscc else []
        for portion in inside:
            row, quantity = _line(portion, ends=shipment.ends)
            units += quantity
            yield row
    yield ("W03", units, *(None,) * 4, *((len(shipment.cartons), "CT") if shipment.cartons else ()))


def warehouse_party(warehouse: str, role: str = "WH") -> Row:
    """A code of one character is no code in X12."""
    return ("N1", role, warehouse, *(("92", warehouse) if len(warehouse) > 1 else ()))


def _line(portion: Portion, *, ends: bool) -> tuple[Row, int]:
    (due, shipped, missing), unit = said(portion.line, (portion.due, portion.shipped, portion.missing), EACH)
    status = "CC" if not missing else "CP" if ends else "BP"
    first, second, third = (*portion.line.items, *(Item("", ""),) * 3)[:3]
    return ("W12", status, due, shipped, missing, unit, None, *first, *(None,) * 8, *second, None, None, *third), shipped
