import os
import signal

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from deploy.local.errors import InUseError
from deploy.local.kafka import Kafka
from deploy.local.processes import became

pytestmark = pytest.mark.kafka


async def make_topic(kafka: Kafka, name: str, partitions: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    answer = await admin.create_topics([NewTopic(name, partitions, 1)])
    await admin.close()
    assert [for_code(error[1]).__name__ for error in answer.topic_errors] == ["NoError"]


async def topics(kafka: Kafka) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    names = set(await admin.list_topics())
    await admin.close()
    return names


async def say(kafka: Kafka, topic: str, *words: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    for word in words:
        await producer.send_and_wait(topic, word.encode(), key=b"key", headers=[("ce_id", b"1")])
    await producer.stop()


async def heard(kafka: Kafka, topic: str) -> list[str]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    end = (await consumer.end_offsets([place]))[place]
    words: list[str] = []
    while len(words) < end:
        words += [record.value.decode() for record in (await consumer.getmany(timeout_ms=500)).get(place, [])]
    await consumer.stop()
    return words


async def test_what_was_said_is_heard_after_a_kill_from_outside(kafka: Kafka) -> None:
    await make_topic(kafka, "orders")
    await say(kafka, "orders", "received", "confirmed")
    address = kafka.bootstrap
    os.kill(kafka.pid or 0, signal.SIGKILL)
    assert became(lambda: kafka.pid is None, 5)

    assert kafka.revive()

    assert kafka.bootstrap == address
    assert await heard(kafka, "orders") == ["received", "confirmed"]


async def test_a_topic_is_never_made_by_mistake(kafka: Kafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.describe_topics(["odrers"])
    await admin.close()

    assert "odrers" not in await topics(kafka)


async def test_a_folder_has_one_user_at_a_time(kafka: Kafka) -> None:
    with pytest.raises(InUseError):
        Kafka(kafka.folder).start()


async def test_a_wiped_broker_is_empty_and_has_the_same_address(kafka: Kafka) -> None:
    await make_topic(kafka, "stock")
    address = kafka.bootstrap

    kafka.wipe()
    assert not kafka.revive()
    kafka.start()

    assert kafka.bootstrap == address
    assert await topics(kafka) == set()
