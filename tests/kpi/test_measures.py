from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kpi.definitions import KPIS
from kpi.measures import Status, Tally, half_up, measure, segments_of, wilson

from tests.kpi.builders import MORNING, AnOrder, a_customer
from tests.kpi.conftest import Figures, Tell


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"), [(495, 500, "97.68", "99.57"), (490, 500, "96.36", "98.91"), (1, 1000, "0.018", "0.564")]
)
def test_wilson_gives_the_golden_figures(numerator: int, denominator: int, low: str, high: str) -> None:
    digits = len(low.partition(".")[2])

    found = [half_up(Fraction(100 * edge), digits) for edge in wilson(numerator, denominator)]

    assert found == [Decimal(low), Decimal(high)]


@given(st.integers(1, 10**9).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)

    assert 0 <= low <= counts[0] / counts[1] + 1e-12
    assert counts[0] / counts[1] - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"), [(1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13"), (1, 1, "100.00"), (0, 7, "0.00")]
)
def test_percentages_have_two_decimals_and_round_halves_up(numerator: int, denominator: int, shown: str) -> None:
    assert measure(KPIS["unit_fill_rate"], Tally(None, numerator, denominator)).value == Decimal(shown)


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "status"),
    [
        ("on_time_delivery_rate", 99, 100, Status.MET),
        ("on_time_delivery_rate", 98996, 100000, Status.MISSED),  # shown as 99.00, and yet less
        ("on_time_delivery_rate", 98, 100, Status.MISSED),  # the interval reaches 99.45
        ("on_time_delivery_rate", 490, 500, Status.MISSED_SIGNIFICANT),  # it ends at 98.91
        ("damage_rate", 1, 1000, Status.MET),
        ("damage_rate", 2, 1000, Status.MISSED),  # it begins at 0.055
        ("damage_rate", 20, 1000, Status.MISSED_SIGNIFICANT),
        ("damage_rate", 0, 0, Status.NO_DATA),
        ("stockout_frequency", 1, 2, Status.NO_TARGET),
    ],
)
def test_a_target_is_met_missed_or_surely_missed(name: str, numerator: int, denominator: int, status: Status) -> None:
    assert measure(KPIS[name], Tally(None, numerator, denominator)).status is status


_STEPS = st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), min_size=4, max_size=4)


@given(_STEPS)
def test_the_four_segments_of_an_order_add_up_to_its_lead_time(steps: list[timedelta]) -> None:
    stamps = [MORNING + sum(steps[:count], timedelta(0)) for count in range(5)]

    segments = segments_of(stamps)

    assert segments
    assert sum(segments.values()) == half_up(Fraction((stamps[-1] - stamps[0]) // timedelta(microseconds=1), 60_000_000))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEPS, min_size=1, max_size=4))
async def test_the_segments_of_many_orders_add_up_to_their_mean(tell: Tell, figures: Figures, ways: list[list[timedelta]]) -> None:
    customer = a_customer()
    for transmission, processing, preparation, delivery in ways:
        order = AnOrder(customer).placed()
        order.events[0] = order.events[0].model_copy(update={"occurred_at": MORNING + transmission})
        released = transmission + processing
        order.allocated().released(after=released).handed_over(after=released + preparation)
        await tell(order.delivered(after=released + preparation + delivery))

    row = await figures.measure("order_lead_time", customer)

    assert row["numerator"] == sum((sum(way, timedelta(0)) for way in ways), timedelta(0)) // timedelta(microseconds=1)
    assert round(sum(row["lead_time"]["segments"].values()), 2) == row["value"]
    assert row["lead_time"]["segmented"] == len(ways)
