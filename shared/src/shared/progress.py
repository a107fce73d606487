"""A consumer's place: per partition in `consumer_offsets`, per aggregate in `progress`, and the events that wait in `waiting`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic_core import from_json, to_json

from shared.bus import Heard, Partition
from shared.database import Pool, Transaction, columns
from shared.envelope import Envelope, opened
from shared.gate import Standing


class Place(NamedTuple):
    """The next offset to read, and the id of the last event applied before it."""

    offset: int
    last_event_id: str | None


class Move(NamedTuple):
    partition: Partition
    expected: int
    next: int
    last_event_id: str | None


async def places(pool: Pool, consumer: str, partitions: Iterable[Partition]) -> dict[Partition, Place]:
    """Where to go on reading; a partition that was never read starts at 0."""
    rows = await pool.fetch("SELECT topic, partition, next_offset, last_event_id FROM consumer_offsets WHERE consumer = $1", consumer)
    known = {Partition(row["topic"], row["partition"]): Place(row["next_offset"], row["last_event_id"]) for row in rows}
    return {partition: known.get(partition, Place(0, None)) for partition in partitions}


_MOVE = """
WITH moves AS (
    SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[]) AS m(topic, partition, expected, next, last)
),
begun AS (
    INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, last_event_id)
    SELECT $1, topic, partition, next, last FROM moves WHERE expected = 0 ORDER BY topic, partition
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset, last_event_id = excluded.last_event_id
        WHERE consumer_offsets.next_offset = 0
    RETURNING topic, partition
),
locked AS (
    SELECT o.topic, o.partition FROM consumer_offsets o JOIN moves m USING (topic, partition)
    WHERE o.consumer = $1 AND m.expected > 0 ORDER BY o.topic, o.partition FOR UPDATE OF o
),
moved AS (
    UPDATE consumer_offsets o SET next_offset = m.next, last_event_id = m.last
    FROM moves m JOIN locked l USING (topic, partition)
    WHERE o.consumer = $1 AND o.topic = m.topic AND o.partition = m.partition AND o.next_offset = m.expected
    RETURNING o.topic, o.partition
)
SELECT topic, partition FROM begun UNION ALL SELECT topic, partition FROM moved
"""


async def move(tx: Transaction, consumer: str, moves: Sequence[Move]) -> set[Partition]:
    """Compare and set, all partitions in one statement; returns those that were where we thought. The others have another reader now."""
    rows = [(m.partition.topic, m.partition.number, m.expected, m.next, m.last_event_id) for m in moves]
    won = await tx.fetch(_MOVE, consumer, *columns(rows, 5))
    return {Partition(row["topic"], row["partition"]) for row in won}


async def standings(tx: Transaction, consumer: str, aggregates: Sequence[str]) -> dict[str, Standing]:
    """How far we are with each, locked; sorted, because an operator's command may lock some of them too."""
    rows = await tx.fetch(
        "SELECT aggregate, version, parked_at IS NOT NULL AS parked,"
        " EXISTS (SELECT FROM waiting w WHERE w.consumer = p.consumer AND w.aggregate = p.aggregate) AS waits"
        " FROM progress p WHERE consumer = $1 AND aggregate = ANY($2) ORDER BY aggregate FOR UPDATE",
        consumer,
        sorted(aggregates),
    )
    known = {row["aggregate"]: Standing(row["version"], row["parked"], row["waits"]) for row in rows}
    return {aggregate: known.get(aggregate) or Standing() for aggregate in aggregates}


async def stored(tx: Transaction, consumer: str, aggregates: Sequence[str]) -> list[Envelope]:
    """What waits for these aggregates, in order of version."""
    sql = "SELECT event FROM waiting WHERE consumer = $1 AND aggregate = ANY($2) ORDER BY aggregate, version"
    return [_thawed(row["event"]) for row in await tx.fetch(sql, consumer, list(aggregates))]


async def keep(tx: Transaction, consumer: str, envelopes: Iterable[Envelope]) -> None:
    """Store whole what must wait; its aggregate gets a row in `progress`, so that the next batch looks for it."""
    rows = [(e.aggregate, e.version, _frozen(e.heard)) for e in envelopes]
    if rows:
        sql = (
            "INSERT INTO waiting (consumer, aggregate, version, event)"
            " SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bytea[]) ON CONFLICT DO NOTHING"
        )
        await tx.execute(sql, consumer, *columns(rows, 3))
        sql = "INSERT INTO progress (consumer, aggregate, version) SELECT $1, unnest($2::text[]), 0 ON CONFLICT DO NOTHING"
        await tx.execute(sql, consumer, sorted({row[0] for row in rows}))


async def forget(tx: Transaction, consumer: str, waited: Sequence[tuple[str, int]]) -> None:
    """These waited and are applied or given up."""
    if waited:
        sql = (
            "DELETE FROM waiting w USING unnest($2::text[], $3::int[]) AS d(aggregate, version)"
            " WHERE consumer = $1 AND (w.aggregate, w.version) = (d.aggregate, d.version)"
        )
        await tx.execute(sql, consumer, *columns(waited, 2))


async def advance(tx: Transaction, consumer: str, versions: Mapping[str, int]) -> None:
    """Remember the version applied last of each aggregate."""
    if versions:
        sql = (
            "INSERT INTO progress (consumer, aggregate, version) SELECT $1, * FROM unnest($2::text[], $3::int[])"
            " ON CONFLICT (consumer, aggregate) DO UPDATE SET version = excluded.version"
        )
        await tx.execute(sql, consumer, *columns(sorted(versions.items()), 2))


async def park(tx: Transaction, consumer: str, reasons: Mapping[str, str]) -> None:
    """From now on the events of these aggregates wait."""
    if reasons:
        sql = (
            "INSERT INTO progress (consumer, aggregate, version, parked_at, parked_because)"
            " SELECT $1, aggregate, 0, now(), because FROM unnest($2::text[], $3::text[]) AS r(aggregate, because)"
            " ON CONFLICT (consumer, aggregate) DO UPDATE SET parked_at = excluded.parked_at, parked_because = excluded.parked_because"
        )
        await tx.execute(sql, consumer, *columns(sorted(reasons.items()), 2))


async def unpark(tx: Transaction, consumer: str, aggregate: str) -> None:
    await tx.execute(
        "UPDATE progress SET parked_at = NULL, parked_because = NULL WHERE consumer = $1 AND aggregate = $2", consumer, aggregate
    )


def _frozen(heard: Heard) -> bytes:
    """A message as bytes, whatever its body holds."""
    texts = [(name, value.decode("latin-1")) for name, value in heard.headers]
    body = None if heard.body is None else heard.body.decode("latin-1")
    return to_json([heard.partition.topic, heard.partition.number, heard.offset, (heard.key or b"").decode("latin-1"), texts, body])


def _thawed(frozen: bytes) -> Envelope:
    topic, number, offset, key, texts, body = from_json(frozen)
    headers = [(name, value.encode("latin-1")) for name, value in texts]
    return opened(Heard(Partition(topic, number), offset, key.encode("latin-1"), headers, None if body is None else body.encode("latin-1")))
