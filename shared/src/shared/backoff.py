from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

WINDOW_SECONDS = 60.0
LONGEST_SECONDS = 60.0
MOST = 20_000


@dataclass(slots=True)
class _Failures:
    count: int
    since: float
    until: float = 0.0


class Backoff:
    """Who fails `allowed` times within a minute has to wait 1, 2, 4 … 60 s before each further try; the `most` latest are remembered."""

    def __init__(self, allowed: int, most: int = MOST, clock: Callable[[], float] = monotonic) -> None:
        self._allowed, self._most, self._clock = allowed, most, clock
        self._failures: dict[Hashable, _Failures] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, who: Hashable) -> float:
        """Seconds until the next try is looked at; 0: now."""
        failures = self._failures.get(who)
        return max(failures.until - self._clock(), 0.0) if failures else 0.0

    def failed(self, who: Hashable) -> float:
        """Another failure; returns the seconds to wait after it."""
        now = self._clock()
        failures = self._failures.pop(who, None)
        if failures is None or now > max(failures.since + WINDOW_SECONDS, failures.until + LONGEST_SECONDS):
            failures = _Failures(0, now)
        failures.count += 1
        if (over := failures.count - self._allowed) >= 0:
            failures.until = now + min(2.0 ** min(over, 6), LONGEST_SECONDS)
        self._failures[who] = failures
        if len(self._failures) > self._most:
            del self._failures[next(iter(self._failures))]
        return self.wait(who)

    def forgive(self, who: Hashable) -> None:
        self._failures.pop(who, None)
