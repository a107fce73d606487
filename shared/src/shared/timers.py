from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from shared.crash import crash_point
from shared.database import Pool, Transaction, columns, passes, transaction
from shared.registry import Timers

DUE_AT_ONCE = 200
log = structlog.get_logger()

_DUE = """
DELETE FROM timers WHERE id IN (SELECT id FROM timers WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING kind, subject, failures
"""


async def set_timers(tx: Transaction, kind: str, due: Sequence[tuple[str, datetime]]) -> None:
    """Remember to fire `kind` for each subject at its time, by the database's clock; twice is harmless."""
    if due:
        sql = "INSERT INTO timers (kind, subject, due_at) SELECT $1, * FROM unnest($2::text[], $3::timestamptz[])"
        await tx.execute(sql, kind, *columns(due, 2))


async def fire_due(pool: Pool, timers: Timers) -> int:
    """Fire what is due, all of a kind at once; returns how many. What fails is tried again later, alone, and stops nothing else."""
    try:
        async with transaction(pool) as tx:
            due: defaultdict[str, list[str]] = defaultdict(list)
            for row in await tx.fetch(_DUE, DUE_AT_ONCE):
                due[row["kind"]].append(row["subject"])
            for kind in sorted(due):
                await timers.all[kind](tx, list(dict.fromkeys(due[kind])))
            if due:
                crash_point("timers.fired")
        if due:
            crash_point("timers.committed")
        return sum(map(len, due.values()))
    except Exception as error:
        if passes(error):
            raise
        log.exception("timer.failed_together")
        return await _fire_one_by_one(pool, timers)


async def _fire_one_by_one(pool: Pool, timers: Timers) -> int:
    fired = 0
    for _ in range(DUE_AT_ONCE):
        async with transaction(pool) as tx:
            rows = await tx.fetch(_DUE, 1)
            if not rows:
                return fired
            fired += await _fire(tx, timers, rows[0]["kind"], rows[0]["subject"], rows[0]["failures"])
            crash_point("timers.fired_alone")
    return fired


async def _fire(tx: Transaction, timers: Timers, kind: str, subject: str, failures: int) -> int:
    try:
        async with tx.savepoint():
            await timers.all[kind](tx, [subject])
            await tx.flush()
            return 1
    except Exception as error:
        if passes(error):
            raise
        log.exception("timer.failed", kind=kind, subject=subject, failures=failures + 1)
        due = await tx.now() + timedelta(seconds=min(2**failures, 3600))
        again = "INSERT INTO timers (kind, subject, due_at, failures) VALUES ($1, $2, $3, $4)"
        await tx.execute(again, kind, subject, due, failures + 1)
        return 0
