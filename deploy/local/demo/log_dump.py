"""Everything that lies on the bus, read from the beginning, as rows for the checker."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from pydantic_core import from_json
from shared.bus import BusUnavailable
from shared.events import Topic

from deploy.local.demo.target import Target

SOME = 5_000


class Logged(NamedTuple):
    """One record: where it lies and what its headers say."""

    topic: str
    partition: int
    offset: int
    event_id: str
    aggregate: str
    version: int
    customer_id: str
    key: str


def logged(target: Target, but: str | None = None) -> AsyncIterator[Sequence[Logged]]:
    """All records of all topics of the contract, some thousands at a time; dead letters are no events. On Kafka, records that have a header
    of the name `but` are left out: somebody has put them there beside the services."""
    if target.kafka_bootstrap_servers:
        return _on_kafka(target.kafka_bootstrap_servers, but)
    if target.log_url is None:
        raise SystemExit("Set KAFKA_BOOTSTRAP_SERVERS or LSC_LOG_URL: without the bus nothing can be checked.")
    return _in_postgres(target.log_url)


async def ends_of(servers: str) -> dict[TopicPartition, int]:
    """Of all partitions that the topics of the contract have by now. Raises BusUnavailable where a topic is missing."""
    admin, consumer = AIOKafkaAdminClient(bootstrap_servers=servers), AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    await admin.start()
    try:
        await consumer.start()
        topics = await admin.describe_topics(list(Topic))
        if not all(topic["partitions"] for topic in topics):
            raise BusUnavailable("topics are missing")
        places = [TopicPartition(topic["topic"], one["partition"]) for topic in topics for one in topic["partitions"]]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
        await admin.close()
    return ends


async def _in_postgres(url: str) -> AsyncIterator[Sequence[Logged]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(readonly=True):
            wanted = 'SELECT topic, partition, "offset", key, headers FROM log WHERE topic = ANY($1)'
            cursor = await connection.cursor(wanted, [str(topic) for topic in Topic])
            while rows := await cursor.fetch(SOME):
                yield [_record(topic, number, offset, key, dict(from_json(headers))) for topic, number, offset, key, headers in rows]
    finally:
        await connection.close()


async def _on_kafka(servers: str, but: str | None) -> AsyncIterator[Sequence[Logged]]:
    ends = {place: end for place, end in (await ends_of(servers)).items() if end}
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        while ends:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=SOME)
            found = [(place, record) for place, records in fetched.items() for record in records]
            yield [_of_kafka(place, record) for place, record in found if but not in dict(record.headers)]
            for place, end in list(ends.items()):
                if await consumer.position(place) >= end:
                    del ends[place]
    finally:
        await consumer.stop()


class _KafkaRecord(NamedTuple):
    offset: int
    key: bytes
    headers: Sequence[tuple[str, bytes]]


def _of_kafka(place: TopicPartition, record: _KafkaRecord) -> Logged:
    headers = {name: value.decode() for name, value in record.headers}
    return _record(place.topic, place.partition, record.offset, record.key.decode(), headers)


def _record(topic: str, number: int, offset: int, key: str, headers: dict[str, str]) -> Logged:
    version = int(headers["ce_aggregateversion"])
    return Logged(topic, number, offset, headers["ce_id"], headers["ce_subject"], version, headers["ce_customerid"], key)
