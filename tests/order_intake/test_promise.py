from datetime import UTC, datetime, timedelta

import pytest
from order_intake.promise import promised
from order_intake.settings import Terms
from shared.events import ServiceLevel, Window

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("earliest", "latest", "promise"),
    [
        (None, None, (0, 3)),
        (1, 2, (0, 3)),
        (1, 5, (1, 5)),
        (None, 5, (0, 5)),
        (1, None, (1, 4)),
        (-1, None, (0, 3)),
    ],
)
def test_the_requested_window_is_promised_where_it_is_later(earliest: int | None, latest: int | None, promise: tuple[int, int]) -> None:
    requested = Window(earliest=NOW + earliest * DAY if earliest else None, latest=NOW + latest * DAY if latest else None)

    made = promised(NOW, 3 * DAY, requested)

    assert (made.earliest, made.latest) == (NOW + promise[0] * DAY, NOW + promise[1] * DAY)


def test_each_service_level_has_its_time() -> None:
    hours = [
        Terms().promised_within(level) / timedelta(hours=1) for level in (ServiceLevel.EXPRESS, ServiceLevel.STANDARD, ServiceLevel.ECONOMY)
    ]

    assert hours == [24, 72, 120]


def test_terms_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSC_PROMISE_STANDARD", "1500ms")
    monkeypatch.setenv("LSC_RELEASE_HORIZON", "90s")

    assert (Terms().promise_standard, Terms().release_horizon) == (timedelta(seconds=1.5), timedelta(seconds=90))
