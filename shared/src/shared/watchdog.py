"""Measures a worker every few seconds. It ends one that takes none of the messages that wait: a new one does better than a stalled one. And
it tells a consumer whose place lies beyond the end of the log that this is another log: where no message comes, nothing else would."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import structlog

from shared.bus import BusUnavailable, Partition
from shared.consumer import Consumer
from shared.observability import (
    HELD_AGE,
    HELD_EVENTS,
    LAG_EVENTS,
    LAG_SECONDS,
    OUTBOX_AGE,
    OUTBOX_PENDING,
    OUTBOX_STRAYS,
    PARKED_KEYS,
    set_gauges,
)
from shared.progress import Place

STALLED_AFTER = 20.0
HELD_ALARM_AFTER = 30.0
log = structlog.get_logger()

_STATE = """
SELECT (SELECT count(*) FROM outbox_pending) AS pending,
       (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM outbox_pending) AS pending_age,
       (SELECT count(*) FROM outbox_default) AS strays,
       (SELECT count(*) FROM progress WHERE consumer = $1 AND parked_at IS NOT NULL) AS parked,
       held.events AS held, held.age AS held_age
FROM (
    SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(since)), 0)::float AS age
    FROM waiting w WHERE consumer = $1
    AND NOT EXISTS (SELECT FROM progress p WHERE p.consumer = $1 AND p.aggregate = w.aggregate AND p.parked_at IS NOT NULL)
) held
"""


@dataclass
class Watchdog:
    consumer: Consumer

    async def look_at_the_database(self) -> None:
        row = await self.consumer.pool.fetchrow(_STATE, self.consumer.name)
        assert row
        OUTBOX_PENDING.set(row["pending"])
        OUTBOX_AGE.set(row["pending_age"])
        OUTBOX_STRAYS.set(row["strays"])
        PARKED_KEYS.set(row["parked"])
        HELD_EVENTS.set(row["held"])
        HELD_AGE.set(row["held_age"])
        if row["held_age"] > HELD_ALARM_AFTER:
            log.error("consumer.gap", events=row["held"], seconds=row["held_age"])
        if row["strays"]:
            log.error("outbox.leaf_missing", rows=row["strays"])

    async def look_at_the_log(self) -> None:
        with suppress(BusUnavailable):
            known, ends = dict(self.consumer.positions), await self.consumer.bus.ends()
            lag = self._lag(ends)
            if lag and self.consumer.stalled_for() > STALLED_AFTER:
                log.error("consumer.stalled", lag=lag)
                os._exit(70)
            if not lag:
                self.consumer.moved_at = monotonic()
            await self._start_again_beyond(known, ends)

    async def _start_again_beyond(self, known: Mapping[Partition, Place], ends: Mapping[Partition, int]) -> None:
        """Known before the ends were: so a place that is further is none of this log, where it has not changed since."""
        for partition in known.keys() & ends.keys():
            place = known[partition]
            if place.offset > ends[partition] and self.consumer.positions.get(partition) == place:
                await self.consumer.start_again(partition, place.offset)

    def _lag(self, ends: Mapping[Partition, int]) -> int:
        behind = {p: max(end - self.consumer.positions[p].offset, 0) for p, end in ends.items() if p in self.consumer.positions}
        set_gauges(LAG_EVENTS, [((p.topic, str(p.number)), lag) for p, lag in behind.items()])
        set_gauges(
            LAG_SECONDS, [((p.topic, str(p.number)), _age(self.consumer.recorded.get(p)) if lag else 0) for p, lag in behind.items()]
        )
        return sum(behind.values())


def _age(recorded: str | None) -> float:
    with suppress(ValueError):
        return (datetime.now(UTC) - datetime.fromisoformat(recorded or "")).total_seconds()
    return 0.0
