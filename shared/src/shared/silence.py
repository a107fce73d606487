from math import inf
from time import monotonic

import structlog

SILENT_SECONDS, LONGEST_SECONDS = 2.0, 20.0
FORGIVEN_AFTER = 60.0
log = structlog.get_logger()


class Silence:
    """Tells who reads a log whether it may be another one by now, because it was silent for so long that it could be lost, made anew and
    filled beyond our place. A log that is there answers several times a second, and who asks it meanwhile sees it end before his place."""

    def __init__(self) -> None:
        self._answer = 0.0
        self._answered_at: float | None = None
        self._allowed, self._raised_at = SILENT_SECONDS, -inf

    def sought(self) -> None:
        """From now on what lies before our place is looked at anyway."""
        self._answered_at = None

    def ends(self, answer: float) -> bool:
        """Was the log silent for too long before this answer? One that is known already is none. Each time twice as much is allowed, for a
        minute, so that who is slow and not cut off gets on."""
        if answer == self._answer:
            return False
        now, before = monotonic(), self._answered_at
        self._answer, self._answered_at = answer, now
        if now - self._raised_at > FORGIVEN_AFTER:
            self._allowed = SILENT_SECONDS
        if before is None or now - before <= self._allowed:
            return False
        log.warning("bus.was_silent", seconds=round(now - before, 1))
        self._allowed, self._raised_at = min(2 * self._allowed, LONGEST_SECONDS), now
        return True
