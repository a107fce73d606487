"""214 and IFTSTA: what became of a shipment on its way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from order_intake.documents.facts import PartnerOrder, Reader
from order_intake.documents.rows import Row, cut, day, edifact_references, minute, period
from order_intake.documents.shipments import NO_SCAC, scac, shipment_number
from order_intake.edi import X12, Draft


class Happened(StrEnum):
    HANDED_OVER = "handed over"
    DELIVERED = "delivered"
    ATTEMPTED = "attempted"


@dataclass(frozen=True, slots=True)
class ShipmentStatus:
    """`reason` is a code of dispatch for a failed attempt; `damaged` and `short` count our units on delivery. `carrier` may be unknown."""

    shipment_id: UUID
    order: PartnerOrder
    happened: Happened
    at: datetime
    carrier: str = ""
    reason: str = ""
    damaged: int = 0
    short: int = 0

    @property
    def number(self) -> str:
        return shipment_number(self.shipment_id)

    @property
    def remark(self) -> str:
        counted = [f"{count} {word}" for count, word in ((self.damaged, "damaged"), (self.short, "short")) if count]
        return cut(", ".join(counted) or self.reason.replace("_", " "), 30)


X12_EVENTS = {Happened.HANDED_OVER: "AF", Happened.DELIVERED: "D1", Happened.ATTEMPTED: "AP"}
X12_REASONS = {
    "carrier_address_not_found": "A5", "carrier_damaged": "AK", "carrier_missorted": "AA", "carrier_out_of_time": "BH",
    "carrier_vehicle": "AI", "consignee_absent": "AQ", "consignee_access": "AG", "consignee_address_wrong": "A2",
    "consignee_closed": "B1", "consignee_postponed": "AD", "consignee_refused": "BS", "customs_delay": "CA",
    "customs_documents": "AS", "customs_duties": "CA", "weather": "AO", "natural_disaster": "AO",
}  # fmt: skip
EDIFACT_EVENTS = {Happened.HANDED_OVER: "13", Happened.DELIVERED: "21", Happened.ATTEMPTED: "55"}
"""Of UN/CEFACT recommendation 24: collected, delivered, not delivered."""


def statuses(partner: Reader, told: Sequence[ShipmentStatus]) -> list[Draft]:
    document, rows = ("214", _x214) if partner.syntax is X12 else ("IFTSTA", _iftsta)
    release = partner.release(document)
    return [Draft(document, release, "", list(rows(status, release))) for status in told]


def _x214(status: ShipmentStatus, release: str) -> Iterator[Row]:
    """From 005010 on, references and remarks stand below LX, before the event."""
    order = status.order
    references: list[Row] = [("L11", order.purchase_order or order.number, "PO")]
    references += [("L11", order.number, "DO")] if order.purchase_order else []
    references += [("L11", value, qualifier) for qualifier, value in order.references]
    remarks: list[Row] = [("K1", status.remark)] if status.remark else []
    begin: Row = ("B10", status.number, status.number, scac(status.carrier) or NO_SCAC)
    if release >= "005":
        yield from (begin, ("LX", 1), *references, *remarks, *_events(status))
    else:
        yield from (begin, *references, ("LX", 1), *_events(status), *remarks)


def _events(status: ShipmentStatus) -> Iterator[Row]:
    when = (None, None, day(status.at), minute(status.at), "UT")
    yield ("AT7", _event(status), _reason(status), *when)
    yield from [("AT7", "A9", "NS", *when)] if status.damaged else []


def _event(status: ShipmentStatus) -> str:
    return "A7" if status.reason == "consignee_refused" else X12_EVENTS[status.happened]


def _reason(status: ShipmentStatus) -> str:
    return X12_REASONS.get(status.reason, "BG") if status.happened is Happened.ATTEMPTED else "NS"


def _iftsta(status: ShipmentStatus, _: str) -> Iterator[Row]:
    order = status.order
    yield ("BGM", "77", f"{status.number}-{EDIFACT_EVENTS[status.happened]}", "9")
    yield period("137", status.at)
    yield from [("NAD", "CA", None, None, cut(status.carrier, 35))] if status.carrier else []
    yield ("CNI", 1, status.number)
    yield ("STS", "1", EDIFACT_EVENTS[status.happened])
    yield ("RFF", ("ON", order.purchase_order or order.number))
    yield from edifact_references(order.references[:8])
    yield period("334", status.at)
    yield from [("FTX", "AAI", None, None, status.remark)] if status.remark else []
