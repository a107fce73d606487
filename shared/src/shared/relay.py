import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import structlog

from shared.audit.console import record_command
from shared.bus import Bus, BusUnavailable, Record
from shared.crash import crash_point
from shared.database import Pool, Row, open_pool, passes, transaction
from shared.envelope import headers
from shared.observability import OUTBOX_PUBLISHED, RELAY_LEADER
from shared.service import Service
from shared.settings import Settings
from shared.walls import Role

MOST = 500
RENEW_SECONDS = 2.0
TAKEN_OVER_AFTER = "10 s"
REPLAY_SECONDS = 1800
SHORTEST, LONGEST = 0.05, 0.2
log = structlog.get_logger()

_TAKE = f"""
INSERT INTO relay_lease (name, owner, epoch, renewed_at) VALUES ('outbox', $1, 1, now())
ON CONFLICT (name) DO UPDATE SET owner = $1, epoch = relay_lease.epoch + 1, renewed_at = now()
WHERE relay_lease.owner = $1 OR relay_lease.renewed_at < now() - interval '{TAKEN_OVER_AFTER}'
RETURNING epoch
"""
_READ = """
SELECT id, event_id, topic, key, aggregate, version, type, customer_id, occurred_at, created_at,
       correlation_id, causation_id, traceparent, body
FROM outbox WHERE created_at BETWEEN $1 AND $2 AND id = ANY($3) ORDER BY id
"""
_DELETE = """
WITH lease AS (SELECT FROM relay_lease WHERE name = 'outbox' AND epoch = $2 FOR SHARE)
DELETE FROM outbox_pending WHERE id = ANY($1) AND EXISTS (SELECT FROM lease)
"""


@dataclass
class Relay:
    """Sends the outbox, in order, as the one leader of its service. A process of the same `owner` name replaces the one before it at once;
    another one after 10 s. The epoch keeps a leader that was replaced from deleting what it did not know was sent again."""

    pool: Pool
    bus: Bus
    source: str
    owner: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    epoch: int | None = None
    _renewed_at: float = -1e9
    _tried_at: float = -1e9

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; then gives the lease back."""
        pause = SHORTEST
        while not stopping.is_set():
            try:
                sent = await self.step()
                pause = SHORTEST if sent else min(pause * 2, LONGEST)
                if sent < MOST:
                    await self._rest(pause, stopping)
            except BusUnavailable as error:
                log.warning("relay.bus_unavailable", error=str(error))
                await self._rest(1.0, stopping)
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("relay.retries", error=repr(error))
                self.epoch = None
                await self._rest(1.0, stopping)
        await self._give_back()

    async def _rest(self, seconds: float, stopping: asyncio.Event) -> None:
        """Until something was said in this process or the time is up."""
        self.wake.clear()
        waits = [asyncio.ensure_future(self.wake.wait()), asyncio.ensure_future(stopping.wait())]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def step(self) -> int:
        """Send the lowest pending events, then delete what was acknowledged; returns how many. Killed in between, they are sent again."""
        if not await self.leads():
            return 0
        pending = await self.pool.fetch("SELECT id, created_at FROM outbox_pending ORDER BY id LIMIT $1", MOST)
        if not pending:
            return 0
        times = [row["created_at"] for row in pending]
        ledger = await self.pool.fetch(_READ, min(times), max(times), [row["id"] for row in pending])
        if len(ledger) < len(pending):
            log.error("relay.ledger_incomplete", pending=len(pending), found=len(ledger))
        crash_point("relay.read")
        await self.bus.send([self._record(row) for row in ledger])
        crash_point("relay.acked_before_delete")
        await self.delete([row["id"] for row in ledger])
        for topic, sent in Counter(row["topic"] for row in ledger).items():
            OUTBOX_PUBLISHED.labels(topic).inc(sent)
        return len(ledger)

    async def delete(self, ids: Sequence[int]) -> None:
        """Fenced: a leader that was replaced deletes nothing, and nobody replaces it in the middle of a delete."""
        if await self.pool.execute(_DELETE, ids, self.epoch) != f"DELETE {len(ids)}":
            self._renewed_at = -1e9
        crash_point("relay.deleted")

    async def leads(self) -> bool:
        """Take, keep or renew the lease."""
        now = monotonic()
        if self.epoch is None and now - self._tried_at > 1:
            self._tried_at = now
            self.epoch = await self.pool.fetchval(_TAKE, self.owner)
            self._renewed_at = now
            crash_point("relay.lease_taken")
        elif self.epoch is not None and now - self._renewed_at > RENEW_SECONDS:
            renew = "UPDATE relay_lease SET renewed_at = now() WHERE name = 'outbox' AND epoch = $1 RETURNING epoch"
            self.epoch = await self.pool.fetchval(renew, self.epoch)
            self._renewed_at = now
            crash_point("relay.lease_renewed")
        RELAY_LEADER.set(self.epoch is not None)
        return self.epoch is not None

    async def _give_back(self) -> None:
        """While the database is away nobody hears of it; the lease runs out by itself."""
        RELAY_LEADER.set(0)
        crash_point("relay.leaving")
        try:
            await self.pool.execute("UPDATE relay_lease SET renewed_at = '-infinity' WHERE name = 'outbox' AND epoch = $1", self.epoch)
        except Exception as error:
            if not passes(error):
                raise
            log.warning("relay.lease_kept", error=repr(error))

    def _record(self, row: Row) -> Record:
        return Record(row["topic"], row["key"], headers(row, self.source), row["body"])


async def _fence(pool: Pool) -> None:
    """From here on no leader deletes what another log has acknowledged: a delete that is under way holds its lease until it has ended,
    later ones find another epoch."""
    await pool.execute("UPDATE relay_lease SET epoch = epoch + 1 WHERE name = 'outbox'")
    crash_point("relay.fenced")


async def replay(service: Service, settings: Settings, since: str) -> None:
    """Queue everything of the ledger since then once more, in order; consumers drop what they know."""
    at = datetime.fromisoformat(since)
    pool = await open_pool(settings.database(service.package, Role.WORKER), 1)
    sql = "INSERT INTO outbox_pending (id, created_at) SELECT id, created_at FROM outbox WHERE created_at >= $1 ON CONFLICT DO NOTHING"
    try:
        await _fence(pool)
        async with transaction(pool) as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            done = await (await tx.connection()).execute(sql, at if at.tzinfo else at.astimezone(), timeout=REPLAY_SECONDS)
            await record_command(tx, "relay replay", f"from {at.isoformat()}")
            crash_point("relay.queued_again")
    finally:
        await pool.close()
    print(f"{done.split()[-1]} events since {at.isoformat()} are queued again; the worker sends them.")  # noqa: T201 - a command's answer
