from shared.backoff import Backoff

from tests.shared.clock import Clock


def backoff(allowed: int = 3, most: int = 100) -> tuple[Backoff, Clock]:
    clock = Clock()
    return Backoff(allowed, most, clock), clock


def test_a_few_failures_are_free() -> None:
    waits, _ = backoff()

    assert [waits.failed("a"), waits.failed("a"), waits.wait("a")] == [0, 0, 0]


def test_the_wait_doubles_up_to_a_minute() -> None:
    waits, clock = backoff()
    seen = []

    for _ in range(11):
        seen.append(waits.failed("a"))
        clock.now += waits.wait("a")

    assert seen == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_failures_far_apart_are_never_too_many() -> None:
    waits, clock = backoff()

    for _ in range(20):
        assert waits.failed("a") == 0
        clock.now += 61


def test_who_kept_quiet_for_a_minute_begins_anew() -> None:
    waits, clock = backoff()
    for _ in range(5):
        waits.failed("a")

    clock.now += waits.wait("a") + 61

    assert waits.failed("a") == 0


def test_others_do_not_wait_and_who_succeeds_is_forgiven() -> None:
    waits, _ = backoff()
    for _ in range(5):
        waits.failed("a")

    assert waits.wait("b") == 0
    waits.forgive("a")
    assert waits.wait("a") == 0


def test_a_million_names_do_not_fill_the_memory() -> None:
    waits, _ = backoff(most=50)

    for number in range(1000):
        waits.failed(number)

    assert len(waits) == 50
    assert [waits.failed(999), waits.failed(999)] == [0, 1], "the latest are remembered"
