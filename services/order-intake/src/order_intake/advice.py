"""Which shipments can be advised by now, and what is in them: decided from what was kept of packs and hand-overs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from order_intake.documents.facts import PartnerOrder
from order_intake.documents.shipments import PackedCarton, PartnerShipment, ShippedLine

Quantities = tuple[tuple[int, int], ...]
"""Line numbers and quantities."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A shipment that was handed over."""

    shipment_id: UUID
    warehouse: str
    release_no: int
    carrier: str
    handed_over_at: datetime
    lines: Quantities
    is_advised: bool


@dataclass(slots=True)
class OrderOnItsWay:
    """`cartons` by warehouse and release; `ordered` and `cancelled` by line; shipments in the order of their hand-over."""

    order: PartnerOrder
    ordered: dict[int, int] = field(default_factory=dict)
    cancelled: dict[int, int] = field(default_factory=dict)
    cartons: dict[tuple[str, int], list[PackedCarton]] = field(default_factory=dict)
    shipments: list[Kept] = field(default_factory=list)

    def ready(self) -> Iterator[PartnerShipment]:
        """Those of which all cartons were heard of; what was advised before counts as shipped before."""
        before: Counter[int] = Counter()
        for shipment in sorted(self.shipments, key=lambda each: not each.is_advised):
            cartons = self.cartons.get((shipment.warehouse, shipment.release_no), [])
            if not shipment.is_advised:
                if not _holds(cartons, shipment.lines):
                    continue
                yield self._advice(shipment, cartons, before)
            before.update(dict(shipment.lines))

    def _advice(self, shipment: Kept, cartons: Sequence[PackedCarton], before: Mapping[int, int]) -> PartnerShipment:
        shipped = Counter(dict(shipment.lines))
        lines = tuple(
            ShippedLine(line_no, ordered, before.get(line_no, 0), shipped[line_no], self.cancelled.get(line_no, 0))
            for line_no, ordered in sorted(self.ordered.items())
        )
        ends = not any(line.missing for line in lines)
        who = (shipment.warehouse, shipment.carrier, shipment.handed_over_at)
        return PartnerShipment(shipment.shipment_id, self.order, *who, lines, tuple(cartons), ends)


def _holds(cartons: Iterable[PackedCarton], lines: Quantities) -> bool:
    packed: Counter[int] = Counter()
    for carton in cartons:
        for line_no, quantity in carton.lines:
            packed[line_no] += quantity
    return all(packed[line_no] >= quantity for line_no, quantity in lines)
