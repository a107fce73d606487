"""A real broker that lost its data: consumers notice, the ledger fills the log again, and nothing is applied twice."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.client import AIOKafkaClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from shared.bus import PARTITIONS, BusUnavailable, Record
from shared.consumer import Consumer
from shared.kafka import KafkaBus, make_topics
from shared.silence import SILENT_SECONDS
from uuid_utils.compat import uuid7

from deploy.local.kafka import Kafka
from tests.shared.plumbing import TOPICS, World, history, listening, record, until


@pytest.mark.kafka
@pytest.mark.timeout(120)
async def test_a_wiped_broker_is_filled_from_the_ledger(world: World, kafka: Kafka) -> None:
    await make_topics(kafka.bootstrap, TOPICS)
    order, later = uuid7(), uuid7()
    await world.say(*history(order, 4))
    await _heard(world, kafka, "before", {order: 4})

    await asyncio.to_thread(kafka.stop)
    await asyncio.to_thread(kafka.wipe)
    await asyncio.to_thread(kafka.start)
    await make_topics(kafka.bootstrap, TOPICS)
    await world.pool.execute("INSERT INTO outbox_pending (id, created_at) SELECT id, created_at FROM outbox")
    await world.say(*history(later, 2))
    await _heard(world, kafka, "after", {order: 4, later: 2})

    assert await world.effects(order) == [1, 2, 3, 4]
    assert await world.effects(later) == [1, 2]
    assert await world.value("SELECT count(*) FROM waiting") == 0


@pytest.mark.kafka
@pytest.mark.timeout(60)
async def test_a_log_that_was_replaced_while_a_consumer_stood_still_is_read_from_its_beginning(world: World, kafka: Kafka) -> None:
    """The new one reaches further than it had read, and its place in the group is kept."""
    order, topic = uuid7(), f"orders-{uuid7()}"
    first, *others = [replace(record(event), topic=topic) for event in history(order, 5)]
    await make_topics(kafka.bootstrap, [topic])
    bus = _member(kafka, topic)
    consumer = world.consumer(bus)
    await bus.send([first, first, first])
    await until(partial(_has_read_to, 3, consumer))

    with ThreadPoolExecutor() as elsewhere:  # nothing of this thread's loop runs meanwhile
        elsewhere.submit(asyncio.run, _replace_log(kafka, topic, others[0], [first, *others])).result()

    await until(partial(_has_read_to, 5, consumer))
    assert await world.effects(order) == [1, 2, 3, 4, 5]
    await bus.close()


@pytest.mark.kafka
@pytest.mark.timeout(90)
async def test_topics_that_are_made_after_the_group_has_met_are_heard(kafka: Kafka) -> None:
    """A broker that lost everything has not all of them at first, and who joins then is not given the others."""
    first, later = f"first-{uuid7()}", f"later-{uuid7()}"
    await make_topics(kafka.bootstrap, [first, later])
    bus = KafkaBus(kafka.bootstrap, instance="one", group=f"group-{first}", topics=[first, later], session_seconds=6)

    async def given() -> set[str]:
        try:
            return {partition.topic for partition in (await bus.poll(10, 0.1)).partitions}
        except BusUnavailable:
            return set()

    async def has_only_the_first() -> bool:
        return await given() == {first}

    async def has_both() -> bool:
        return await given() == {first, later}

    await until(has_both)
    await _forget_topic(kafka, later)
    await until(has_only_the_first)
    await make_topics(kafka.bootstrap, [later])
    await until(has_both)
    await bus.close()


@pytest.mark.kafka
@pytest.mark.timeout(90)
async def test_partitions_that_are_added_after_a_quick_restart_are_heard(kafka: Kafka) -> None:
    """Nobody leads a group whose leader came back so quickly that the group did not meet anew."""
    topic = f"grows-{uuid7()}"
    await make_topics(kafka.bootstrap, [topic])
    before, after = (_member(kafka, topic) for _ in range(2))
    await until(partial(_has_all_of, PARTITIONS, before))
    await before.close()
    await until(partial(_has_all_of, PARTITIONS, after))

    await _grow(kafka, topic)

    await until(partial(_has_all_of, 2 * PARTITIONS, after))
    await after.close()


@pytest.mark.kafka
@pytest.mark.timeout(120)
@pytest.mark.parametrize("restarted", [0, 1])
async def test_partitions_are_heard_whoever_of_two_was_restarted(kafka: Kafka, restarted: int) -> None:
    topic = f"shared-{uuid7()}"
    await make_topics(kafka.bootstrap, [topic])
    members = [_member(kafka, topic, "one")]
    await until(partial(_have_all_of, PARTITIONS, members))
    members.append(_member(kafka, topic, "two"))
    await until(partial(_have_all_of, PARTITIONS, members))
    await members[restarted].close()
    members[restarted] = _member(kafka, topic, ["one", "two"][restarted])
    await until(partial(_have_all_of, PARTITIONS, members))

    await _grow(kafka, topic)

    await until(partial(_have_all_of, 2 * PARTITIONS, members))
    for member in members:
        await member.close()


@pytest.mark.kafka
@pytest.mark.timeout(90)
async def test_a_member_that_failed_is_replaced(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    """By something that aiokafka did not count on: its task ends, and every poll after it fails."""
    topic = f"fails-{uuid7()}"
    await make_topics(kafka.bootstrap, [topic])
    bus, failed = _member(kafka, topic), asyncio.Event()
    await until(partial(_has_all_of, PARTITIONS, bus))

    def fail(*_: object) -> None:
        failed.set()
        monkeypatch.undo()
        raise RuntimeError("nobody counted on this")

    monkeypatch.setattr(RangePartitionAssignor, "on_assignment", fail)
    await _grow(kafka, topic)

    await until(partial(_has_all_of, 2 * PARTITIONS, bus))
    assert failed.is_set()
    await bus.close()


async def test_a_consumer_whose_start_hangs_leaves_no_client_open(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = asyncio.Event()

    async def hang(consumer: AIOKafkaConsumer) -> None:
        consumer._closed = True  # says nothing when it is thrown away
        await asyncio.Event().wait()

    async def close(client: AIOKafkaClient) -> None:
        closed.set()

    for it, name, what in ((AIOKafkaConsumer, "start", hang), (AIOKafkaConsumer, "stop", hang), (AIOKafkaClient, "close", close)):
        monkeypatch.setattr(it, name, what)
    monkeypatch.setattr("shared.kafka.POLL_SECONDS", 0.1)
    monkeypatch.setattr("shared.kafka.STOP_SECONDS", 0.1)
    bus = KafkaBus("127.0.0.1:1", instance="one", group="group", topics=["things"], session_seconds=30)

    with pytest.raises(BusUnavailable):
        await bus.poll(10, 0.1)

    assert closed.is_set()


def _member(kafka: Kafka, topic: str, name: str = "one") -> KafkaBus:
    return KafkaBus(kafka.bootstrap, instance=name, group=f"group-{topic}", topics=[topic], session_seconds=30)


async def _has_all_of(count: int, bus: KafkaBus) -> bool:
    return await _have_all_of(count, [bus])


async def _have_all_of(count: int, members: Sequence[KafkaBus]) -> bool:
    """Between them, and none has nothing."""
    try:
        given = [(await bus.poll(10, 0.1)).partitions for bus in members]
    except BusUnavailable:
        return False
    return all(given) and sum(map(len, given)) == count


async def _has_read_to(offset: int, consumer: Consumer) -> bool:
    with suppress(BusUnavailable):
        await consumer.step()
    return max(place.offset for place in consumer.positions.values()) == offset if consumer.positions else False


async def _replace_log(kafka: Kafka, topic: str, unread: Record, ledger: Sequence[Record]) -> None:
    """Longer than a log that is there is ever silent."""
    bus = _member(kafka, topic, "relay")
    await bus.send([unread])
    await _forget_topic(kafka, topic)
    await make_topics(kafka.bootstrap, [topic])
    await bus.send(ledger)
    await bus.close()
    await asyncio.sleep(SILENT_SECONDS)


async def _grow(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(2 * PARTITIONS)})
    await admin.close()


async def _forget_topic(kafka: Kafka, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([topic])
    while topic in await admin.list_topics():
        await asyncio.sleep(0.05)
    await admin.close()


async def _heard(world: World, kafka: Kafka, member: str, expected: dict[object, int]) -> None:
    """Relay and consumer run until these orders have so many effects."""
    bus = KafkaBus(kafka.bootstrap, instance=member, group="listener", topics=["orders"], session_seconds=6)
    world.buses.append(bus)
    consumer = Consumer("listener", world.pool, bus, listening(), linger=0, patience=0.05)
    relay = world.relay(bus)

    async def told() -> bool:
        try:
            await relay.step()
            await consumer.step()
        except BusUnavailable:
            return False
        found = await world.pool.fetch("SELECT aggregate, count(*) FROM effects GROUP BY aggregate")
        return {row["aggregate"]: row["count"] for row in found} == {f"order/{order}": count for order, count in expected.items()}

    await until(told, 60)
    await consumer.step()
    await bus.close()
