"""Every way between two states is gone once, and says its event or was caused by one."""

from collections.abc import Callable
from functools import partial

import pytest
from order_intake.endings import ask_to_cancel, close, reject
from order_intake.fulfilment import Fact, advance, confirm
from order_intake.lifecycle import NEXT, OrderStatus
from order_intake.order import Order
from shared.events import (
    By,
    Event,
    OrderBackordered,
    OrderCancelled,
    OrderClosed,
    OrderConfirmed,
    OrderDelivered,
    OrderRejected,
    OrderReleased,
    PackCompleted,
    PickConfirmed,
    PickShort,
    Promise,
    ShipmentHandedOver,
    StockReserved,
)

from tests.order_intake.builders import THEN, cancellation_refused, delivered, handed_over, packed, picked, picked_short, reserved, short
from tests.order_intake.builders import shipment_cancelled as gone
from tests.order_intake.world import TERMS, a_received_order, an_order

S = OrderStatus
SAYS: dict[OrderStatus, type[Event]] = {
    S.CONFIRMED: OrderConfirmed,
    S.BACKORDERED: OrderBackordered,
    S.RELEASED: OrderReleased,
    S.DELIVERED: OrderDelivered,
    S.CLOSED: OrderClosed,
    S.REJECTED: OrderRejected,
    S.CANCELLED: OrderCancelled,
}
CAUSED_BY: dict[OrderStatus, tuple[type[Event], ...]] = {
    S.CONFIRMED: (PickShort,),
    S.ALLOCATED: (StockReserved,),
    S.PICKING: (PickConfirmed, PickShort),
    S.PACKED: (PackCompleted,),
    S.SHIPPED: (ShipmentHandedOver,),
}


class Walk:
    """An order of one line of ten that notes each way it goes, with what was said and heard on it."""

    def __init__(self, order: Order | None = None, *, allow_partial: bool = False, held: bool = False) -> None:
        self.order: Order = order or an_order([10], allow_partial=allow_partial)
        self.order.open_holds = int(held)
        self.id = self.order.order_id
        self.gone: dict[tuple[OrderStatus, OrderStatus], tuple[list[Event], Fact | None]] = {}

    def hear(self, *facts: Fact) -> "Walk":
        for fact in facts:
            self._note(fact, partial(advance, self.order, fact, TERMS))
        return self

    def cancel(self) -> "Walk":
        return self._note(None, lambda: ask_to_cancel(self.order, By.CUSTOMER, "price"))

    def reject(self) -> "Walk":
        return self._note(None, lambda: reject(self.order, "credit"))

    def confirm(self) -> "Walk":
        return self._note(None, lambda: confirm(self.order, Promise(earliest=THEN, latest=THEN)))

    def close(self) -> "Walk":
        return self._note(None, lambda: close(self.order))

    def _note(self, fact: Fact | None, act: Callable[[], None]) -> "Walk":
        said, entries, was = len(self.order.said), len(self.order.history), self.order.status
        act()
        for entry in self.order.history[entries:]:
            if entry.what in set(S) and entry.what != was:
                status = S(entry.what)
                self.gone[was, status] = (self.order.said[said:], fact)
                was = status
        return self


def _walks() -> list[Walk]:
    full = {1: 10}
    walks = [
        Walk(a_received_order([10])).confirm(),
        Walk(a_received_order([10])).cancel(),
        Walk(a_received_order([10])).reject(),
        Walk().cancel(),
        Walk().reject(),
        (w := Walk()).hear(short(w.id, full)).cancel(),
        (w := Walk()).hear(short(w.id, full)).reject(),
        (w := Walk(held=True)).hear(reserved(w.id, full)).cancel(),
        (w := Walk(held=True)).hear(reserved(w.id, full)).reject(),
        (w := Walk()).hear(short(w.id, full), reserved(w.id, full)).cancel().hear(gone(w.id)),
        (w := Walk()).hear(reserved(w.id, full), picked(w.id, full)).cancel().hear(gone(w.id)),
        (w := Walk()).hear(reserved(w.id, full), picked(w.id, full), packed(w.id, full)).cancel().hear(gone(w.id)),
        (w := Walk()).hear(reserved(w.id, full), picked_short(w.id, 1, 6, 4), short(w.id, {1: 4})),
    ]
    walks += _ways_to_delivery(full) + _ways_back()
    return walks


def _ways_to_delivery(full: dict[int, int]) -> list[Walk]:
    """The later facts may be heard before the earlier."""
    walks = []
    for heard in ("", "i", "k", "ik", "h", "ih", "kh", "ikh"):
        walk = Walk().hear(reserved((w := Walk()).id, full))
        facts: dict[str, Fact] = {"i": picked(w.id, full), "k": packed(w.id, full), "h": handed_over(w.id, full)}
        walks.append(walk.hear(*[facts[each] for each in heard]))
        if "h" not in heard:
            walk.hear(handed_over(w.id, full))
        walk.hear(delivered(w.id, {1: (8, 1, 1)})).close()
    return walks


def _ways_back() -> list[Walk]:
    """A short pick sets back what is allocated, or on backorder, to be reserved anew."""
    waits = Walk(allow_partial=True)
    waits.hear(reserved(waits.id, {1: 4}), short(waits.id, {1: 6}), picked_short(waits.id, 1, 3, 1))
    held = Walk(allow_partial=True)
    held.hear(reserved(held.id, {1: 4}))
    held.order.open_holds = 1
    held.hear(reserved(held.id, {1: 6}), picked_short(held.id, 1, 3, 1))
    return [waits, held]


WALKS = _walks()


@pytest.mark.parametrize(("status", "wanted"), [(status, way) for status in S for way in sorted(NEXT[status])])
def test_every_way_says_its_event_or_was_caused_by_one(status: OrderStatus, wanted: OrderStatus) -> None:
    walks = [walk for walk in WALKS if (status, wanted) in walk.gone]
    assert walks, f"no walk goes from {status} to {wanted}"
    for walk in walks:
        said, fact = walk.gone[status, wanted]
        is_said = SAYS.get(wanted) in [type(event) for event in said]
        assert is_said or isinstance(fact, CAUSED_BY.get(wanted, ()))


def test_a_refused_cancellation_is_said_once_and_the_order_goes_on() -> None:
    walk = Walk()
    walk.hear(reserved(walk.id, {1: 10})).cancel()

    walk.hear(cancellation_refused(walk.id), cancellation_refused(walk.id))

    types = [event.type for event in walk.order.said]
    assert types.count("order.cancellation_refused.v1") == 1
    assert walk.order.status is S.RELEASED
