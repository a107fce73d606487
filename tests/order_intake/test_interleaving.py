"""The warehouse's topic and the carriers' are not ordered among each other: however they are heard, the order ends the same."""

from hypothesis import given, settings
from hypothesis import strategies as st
from order_intake.fulfilment import advance
from order_intake.lifecycle import OrderStatus
from order_intake.order import Order
from order_intake.quantities import BUCKETS
from shared.events import Event, OrderReleased

from tests.order_intake.world import TERMS, World, an_order

Heard = tuple[Order, Order]


@st.composite
def ways(draw: st.DrawFn) -> Heard:
    """An order that heard everything as it happened, and one that heard the same in another order."""
    quantities = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    allow_partial = draw(st.booleans())
    world = World(draw, an_order(quantities, allow_partial=allow_partial))
    world.play()
    for _, fact in world.shipments:
        advance(world.order, fact, TERMS)
    other = an_order(quantities, allow_partial=allow_partial, order_id=world.order.order_id)
    warehouse, shipments = list(world.warehouse), list(world.shipments)
    while warehouse or shipments:
        heard = len(world.warehouse) - len(warehouse)
        may_ship = shipments and shipments[0][0] <= heard
        if may_ship and (not warehouse or draw(st.booleans())):
            advance(other, shipments.pop(0)[1], TERMS)
        else:
            advance(other, warehouse.pop(0), TERMS)
        _counts_are_whole(other)
    return world.order, other


def _counts_are_whole(order: Order) -> None:
    for line in order.lines.values():
        counts = [getattr(line, bucket) for bucket in BUCKETS]
        assert min(counts) >= 0
        assert sum(counts) == line.ordered
    for line in order.lines.values():
        assert line.reserved == sum(quantity for (_, line_no), quantity in order.reservations.items() if line_no == line.line_no)


def _releases(order: Order) -> list[Event]:
    return [event for event in order.said if isinstance(event, OrderReleased)]


@given(ways())
@settings(max_examples=150, deadline=None)
def test_the_end_does_not_depend_on_what_is_heard_first(way: Heard) -> None:
    straight, other = way

    assert straight.status is other.status is OrderStatus.DELIVERED
    assert straight.lines == other.lines
    assert straight.delivered_at == other.delivered_at
    assert (straight.partial, straight.release_count, straight.open_shipments) == (other.partial, other.release_count, other.open_shipments)
    assert [type(event) for event in straight.said].count(type(straight.said[-1])) == 1
    assert [event.model_dump() | {"event_id": None, "version": None} for event in _releases(straight)] == [
        event.model_dump() | {"event_id": None, "version": None} for event in _releases(other)
    ]


@given(ways())
@settings(max_examples=50, deadline=None)
def test_versions_count_without_gaps_and_history_tells_every_status(way: Heard) -> None:
    for order in way:
        assert [event.version for event in order.said] == list(range(1, order.event_version + 1))
        assert [entry.what for entry in order.history if entry.what in set(OrderStatus)][-1] == "delivered"
