"""Records that lie on the bus a second time, where they lay or elsewhere."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.errors import InvalidPartitionsError
from shared.bus import PARTITIONS
from shared.events import Topic

from tests.crash.faults.catalogue import Field, InVain, fault
from tests.crash.faults.events import MARK, producing


@fault("records are said again", "kafka", "records")
async def duplicates(ground: Field) -> None:
    """Of each topic a stretch of some partition, as it lies there."""
    await _say_again(ground)


@fault("topics have twice the partitions, and some is said again in those", "kafka", "records")
async def more_partitions(ground: Field) -> None:
    """Consumers meet anew, and what is said of a thing lies in two partitions."""
    assert ground.stage.kafka
    admin = AIOKafkaAdminClient(bootstrap_servers=ground.stage.kafka.bootstrap)
    await admin.start()
    try:
        with suppress(InvalidPartitionsError):
            await admin.create_partitions({topic: NewPartitions(2 * PARTITIONS) for topic in Topic})
    finally:
        await admin.close()
    await asyncio.sleep(ground.seconds(1, 3))
    await _say_again(ground, PARTITIONS)


async def _say_again(ground: Field, further: int = 0) -> None:
    """So many partitions further, if they are there."""
    assert ground.stage.kafka
    said = 0
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.stage.kafka.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        async with producing(ground) as producer:
            for topic in Topic:
                place = TopicPartition(topic, ground.drawn.randrange(PARTITIONS))
                target = place.partition + further
                for record in await _stretch(ground, consumer, place) if target in await producer.partitions_for(topic) else []:
                    marked = [*record.headers, (MARK, b"again")]
                    await producer.send_and_wait(topic, record.value, key=record.key, headers=marked, partition=target)
                    said += 1
    finally:
        ground.counts["records said again"] += said
        await consumer.stop()
    if not said:
        raise InVain("nothing lies where it was looked for")


async def _stretch(ground: Field, consumer: AIOKafkaConsumer, place: TopicPartition) -> Sequence[ConsumerRecord[bytes, bytes]]:
    consumer.assign([place])
    end = (await consumer.end_offsets([place]))[place]
    if not end:
        return []
    consumer.seek(place, ground.drawn.randrange(end))
    found = (await consumer.getmany(timeout_ms=1000, max_records=40)).get(place, [])
    return [record for record in found if MARK not in dict(record.headers)]
