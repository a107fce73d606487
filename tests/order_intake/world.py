"""A warehouse and its carriers, played: which facts an order's way may bring, and what must have been said before each."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st
from order_intake.fulfilment import Fact, advance, confirm
from order_intake.lifecycle import OrderStatus
from order_intake.order import Order
from order_intake.quantities import Line
from order_intake.settings import Terms
from shared.events import OrderReleased, Promise
from uuid_utils.compat import uuid7

from tests.order_intake import builders
from tests.order_intake.builders import THEN, Place

TERMS = Terms()


def an_order(quantities: list[int], *, allow_partial: bool = False, order_id: UUID | None = None) -> Order:
    order = a_received_order(quantities, allow_partial=allow_partial, order_id=order_id)
    confirm(order, Promise(earliest=THEN, latest=THEN + timedelta(days=3)))
    return order


def a_received_order(quantities: list[int], *, allow_partial: bool = False, order_id: UUID | None = None) -> Order:
    return Order(
        order_id=order_id or uuid7(),
        customer_id="C",
        now=THEN,
        status=OrderStatus.RECEIVED,
        service_level="standard",
        allow_partial=allow_partial,
        requested_earliest=None,
        requested_latest=None,
        consignee_code=None,
        ship_to_key_id=None,
        ship_to="{}",
        lines={number: Line(number, f"SKU-{number}", quantity, quantity) for number, quantity in enumerate(quantities, 1)},
    )


@dataclass
class World:
    """Plays until everything is delivered. `shipments` are heard any time after so many facts of the warehouse."""

    draw: st.DrawFn
    order: Order
    warehouse: list[Fact] = field(default_factory=list)
    shipments: list[tuple[int, Fact]] = field(default_factory=list)
    seen: int = 0

    def play(self) -> None:
        wanting = {line.line_no: line.ordered for line in self.order.lines.values()}
        for round_no in range(6):
            if wanting:
                self._allocate(wanting, is_last=round_no > 2)
            wanting = {no: quantity for no, quantity in wanting.items() if quantity}
            for release in self._releases():
                self._ship(release, wanting, all_found=round_no > 1)

    def _tell(self, fact: Fact) -> None:
        self.warehouse.append(fact)
        advance(self.order, fact, TERMS)

    def _releases(self) -> list[OrderReleased]:
        found = [event for event in self.order.said[self.seen :] if isinstance(event, OrderReleased)]
        self.seen = len(self.order.said)
        return found

    def _allocate(self, wanting: dict[int, int], *, is_last: bool) -> None:
        found = {no: quantity if is_last else self.draw(st.integers(0, quantity)) for no, quantity in wanting.items()}
        if not self.order.allow_partial and found != wanting:
            found = dict.fromkeys(wanting, 0)
        here = {no: self.draw(st.integers(0, quantity)) for no, quantity in found.items()}
        for warehouse, part in (("SH", here), ("BJ", {no: found[no] - here[no] for no in found})):
            if lines := {no: quantity for no, quantity in part.items() if quantity}:
                self._tell(builders.reserved(self.order.order_id, lines, warehouse=warehouse))
        for no, quantity in found.items():
            wanting[no] -= quantity
        if missing := {no: quantity for no, quantity in wanting.items() if quantity}:
            self._tell(builders.short(self.order.order_id, missing))

    def _ship(self, release: OrderReleased, wanting: dict[int, int], *, all_found: bool) -> None:
        after, order_id = len(self.warehouse), self.order.order_id
        for part in release.warehouses:
            place = Place(warehouse=part.warehouse, release_no=release.release_no)
            picked: dict[int, int] = {}
            for line in part.lines:
                picked[line.line_no] = line.quantity if all_found else self.draw(st.integers(0, line.quantity))
                missing = line.quantity - picked[line.line_no]
                wanting[line.line_no] = wanting.get(line.line_no, 0) + missing
                self._pick(line.line_no, picked[line.line_no], missing, part.warehouse, release.release_no)
            if packed := {no: quantity for no, quantity in picked.items() if quantity}:
                self._tell(builders.packed(order_id, packed, **place))
                self.shipments.append((after, builders.handed_over(order_id, packed, **place)))
                self.shipments.append((after, self._delivery(packed, part.warehouse, release.release_no)))
            else:
                self.shipments.append((after, builders.shipment_cancelled(order_id, reason="empty", **place)))

    def _pick(self, line_no: int, quantity: int, missing: int, warehouse: str, release_no: int) -> None:
        place = Place(warehouse=warehouse, release_no=release_no)
        if missing:
            self._tell(builders.picked_short(self.order.order_id, line_no, quantity, missing, **place))
        else:
            self._tell(builders.picked(self.order.order_id, {line_no: quantity}, **place))

    def _delivery(self, packed: dict[int, int], warehouse: str, release_no: int) -> Fact:
        parts = {}
        for no, quantity in packed.items():
            damaged = self.draw(st.integers(0, quantity))
            lost = self.draw(st.integers(0, quantity - damaged))
            parts[no] = (quantity - damaged - lost, damaged, lost)
        at = THEN + timedelta(minutes=self.draw(st.integers(0, 60)))
        return builders.delivered(self.order.order_id, parts, at=at, warehouse=warehouse, release_no=release_no)
