"""When the broker lost everything, and since when each ledger is queued again. The clock is this machine's, which is the databases'."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg


@dataclass
class Losses:
    """`at` is when the last one was over: what was said later was on no log that is lost. `replayed_at`: by package, None = owed.
    `excused`: events that are not in order on the bus, and need not be."""

    times: int = 0
    at: datetime | None = None
    replayed_at: dict[str, datetime | None] = field(default_factory=dict)
    excused: int = 0

    @property
    def owed(self) -> list[str]:
        return [package for package, at in self.replayed_at.items() if at is None]

    def happened(self, packages: Iterable[str]) -> None:
        """The broker is down, its log is gone, the next one has not begun."""
        self.times += 1
        self.at, self.replayed_at = datetime.now(UTC), dict.fromkeys(packages)

    def replayed(self, package: str) -> None:
        """The first time counts: from then on everything of this ledger is on the log or waits, in order."""
        if package in self.owed:
            self.replayed_at[package] = datetime.now(UTC)


_EXCUSED = """
INSERT INTO excused SELECT later.aggregate, later.version FROM outbox later
JOIN outbox earlier ON (earlier.service, earlier.aggregate, earlier.version) = (later.service, later.aggregate, later.version - 1)
JOIN unnest($2::text[], $3::timestamptz[]) AS replays (service, at) ON replays.service = later.service
WHERE earlier.created_at < $1 AND (later.created_at < replays.at) IS NOT FALSE
"""


async def excuse(checker: asyncpg.Connection, losses: Losses) -> None:
    """Into the table `excused`, the events that may lie before the one before them: that one may have gone with a log that was lost, and
    they may have been sent to the next one before it was queued again. No others: what is pending is sent in order."""
    await checker.execute("CREATE TEMP TABLE excused (aggregate text, version int)")
    services = [package.replace("_", "-") for package in losses.replayed_at]
    await checker.execute(_EXCUSED, losses.at, services, list(losses.replayed_at.values()))
