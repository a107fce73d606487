"""Where the goods go. A document is kept with a mark in this place; the name and address are put in when its bytes are sealed."""

from collections.abc import Callable, Sequence

from shared.events import ShipTo

from order_intake.documents.facts import PartnerOrder, Place
from order_intake.documents.rows import AS_IN_EDIFACT, Row, cut
from order_intake.edi import X12, Syntax

MARK = "@consignee"


def consignee_mark(order: PartnerOrder) -> Row:
    """Stands for the order's ship-to, and says by which code the partner knows it."""
    _, qualifier, code = order.place("ST", "DP") or Place("ST", "", "")
    return (MARK, qualifier, code)


def with_consignee(rows: Sequence[Row], ship_to: ShipTo | None, syntax: Syntax) -> list[Row]:
    """The rows with the consignee in the place of its mark; None: it was erased, so that the code alone is left."""
    named: list[Row] = []
    for row in rows:
        named += _named(str(row[1] or ""), str(row[2] or ""), ship_to, syntax) if row[0] == MARK else [row]
    return named


def fitted(ship_to: ShipTo, fit: Callable[[str], str]) -> ShipTo:
    """The consignee in the characters that the partner can read."""
    words = {name: fit(getattr(ship_to, name)) for name in ("name", "street", "city", "postal_code", "country")}
    return ship_to.model_copy(update=words)


def _named(qualifier: str, code: str, ship_to: ShipTo | None, syntax: Syntax) -> list[Row]:
    if ship_to is None and not code:
        return []
    if syntax is X12:
        return _x12(qualifier if code else "", code, ship_to)
    agency = qualifier if qualifier in ("9", "91", "92") else ""
    role, party = AS_IN_EDIFACT["ST"], (code, "", agency) if code else None
    if ship_to is None:
        return [("NAD", role, party)]
    street = (cut(ship_to.street, 35), cut(ship_to.street[35:], 35), cut(ship_to.street[70:], 35))
    name, city, postal_code = cut(ship_to.name, 35), cut(ship_to.city, 35), cut(ship_to.postal_code, 9)
    return [("NAD", role, party, None, name, street, city, None, postal_code, ship_to.country)]


def _x12(qualifier: str, code: str, ship_to: ShipTo | None) -> list[Row]:
    if ship_to is None:
        return [("N1", "ST", None, qualifier, code)]
    name, street = cut(ship_to.name, 60), cut(ship_to.street, 55)
    rows: list[Row] = [("N1", "ST", name, qualifier, code)] if name or code else [("N1", "ST", "CONSIGNEE")]
    rows += [("N3", street, cut(ship_to.street[55:], 55))] if street else []
    city, postal_code = cut(ship_to.city, 30), cut(ship_to.postal_code, 15)
    return [*rows, ("N4", city if len(city) > 1 else None, None, postal_code if len(postal_code) > 2 else None, ship_to.country)]
