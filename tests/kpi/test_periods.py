from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from kpi.errors import EmptyPeriod, TooManyDays
from kpi.periods import MOST_DAYS, period, read_edge

from tests.kpi.builders import SHANGHAI, AnOrder, a_customer, hours
from tests.kpi.conftest import Figures, Tell


def test_a_date_is_its_first_moment_in_the_business_zone() -> None:
    made = period(read_edge("2024-05-06"), read_edge("2024-05-07"), SHANGHAI)

    assert (made.start, made.end) == (datetime(2024, 5, 5, 16, tzinfo=UTC), datetime(2024, 5, 6, 16, tzinfo=UTC))
    assert made.days == ["2024-05-06"]


def test_an_instant_keeps_its_own_zone() -> None:
    made = period(read_edge("2024-05-06T00:00:00-05:00"), read_edge("2024-05-06T05:00:01Z"), SHANGHAI)

    assert made.end - made.start == timedelta(seconds=1)
    assert made.days == ["2024-05-06"]


def test_a_day_may_have_23_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    made = period(read_edge("2024-03-31"), read_edge("2024-04-01"), berlin)

    assert made.end - made.start == hours(23)
    assert made.days == ["2024-03-31"]


@pytest.mark.parametrize(
    ("start", "end"), [("2024-05-06", "2024-05-06"), ("2024-05-07", "2024-05-06"), ("2024-05-06T01:00:00Z", "2024-05-06")]
)
def test_a_period_ends_after_it_begins(start: str, end: str) -> None:
    with pytest.raises(EmptyPeriod):
        period(read_edge(start), read_edge(end), SHANGHAI)


def test_days_are_listed_up_to_a_limit() -> None:
    start = read_edge("2024-01-01")

    assert len(period(start, start + timedelta(days=MOST_DAYS), SHANGHAI).days) == MOST_DAYS
    with pytest.raises(TooManyDays):
        _ = period(start, start + timedelta(days=MOST_DAYS + 1), SHANGHAI).days


async def test_the_first_moment_belongs_to_a_period_and_the_last_does_not(tell: Tell, figures: Figures) -> None:
    """Midnight in Shanghai is 16:00 UTC of the day before."""
    customer = a_customer()
    midnight = datetime(2024, 5, 10, tzinfo=SHANGHAI)
    just_before = AnOrder(customer, submitted_at=midnight - timedelta(days=3, microseconds=1)).arrived()
    at_midnight = AnOrder(customer, submitted_at=midnight - timedelta(days=3)).arrived()
    await tell(just_before, at_midnight)

    name = "on_time_delivery_rate"

    assert await figures.share(name, customer, **{"from": "2024-05-09", "to": "2024-05-10"}) == (1, 1)
    assert await figures.share(name, customer, **{"from": "2024-05-10", "to": "2024-05-11"}) == (1, 1)
    assert await figures.share(name, customer, **{"from": "2024-05-09T16:00:00Z", "to": "2024-05-10T16:00:00Z"}) == (1, 1)
    assert await figures.share(name, customer, **{"from": "2024-05-09T16:00:00.000001Z", "to": "2024-05-09T17:00:00Z"}) == (0, 0)
    days = await figures.get(f"/kpis/{name}", customer_id=customer, by="day", **{"from": "2024-05-08", "to": "2024-05-11"})
    assert [(row["group"], row["denominator"]) for row in days["rows"]] == [("2024-05-08", 0), ("2024-05-09", 1), ("2024-05-10", 1)]
    assert [row["status"] for row in days["rows"]] == ["no_data", "met", "met"]


@pytest.mark.parametrize(
    ("name", "days"), [("on_time_delivery_rate", 0), ("damage_rate", 7), ("complaint_free_rate", 30), ("resolved_48h_rate", 7)]
)
async def test_a_figure_is_provisional_until_its_look_back_is_over(figures: Figures, name: str, days: int) -> None:
    over = datetime.now(UTC) - timedelta(days=days)
    since = (over - timedelta(days=2)).isoformat().replace("+00:00", "Z")

    open_still = await figures.get(f"/kpis/{name}", **{"from": since, "to": _text(over + timedelta(minutes=1))})
    final = await figures.get(f"/kpis/{name}", **{"from": since, "to": _text(over - timedelta(minutes=1))})

    assert (open_still["provisional"], final["provisional"]) == (True, False)


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
