"""When a log that speaks again may be another one."""

import pytest
from shared.bus import Partition
from shared.silence import FORGIVEN_AFTER, LONGEST_SECONDS, SILENT_SECONDS, Silence
from structlog.testing import capture_logs

from tests.shared.clock import Clock

LONG = SILENT_SECONDS + 1
HERE, ELSEWHERE = Partition("orders", 0), Partition("stock", 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("shared.silence.monotonic", clock)
    return clock


def after(seconds: float, silence: Silence, clock: Clock) -> bool:
    """An answer so much later than the one before."""
    clock.now += seconds
    return silence.was_too_long({HERE: clock.now})


def test_only_a_long_silence_counts(clock: Clock) -> None:
    silence = Silence()

    with capture_logs() as logs:
        assert [after(seconds, silence, clock) for seconds in (LONG, 0.2, SILENT_SECONDS, LONG + 0.14)] == [False, False, False, True]

    assert logs == [{"event": "bus.was_silent", "log_level": "warning", "seconds": LONG + 0.1}]


def test_an_answer_that_is_known_ends_no_silence(clock: Clock) -> None:
    silence = Silence()
    after(0, silence, clock)
    known = clock.now

    clock.now += LONG
    assert not silence.was_too_long({HERE: known})
    assert after(0.2, silence, clock)


def test_one_partition_is_silent_while_another_answers(clock: Clock) -> None:
    silence = Silence()
    last = clock.now
    for _ in range(20):
        assert not silence.was_too_long({HERE: last, ELSEWHERE: clock.now})
        clock.now += 0.2

    assert silence.was_too_long({HERE: clock.now, ELSEWHERE: clock.now})


def test_what_was_answered_before_seeking_does_not_count(clock: Clock) -> None:
    silence = Silence()
    after(0, silence, clock)

    silence.sought()

    assert not after(LONG, silence, clock)


def test_who_is_slow_gets_on(clock: Clock) -> None:
    """What is small comes at once, what is large takes longer each time than a silence may."""
    silence, lost = Silence(), 0
    for _ in range(20):
        after(0.2, silence, clock)
        if after(LONG, silence, clock):
            lost += 1
            silence.sought()

    assert lost < 4


def test_what_no_answer_takes_is_a_silence_however_often_it_comes(clock: Clock) -> None:
    silence = Silence()
    after(0, silence, clock)

    assert [after(LONGEST_SECONDS + 1, silence, clock) for _ in range(10)] == [True] * 10


def test_after_a_quiet_minute_it_is_as_strict_as_before(clock: Clock) -> None:
    silence = Silence()
    assert [after(seconds, silence, clock) for seconds in (0, LONG, LONG)] == [False, True, False]

    for _ in range(int(FORGIVEN_AFTER)):
        assert not after(1, silence, clock)

    assert after(LONG, silence, clock)
