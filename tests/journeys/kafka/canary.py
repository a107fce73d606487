"""Looks for words wherever a running system keeps anything: tables, topics, logs; in whatever form they may lie there."""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from shared.bus import PARTITIONS
from shared.buses import TOPICS
from shared.walls import Role

from deploy.local.supervisor import KEYS_DATABASE, LOG_DATABASE, LocalSystem
from tests.journeys.conftest import target_of

TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace ORDER BY 1"


def forms(word: str) -> set[bytes]:
    """The word as it may lie in bytes: plain, as UTF-16, escaped in JSON; each also in hexadecimal and in base64 at its three offsets."""
    plain = {word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), word.encode("ascii", "backslashreplace")}
    return plain | {shape for each in plain for shape in (each.hex().encode(), *_base64(each))}


def _base64(data: bytes) -> Iterator[bytes]:
    """What stays the same of it, whatever stands before and behind."""
    for before in range(3):
        encoded = b64encode(bytes(before) + data)
        yield encoded[(0, 2, 3)[before] : len(encoded) - (4 if (before + len(data)) % 3 else 0)]


async def found(system: LocalSystem, words: Iterable[str]) -> dict[str, set[str]]:
    """The places where each word lies."""
    places: dict[str, set[str]] = {word: set() for word in words}
    shapes = {word: forms(word) for word in places}
    async for place, data in _kept(system):
        for word, known in shapes.items():
            if any(shape in data for shape in known):
                places[word].add(place)
    return places


async def _kept(system: LocalSystem) -> AsyncIterator[tuple[str, bytes]]:
    target = target_of(system)
    addresses = {package: target.database(package, Role.OWNER) for package in target.packages}
    addresses |= {database: system.postgres.url(database) for database in (KEYS_DATABASE, LOG_DATABASE)}
    for database, address in addresses.items():
        async for place, row in _rows(address):
            yield f"{database}.{place}", row
    async for topic, record in _records(system):
        yield f"topic {topic}", record
    for log in _logs(system):
        yield f"log {log.name}", log.read_bytes()


async def _rows(url: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every column as text and, where it is bytes, as it is."""
    connection = await asyncpg.connect(url)
    try:
        for (table,) in await connection.fetch(TABLES):
            async with connection.transaction(readonly=True):
                async for row in connection.cursor(f"SELECT * FROM {table}"):
                    yield table.split("_20")[0], b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    finally:
        await connection.close()


async def _records(system: LocalSystem) -> AsyncIterator[tuple[str, bytes]]:
    """Keys, headers and bodies of all topics, dead letters as well; without Kafka they are rows of a database."""
    if system.kafka is None:
        return
    consumer = AIOKafkaConsumer(bootstrap_servers=system.kafka.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        assert await consumer.topics() == {str(topic) for topic in TOPICS}
        places = [TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
        consumer.assign(places)
        left = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
        await consumer.seek_to_beginning(*places)
        while left:
            for place, records in (await consumer.getmany(timeout_ms=500)).items():
                for record in records:
                    headers = b"\0".join(part for name, value in record.headers for part in (name.encode(), value))
                    yield place.topic, b"\0".join((record.key or b"", headers, record.value or b""))
            left = {place: end for place, end in left.items() if await consumer.position(place) < end}
    finally:
        await consumer.stop()


def _logs(system: LocalSystem) -> Iterator[Path]:
    yield from (system.folder / "logs").glob("*.log")
    yield system.postgres.log
