"""The bus as a log in PostgreSQL, so that a laptop needs neither Docker nor a JVM: a counter row a partition, an index range a fetch."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic

import asyncpg
from pydantic_core import from_json, to_json

from shared.bus import PARTITIONS, BusUnavailable, Fetched, Heard, Partition, Record, partition_of
from shared.crash import crash_point
from shared.database import TRANSIENT, Connection, Pool, columns, open_pool
from shared.silence import Silence

ALIVE_SECONDS = 10
LOOK_EVERY = 1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS log_partitions (
    topic text, partition int, next_offset bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS log (
    topic text, partition int, "offset" bigint, key text NOT NULL, headers bytea NOT NULL, body bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (topic, partition, "offset")
);
CREATE TABLE IF NOT EXISTS log_members (
    consumer text, member text, renewed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (consumer, member)
);
"""
_COUNTERS = """
SELECT p.topic, p.partition, p.next_offset FROM log_partitions p
JOIN unnest($1::text[], $2::int[]) AS w(topic, partition) USING (topic, partition)
ORDER BY p.topic, p.partition FOR UPDATE OF p
"""
_COUNT = """
UPDATE log_partitions p SET next_offset = next_offset + w.count
FROM unnest($1::text[], $2::int[], $3::bigint[]) AS w(topic, partition, count) WHERE (p.topic, p.partition) = (w.topic, w.partition)
"""
_APPEND = """
INSERT INTO log (topic, partition, "offset", key, headers, body)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
"""
_FETCH = """
SELECT l.topic, l.partition, l."offset", l.key, l.headers, l.body
FROM unnest($1::text[], $2::int[], $3::bigint[]) WITH ORDINALITY AS p(topic, partition, position, turn)
CROSS JOIN LATERAL (
    SELECT * FROM log WHERE topic = p.topic AND partition = p.partition AND "offset" >= p.position ORDER BY "offset" LIMIT $4
) l
ORDER BY p.turn, l."offset" LIMIT $4
"""


class PostgresBus:
    """One member of `group`: partition n belongs to member n modulo the members alive, the same in every topic."""

    def __init__(self, url: str, *, instance: str, group: str | None = None, topics: Iterable[str] = ()) -> None:
        self._url, self._member, self._group = url, instance, group or ""
        self._topics = list(topics)
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._partitions: tuple[Partition, ...] = ()
        self._positions: dict[Partition, int] = {}
        self._generation = 0
        self._looked_at = -LOOK_EVERY
        self._silence = Silence()

    async def _database(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(self._url, 3)
            return self._pool

    async def send(self, records: Sequence[Record]) -> None:
        placed: defaultdict[Partition, list[Record]] = defaultdict(list)
        for record in records:
            placed[Partition(record.topic, partition_of(record.key))].append(record)
        try:
            async with (await self._database()).acquire() as connection, connection.transaction():
                await _append(connection, placed)
            crash_point("postgres_log.committed")
        except (*TRANSIENT, asyncpg.UndefinedTableError) as error:
            raise BusUnavailable(repr(error)) from error

    async def poll(self, most: int, seconds: float) -> Fetched:
        try:
            return await self._poll(most, seconds)
        except (*TRANSIENT, asyncpg.UndefinedTableError) as error:
            raise BusUnavailable(repr(error)) from error

    async def _poll(self, most: int, seconds: float) -> Fetched:
        deadline, pause = monotonic() + seconds, 0.01
        while True:
            if monotonic() - self._looked_at >= LOOK_EVERY:
                await self._look()
            heard = await self._fetch(most)
            if self._silence.was_too_long(dict.fromkeys(self._positions, monotonic())):
                self._generation += 1
            if heard or monotonic() >= deadline:
                return Fetched(self._generation, frozenset(self._partitions), heard)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)

    async def _look(self) -> None:
        """Say that we live, see who else does, take our share; and see whether the log still reaches as far as we have read."""
        pool = await self._database()
        await pool.execute(
            "INSERT INTO log_members (consumer, member) VALUES ($1, $2) ON CONFLICT (consumer, member) DO UPDATE SET renewed_at = now()",
            self._group,
            self._member,
        )
        alive = f"(renewed_at > now() - interval '{ALIVE_SECONDS} s' OR member = $2)"
        rows = await pool.fetch(
            f"SELECT member FROM log_members WHERE consumer = $1 AND {alive} ORDER BY member", self._group, self._member
        )
        members = [row["member"] for row in rows]
        mine = [n for n in range(PARTITIONS) if members[n % len(members)] == self._member]
        partitions = tuple(Partition(topic, number) for topic in self._topics for number in mine)
        if partitions != self._partitions:
            self._partitions, self._generation = partitions, self._generation + 1
            self._positions = dict.fromkeys(partitions, 0)
            crash_point("postgres_log.reassigned")
        ends = await self.ends()
        self._positions = {p: at if at <= ends.get(p, 0) else 0 for p, at in self._positions.items()}
        self._looked_at = monotonic()

    async def _fetch(self, most: int) -> list[Heard]:
        if not self._positions:
            return []
        turns = list(self._positions.items())
        wanted = columns([(p.topic, p.number, at) for p, at in turns], 3)
        rows = await (await self._database()).fetch(_FETCH, *wanted, most)
        heard = [
            Heard(Partition(topic, number), offset, key.encode(), [(n, v.encode()) for n, v in from_json(headers)], body)
            for topic, number, offset, key, headers, body in rows
        ]
        for message in heard:
            self._positions[message.partition] = message.offset + 1
        if heard:  # the partition that was served last comes last in the next fetch
            self._positions = dict([*turns[1:], turns[0]]) | {m.partition: self._positions[m.partition] for m in heard}
        return heard

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        ends = await self.ends()
        self._silence.sought()
        self._positions |= {p: at if at <= ends.get(p, 0) else 0 for p, at in positions.items() if p in self._positions}

    async def ends(self) -> Mapping[Partition, int]:
        sql = "SELECT topic, partition, next_offset FROM log_partitions WHERE topic = ANY($1)"
        try:
            rows = await (await self._database()).fetch(sql, self._topics)
        except (*TRANSIENT, asyncpg.UndefinedTableError) as error:
            raise BusUnavailable(repr(error)) from error
        ends = {Partition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return {partition: ends.get(partition, 0) for partition in self._partitions}

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Nothing reads it: the consumer's own database is where lag is measured."""

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await pool.execute("DELETE FROM log_members WHERE consumer = $1 AND member = $2", self._group, self._member, timeout=2)
                crash_point("postgres_log.left")
                await asyncio.wait_for(pool.close(), 5)
            except TRANSIENT:
                pool.terminate()


async def _append(connection: Connection, placed: Mapping[Partition, Sequence[Record]]) -> None:
    """Behind what each partition holds; their counters are locked, so that offsets have no gaps and are in the order of commits."""
    counters = await connection.fetch(_COUNTERS, *columns(list(placed), 2))
    if len(counters) < len(placed):
        missing = {partition.topic for partition in placed} - {counter["topic"] for counter in counters}
        raise BusUnavailable(f"Topics are missing: {sorted(missing)}.")
    rows = [
        (topic, number, first + nth, record.key, to_json([(n, v.decode()) for n, v in record.headers]), record.body)
        for topic, number, first in counters
        for nth, record in enumerate(placed[Partition(topic, number)])
    ]
    await connection.execute(_COUNT, *columns([(p.topic, p.number, len(each)) for p, each in placed.items()], 3))
    await connection.execute(_APPEND, *columns(rows, 6))
    crash_point("postgres_log.written")


async def make_topics(url: str, topics: Sequence[str]) -> None:
    """Make the log's tables and the counters of topics that are missing."""
    pool = await open_pool(url, 1)
    await pool.execute(_TABLES)
    crash_point("postgres_log.tables_made")
    rows = [(topic, number) for topic in topics for number in range(PARTITIONS)]
    await pool.execute(
        "INSERT INTO log_partitions (topic, partition) SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING",
        *columns(rows, 2),
    )
    await pool.close()
