import pytest
from order_intake.errors import IllegalMove
from order_intake.lifecycle import BEFORE_RELEASE, ENDS, NEXT, OrderStatus, check_move, status_of_order
from order_intake.quantities import BUCKETS, Line

S = OrderStatus
PAIRS = [(status, wanted) for status in S for wanted in S]


@pytest.mark.parametrize(("status", "wanted"), PAIRS)
def test_every_pair_of_states_is_a_way_or_is_refused_with_the_ways_there_are(status: OrderStatus, wanted: OrderStatus) -> None:
    if wanted in NEXT[status]:
        check_move("Order 1", status, wanted)
        return

    with pytest.raises(IllegalMove) as refused:
        check_move("Order 1", status, wanted)

    ways = refused.value.detail.partition("it can become: ")[2].rstrip(".")
    assert set(ways.split(", ")) == ({way.value for way in NEXT[status]} or {"nothing"})


def test_a_refusal_says_what_it_is_about_where_it_stands_and_what_was_wanted() -> None:
    with pytest.raises(IllegalMove, match="The order is shipped and cannot become cancelled; from there it can become: delivered"):
        check_move("The order", OrderStatus.SHIPPED, OrderStatus.CANCELLED)


def test_every_state_leads_to_an_end_and_ends_lead_nowhere() -> None:
    assert {S.CLOSED, S.REJECTED, S.CANCELLED} == ENDS
    for status in S:
        reached = {status}
        for _ in S:
            reached |= {way for each in reached for way in NEXT[each]}
        assert reached & ENDS


def test_only_what_is_not_released_may_be_rejected() -> None:
    assert {status for status in S if S.REJECTED in NEXT[status]} == BEFORE_RELEASE


@pytest.mark.parametrize(("bucket", "status"), BUCKETS.items())
def test_a_line_has_the_status_of_its_bucket(bucket: str, status: OrderStatus) -> None:
    line = Line(1, "SKU", 5, 0)
    setattr(line, bucket, 5)

    assert line.status is status


def test_a_line_is_as_far_as_its_least_advanced_units() -> None:
    assert Line(1, "SKU", 6, waiting=0, backordered=1, shipped=2, delivered=3).status is S.BACKORDERED
    assert Line(1, "SKU", 6, waiting=0, shipped=2, delivered=4).status is S.SHIPPED
    assert Line(1, "SKU", 6, waiting=0, lost=5, cancelled=1).status is S.DELIVERED


def test_an_order_is_as_far_as_its_least_advanced_line() -> None:
    assert status_of_order([S.SHIPPED, S.PICKING, S.SHIPPED]) == (S.PICKING, True)
    assert status_of_order([S.SHIPPED, S.SHIPPED]) == (S.SHIPPED, False)
    assert status_of_order([S.CANCELLED, S.SHIPPED]) == (S.SHIPPED, False)
    assert status_of_order([S.CANCELLED, S.CANCELLED]) == (S.CANCELLED, False)
