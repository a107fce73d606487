"""Seals the entries that are committed, each once, in the worker: whichever of them has the lock at that moment."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shared.audit.chain import NOTHING, ROW_HASH, Head, Seal
from shared.crash import crash_point
from shared.database import Pool, Row, Transaction, passes, transaction
from shared.observability import AUDIT_HEAD, AUDIT_UNSEALED_AGE

MOST = 2_000
EVERY_SECONDS = 1.0
SAY_EVERY = timedelta(minutes=5)
AWAITED_FOR = timedelta(minutes=10)
"""An id is drawn by a transaction's last statement: one that was not committed by then was rolled back."""
MOST_AWAITED = 10_000
ALARM_AFTER = 60.0
log = structlog.get_logger()

_LAST = "SELECT position, hash, entries, top, awaited, awaited_since FROM audit_seals ORDER BY position DESC LIMIT 1"
_UNSEALED = f"""
(SELECT id, {ROW_HASH} AS hash FROM audit WHERE id = ANY($2) ORDER BY id LIMIT $3)
UNION ALL
(SELECT id, {ROW_HASH} AS hash FROM audit WHERE id > $1 ORDER BY id LIMIT $3)
"""
_AGE = """
WITH sealed AS (SELECT top FROM audit_seals ORDER BY position DESC LIMIT 1)
SELECT coalesce(extract(epoch FROM now() - min(at)), 0)::float
FROM (SELECT at FROM audit WHERE id > coalesce((SELECT top FROM sealed), 0) ORDER BY id LIMIT 1000) unsealed
"""


@dataclass(frozen=True, slots=True)
class _State:
    """Where the chain stands, and the ids below `top` that were not committed when it passed them, each with the time of that."""

    head: Head
    entries: int
    top: int
    awaited: dict[int, datetime]

    @classmethod
    def of(cls, row: Row | None) -> "_State":
        if row is None:
            return cls(NOTHING, 0, 0, {})
        awaited = dict(zip(row["awaited"], row["awaited_since"], strict=True))
        return cls(Head(row["position"], row["hash"]), row["entries"], row["top"], awaited)

    def awaited_after(self, ids: Sequence[int], top: int, now: datetime) -> dict[int, datetime]:
        """Ids between those that are there may come later. None is waited for for ever, and not for more than so many."""
        there = set(ids)
        kept = {each: since for each, since in self.awaited.items() if each not in there and since > now - AWAITED_FOR}
        first = max(self.top + 1, top - MOST - MOST_AWAITED)
        missed = [each for each in range(first, top) if each not in there]
        return dict(list((kept | dict.fromkeys(missed, now)).items())[-MOST_AWAITED:])


async def seal_visible(pool: Pool) -> tuple[Head, int] | None:
    """Seal what is committed and was not sealed, at most so many; returns the head and how many. None: another worker is at it."""
    async with transaction(pool) as tx:
        if not await tx.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('audit seals'))"):
            return None
        state = _State.of(await tx.fetchrow(_LAST))
        rows = await tx.fetch(_UNSEALED, state.top, list(state.awaited), MOST)
        head = state.head
        if rows:
            head = await _seal(tx, state, rows)
            crash_point("sealer.sealed")
        return head, len(rows)


async def _seal(tx: Transaction, state: _State, rows: Sequence[Row]) -> Head:
    now, ids = await tx.now(), [row["id"] for row in rows]
    top = max(state.top, ids[-1])
    awaited = state.awaited_after(ids, top, now)
    hashes = b"".join(row["hash"] for row in rows)
    seal = Seal(state.head.position + 1, now, state.entries + len(ids), ids, list(awaited), hashes)
    head = Head(seal.position, seal.hash_after(state.head.hash))
    await tx.execute(
        "INSERT INTO audit_seals (position, sealed_at, entries, ids, awaited, row_hashes, awaited_since, top, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(seal.position, seal.sealed_at, seal.entries, ids, seal.awaited, hashes, list(awaited.values()), top, head.hash),
    )
    return head


class Sealer:
    """Seals every second, and says the head now and then, so that it can be kept where nobody who has the database can change it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._seen = NOTHING
        self._said: tuple[Head, float] = (NOTHING, -1e9)

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                sealed = await self.step()
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("audit.retries", error=repr(error))
                sealed = 0
            if sealed < MOST:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), EVERY_SECONDS)

    async def step(self) -> int:
        """Returns how many entries were sealed."""
        await self._look_back()
        done = await seal_visible(self.pool)
        if done is None:
            return 0
        self._seen, sealed = done
        AUDIT_HEAD.set(self._seen.position)
        self._say()
        return sealed

    async def measure(self) -> None:
        age = await self.pool.fetchval(_AGE)
        AUDIT_UNSEALED_AGE.set(age)
        if age > ALARM_AFTER:
            log.error("audit.not_sealed", seconds=age)

    async def _look_back(self) -> None:
        """What this process has sealed is still what the database says, or somebody has been at the chain."""
        stored = await self.pool.fetchval("SELECT hash FROM audit_seals WHERE position = $1", self._seen.position)
        if self._seen.position and stored != self._seen.hash:
            log.error("audit.chain_replaced", sealed=str(self._seen), found=stored.hex() if stored else None)
            self._seen = NOTHING

    def _say(self) -> None:
        head, at = self._said
        now = asyncio.get_running_loop().time()
        if head != self._seen and now - at > SAY_EVERY.total_seconds():
            log.info("audit.head", head=str(self._seen))
            self._said = (self._seen, now)
