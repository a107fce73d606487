from collections.abc import Mapping
from math import inf
from time import monotonic

import structlog

from shared.bus import Partition

SILENT_SECONDS, LONGEST_SECONDS = 2.0, 20.0
FORGIVEN_AFTER = 60.0
log = structlog.get_logger()


class Silence:
    """Tells who reads a log whether it may be another one by now: a partition was silent for so long that it could be lost, made anew and
    filled beyond our place. One that is there answers several times a second; who asks it meanwhile sees it end before his place."""

    def __init__(self) -> None:
        self._answers: dict[Partition, float] = {}
        self._answered_at: dict[Partition, float] = {}
        self._allowed, self._raised_at = SILENT_SECONDS, -inf

    def sought(self) -> None:
        """From now on what lies before our places is looked at anyway."""
        self._answered_at.clear()

    def was_too_long(self, answers: Mapping[Partition, float]) -> bool:
        """Was one of these silent for too long before it answered? `answers` are their last ones, by whatever tells one from the next. Each
        time twice as much is allowed, for a minute, so that who is slow and not cut off gets on."""
        now = monotonic()
        new = [partition for partition, answer in answers.items() if answer != self._answers.get(partition)]
        longest = max((now - self._answered_at.get(partition, now) for partition in new), default=0.0)
        self._answers |= answers
        self._answered_at |= dict.fromkeys(new, now)
        if now - self._raised_at > FORGIVEN_AFTER:
            self._allowed = SILENT_SECONDS
        if longest <= self._allowed:
            return False
        log.warning("bus.was_silent", seconds=round(longest, 1))
        self._allowed, self._raised_at = min(2 * self._allowed, LONGEST_SECONDS), now
        return True
