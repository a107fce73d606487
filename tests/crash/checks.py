"""What must be true when the system has come to rest: the invariants of the demo, and what the rig alone can know."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import asyncpg
from aiokafka import TopicPartition
from pydantic_core import from_json
from shared.walls import Role

from deploy.local.demo.board import Board, Rest
from deploy.local.demo.evidence import evidence
from deploy.local.demo.invariants import INVARIANTS, Invariant, judge_each
from deploy.local.demo.log_dump import ends_of, logged
from deploy.local.demo.target import Target, subscriptions
from tests.crash.faults.catalogue import Field, Poisoned
from tests.crash.faults.events import MARK
from tests.crash.ledger import Ledger
from tests.crash.losses import excuse
from tests.crash.stage import CLOSE_AFTER, Stage
from tests.crash.vigil import OURS, Finding

PARKED = Invariant("I14", "Parked is what was poisoned, and what follows it waits", "")
BURIED = Invariant("I14", "Every consumer buries each message that it cannot apply, once", "")
CLOSED = Invariant("I11", "Every delivered order is closed when its time has come", "SELECT * FROM orders WHERE status = 'delivered'")
PUNCTUAL = Invariant(
    "I11",
    "No order is closed before its time, whatever the clock of a process says",
    "SELECT aggregate, delivered.created_at AS delivered, closed.created_at AS closed FROM outbox delivered JOIN outbox closed"
    " USING (aggregate) WHERE delivered.type = 'order.delivered.v1' AND closed.type = 'order.closed.v1'"
    f" AND closed.created_at < delivered.created_at + interval '{CLOSE_AFTER}'",
)
WORK = Invariant("I11", "Staff and customers can do what is theirs to do", "")
STUCK = Invariant("I11", "Everything settles when it is left in peace", "")
RECOUNTED = Invariant("I16", "Every KPI is what the topics say when it is counted anew", "")
RECOUNT_SECONDS = 240.0
DEFINITE = Invariant("I1", "Every attempt ends definitely", "")
_IS_EXCUSED = "EXISTS (SELECT FROM excused WHERE (excused.aggregate, excused.version) = (early.aggregate, early.version))"


class Bench(Board):
    """Rest, whatever the rig itself has put on the bus."""

    counted = f"SELECT coalesce(sum(version), 0)::bigint FROM progress WHERE NOT {OURS}"


async def left(target: Target) -> Rest:
    """Of the rig's own records as well, which the board does not know of."""
    async with Bench(target) as board:
        rest = await board.rest()
    return rest if rest.left else Rest(await unread(target))


async def unread(target: Target) -> dict[str, int]:
    """By service: records that lie beyond its places."""
    found: dict[str, int] = {}
    ends = await ends_of(str(target.kafka_bootstrap_servers))
    for package, topics in subscriptions(target).items():
        connection = await asyncpg.connect(target.database(package, Role.STAFF))
        rows = await connection.fetch("SELECT topic, partition, next_offset FROM consumer_offsets")
        await connection.close()
        read = {TopicPartition(topic, number): offset for topic, number, offset in rows}
        found[f"records unread in {package}"] = sum(end - read.get(place, 0) for place, end in ends.items() if place.topic in topics)
    return {what: count for what, count in found.items() if count > 0}


async def final(ground: Field, ledger: Ledger) -> list[Finding]:
    """Everything, once; and once more what was looked at all the time, which may have happened since."""
    await ground.vigil.look_once_more()
    found = [*ground.vigil.findings, *(Finding(DEFINITE, 1, text) for text in ledger.without_answer()[:1])]
    found += await _poison(ground)
    async with evidence(ground.target, ledger.acknowledged(), logged(ground.target, but=MARK)) as checker:
        await _leave_out_ours(checker)
        await excuse(checker, ground.vigil.losses)
        ground.vigil.losses.excused = await excused(checker)
        verdicts = await judge_each(checker, adapted(INVARIANTS))
    known = [finding.invariant for finding in found]
    wrong = [verdict for verdict in verdicts if verdict.broken and verdict.invariant not in known]
    return found + [Finding(verdict.invariant, verdict.broken, verdict.first or "") for verdict in wrong]


async def counted_anew(stage: Stage) -> list[Finding]:
    """Every KPI over all time, from the topics alone."""
    try:
        async with asyncio.timeout(RECOUNT_SECONDS):
            await stage.tool("kpi.rebuild", "--check")
    except (RuntimeError, TimeoutError) as differing:
        return [Finding(RECOUNTED, 1, str(differing) or f"kpi.rebuild did not end within {RECOUNT_SECONDS:.0f} s")]
    return []


async def excused(checker: asyncpg.Connection) -> int:
    """Events that are not in order on the bus, and of which that is not said."""
    [order] = [one for one in INVARIANTS if one.name == "I9"]
    found: int = await checker.fetchval(f"SELECT count(*) FROM ({order.offenders}) AS early WHERE {_IS_EXCUSED}")
    return found


async def _leave_out_ours(checker: asyncpg.Connection) -> None:
    """Things that nobody has, and letters of the dead."""
    for table in ("progress", "waiting"):
        await checker.execute(f"DELETE FROM {table} WHERE {OURS}")
    await checker.execute("DELETE FROM outbox WHERE topic LIKE '%.dead-letters'")


def adapted(invariants: Iterable[Invariant]) -> Sequence[Invariant]:
    """What the loss of a log has disordered is excused; whatever was delivered is closed before anybody looks, and not too early."""
    return [*(replace(one, offenders=_but_excused(one)) if one.name == "I9" else one for one in invariants), CLOSED, PUNCTUAL]


def _but_excused(order: Invariant) -> str:
    return f"SELECT * FROM ({order.offenders}) AS early WHERE NOT {_IS_EXCUSED}"


async def _poison(ground: Field) -> list[Finding]:
    found: list[Finding] = []
    for service in ground.stage.services:
        connection = await asyncpg.connect(ground.target.database(service.package, Role.STAFF))
        try:
            found += _differing(service.name, await _parked(connection), ground.poisoned.values())
            found += _buried(service.name, await _letters(connection), ground.poisoned)
        finally:
            await connection.close()
    return found


async def _parked(connection: asyncpg.Connection) -> dict[str, list[int]]:
    """The versions that wait, of every aggregate of ours that is parked."""
    rows = await connection.fetch(
        "SELECT aggregate, array(SELECT version FROM waiting w WHERE w.aggregate = p.aggregate ORDER BY 1) AS waits FROM progress p"
        f" WHERE parked_at IS NOT NULL AND {OURS}"
    )
    return {row["aggregate"]: list(row["waits"]) for row in rows}


async def _letters(connection: asyncpg.Connection) -> list[str]:
    """The marks of the records that were buried here."""
    rows = await connection.fetch("SELECT body FROM outbox WHERE topic LIKE '%.dead-letters'")
    return [from_json(row["body"])["headers"].get(MARK, "") for row in rows]


def _differing(service: str, parked: dict[str, list[int]], poisoned: Iterable[Poisoned]) -> list[Finding]:
    wanted = {one.aggregate: one for one in poisoned if service in one.parks}
    wrong = [f"{service} has parked {aggregate}, which nobody poisoned" for aggregate in parked.keys() - wanted.keys()]
    wrong += [f"{service} has not parked {thing}" for thing, one in wanted.items() if service in one.certain and thing not in parked]
    wrong += [
        f"{service} holds versions {waits} behind {thing}"
        for thing, waits in parked.items()
        if thing in wanted and service in wanted[thing].certain and waits != [1, 2]
    ]
    return [Finding(PARKED, len(wrong), wrong[0])] if wrong else []


def _buried(service: str, marks: list[str], poisoned: dict[str, Poisoned]) -> list[Finding]:
    wrong = [f"{service} buried {mark or 'an event of ours'} that nobody poisoned" for mark in marks if mark not in poisoned]
    for mark, one in poisoned.items():
        times, meant = marks.count(mark), int(service in one.buries)
        if times > meant or (service in one.certain and times < meant):
            wrong.append(f"{service} buried {one.aggregate} ({mark}) {times} times, not {meant}")
    return [Finding(BURIED, len(wrong), wrong[0])] if wrong else []
