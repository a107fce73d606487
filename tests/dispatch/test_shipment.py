from itertools import product

import pytest
from dispatch.errors import IllegalMove
from dispatch.shipment import NEXT, Line, Shipment, Status
from uuid_utils.compat import uuid7


def a_shipment(status: Status = Status.PLANNED, *lines: Line) -> Shipment:
    return Shipment(shipment_id=uuid7(), order_id=uuid7(), customer_id="C", warehouse="SH", release_no=1, status=status, lines=lines)


LEGAL = {
    ("planned", "assigned"),
    ("planned", "cancelled"),
    ("assigned", "assigned"),
    ("assigned", "handed_over"),
    ("assigned", "cancelled"),
    ("handed_over", "handed_over"),
    ("handed_over", "delivered"),
}


@pytest.mark.parametrize("now, wanted", list(product(Status, Status)))
def test_every_pair_of_states_is_a_way_or_a_refusal_that_lists_the_ways(now: Status, wanted: Status) -> None:
    shipment = a_shipment(now)

    if (now, wanted) in LEGAL:
        moved = shipment.become(wanted)
        assert (moved.status, moved.event_version) == (wanted, shipment.event_version + 1)
    else:
        with pytest.raises(IllegalMove) as refused:
            shipment.become(wanted)
        assert refused.value.status == 409
        assert all(legal in refused.value.detail for legal in NEXT[now])


def test_what_was_found_must_be_packed_and_something_must_have_been_found() -> None:
    whole, part = Line(1, "A", 10, packed=10), Line(2, "B", 5, missing=2, packed=3)
    gone, open_ = Line(3, "C", 4, missing=4), Line(4, "D", 4, missing=1, packed=2)

    assert a_shipment(Status.PLANNED, whole, part, gone).is_ready
    assert not a_shipment(Status.PLANNED, whole, open_).is_ready
    assert not a_shipment(Status.PLANNED, gone).is_ready


def test_it_is_empty_when_every_line_is_wholly_missing() -> None:
    gone, part = Line(1, "A", 4, missing=4), Line(2, "B", 4, missing=3)

    assert a_shipment(Status.PLANNED, gone).is_empty
    assert not a_shipment(Status.PLANNED, gone, part).is_empty


def test_only_packed_lines_are_advised() -> None:
    shipment = a_shipment(Status.PLANNED, Line(1, "A", 4, missing=4), Line(2, "B", 4, missing=1, packed=3))

    assert [(line.line_no, line.packed) for line in shipment.advised] == [(2, 3)]
