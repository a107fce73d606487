"""Records that other clients wrote: what Kafka permits and our own relay never says."""

from dataclasses import replace as with_
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from shared.bus import BusUnavailable, partition_of
from shared.kafka import KafkaBus, make_topics
from uuid_utils.compat import uuid7

from deploy.local.kafka import Kafka
from tests.shared.plumbing import World, record, rejected, until


@pytest.mark.kafka
@pytest.mark.timeout(60)
@pytest.mark.parametrize("value", [None, b"\xff"], ids=["no value", "no text"])
@pytest.mark.parametrize("spoilt", ["ce_id", "ce_subject", "ce_aggregateversion", "of_no_meaning"])
async def test_a_header_without_a_value_that_can_be_read_is_as_good_as_none(
    world: World, kafka: Kafka, spoilt: str, value: bytes | None
) -> None:
    """Who needs it has a dead letter; nothing else stops for it."""
    order, topic = uuid7(), f"orders-{uuid7()}"
    sick, healthy = (with_(record(rejected(thing, version)), topic=topic) for thing, version in ((uuid7(), 2), (order, 1)))
    headers: list[tuple[str, Any]] = [(name, value if name == spoilt else kept) for name, kept in sick.headers]
    await make_topics(kafka.bootstrap, [topic])
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        said = [*headers, ("of_no_meaning", value)]
        await producer.send_and_wait(topic, sick.body, key=sick.key.encode(), headers=said, partition=partition_of(sick.key))
    bus = KafkaBus(kafka.bootstrap, instance="one", group=f"group-{order}", topics=[topic])
    consumer = world.consumer(bus)
    await bus.send([healthy])

    async def all_is_read() -> bool:
        await consumer.step()
        letters = await world.value("SELECT count(*) FROM outbox WHERE topic = 'listener.dead-letters'")
        waiting = await world.value("SELECT count(*) FROM waiting WHERE aggregate = $1", f"order/{sick.key}")
        assert (letters, waiting) in [(0, 0), (0, 1) if spoilt == "of_no_meaning" else (1, 0)]
        return bool(letters or waiting) and await world.effects(order) == [1]

    await until(all_is_read)
    await bus.close()


async def test_a_header_whose_name_is_no_text_stops_the_consumer_and_not_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = KafkaBus("127.0.0.1:1", instance="one", group="listener", topics=["orders"])

    async def failing(most: int, seconds: float) -> Any:
        b"\xff".decode()

    monkeypatch.setattr(bus, "_fetched", failing)
    with pytest.raises(BusUnavailable, match="utf-8"):
        await bus.poll(10, 0.1)
