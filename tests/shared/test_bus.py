"""The contract of the bus port, for both implementations."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from shared.bus import PARTITIONS, Bus, BusUnavailable, Heard, Record, partition_of
from shared.kafka import KafkaBus
from shared.kafka import make_topics as make_kafka_topics
from shared.postgres_log import PostgresBus
from shared.postgres_log import make_topics as make_log_topics
from shared.watchdog import Watchdog
from uuid_utils.compat import uuid7

from deploy.local.kafka import Kafka
from tests.shared.plumbing import World, history, record, until

Member = Callable[[str], Bus]
KINDS = ["postgres", pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which bus, and where it is."""
    if request.param == "kafka":
        return "kafka", request.getfixturevalue("kafka").bootstrap
    return "postgres", request.getfixturevalue("world").log_url


@pytest.fixture
async def member(place: tuple[str, str]) -> AsyncIterator[Member]:
    """Opens buses as members of one group, on a topic of the test's own."""
    made: list[Bus] = []
    kind, address = place
    topic, group = f"topic-{uuid7()}", f"group-{uuid7()}"
    await (make_kafka_topics if kind == "kafka" else make_log_topics)(address, [topic])

    def opened(name: str) -> Bus:
        member = {"instance": name, "group": group}
        made.append(
            KafkaBus(address, **member, topics=[topic], session_seconds=6)
            if kind == "kafka"
            else PostgresBus(address, **member, topics=[topic])
        )
        made[-1].topic = topic  # type: ignore[attr-defined]
        return made[-1]

    yield opened
    await asyncio.gather(*[bus.close() for bus in made])


def message(bus: Bus, key: str, text: str) -> Record:
    return Record(bus.topic, key, [("ce_id", text.encode())], text.encode())  # type: ignore[attr-defined]


async def take(bus: Bus, count: int, seconds: float = 20) -> list[Heard]:
    got: list[Heard] = []
    deadline = asyncio.get_running_loop().time() + seconds
    while len(got) < count:
        got += (await bus.poll(500, 0.5)).heard
        assert asyncio.get_running_loop().time() < deadline, f"{len(got)} of {count} came"
    return got


async def test_what_is_sent_is_heard_in_order_within_a_key(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, f"key-{n % 7}", str(n)) for n in range(700)])

    got = await take(reader, 700)

    by_key: dict[bytes, list[int]] = {}
    for each in got:
        by_key.setdefault(each.key or b"", []).append(int(each.body or b""))
    assert by_key == {f"key-{k}".encode(): list(range(k, 700, 7)) for k in range(7)}


async def test_a_key_lies_on_its_partition_with_rising_offsets(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, "same", str(n)) for n in range(5)])

    got = await take(reader, 5)

    assert {each.partition.number for each in got} == {partition_of("same")}
    assert [each.offset for each in got] == [0, 1, 2, 3, 4]
    assert [dict(each.headers)["ce_id"] for each in got] == [b"0", b"1", b"2", b"3", b"4"]


async def test_seek_reads_again_from_there(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, "same", str(n)) for n in range(10)])
    got = await take(reader, 10)

    await reader.seek({got[0].partition: 7})

    assert [each.body for each in await take(reader, 3)] == [b"7", b"8", b"9"]


async def test_who_has_moved_nowhere_may_say_so(member: Member) -> None:
    bus = member("one")
    await bus.poll(1, 0.1)

    await bus.commit({})

    await bus.send([message(bus, "same", "heard")])
    assert [each.body for each in await take(bus, 1)] == [b"heard"]


async def test_a_position_beyond_the_log_means_from_its_beginning(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, "same", str(n)) for n in range(3)])
    got = await take(reader, 3)

    await reader.seek({got[0].partition: 1000})

    assert [each.body for each in await take(reader, 3)] == [b"0", b"1", b"2"]


@pytest.mark.parametrize("beyond", [1, 2])
async def test_a_log_that_is_shorter_than_what_was_read_was_replaced(world: World, member: Member, beyond: int) -> None:
    """By one record: then nothing lies where the last one was, and nothing comes that would show that it is another log."""
    order, bus = uuid7(), member("one")
    records = [replace(record(event), topic=bus.topic) for event in history(order, 3)]  # type: ignore[attr-defined]
    await bus.send(records)
    sql = "INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, last_event_id) VALUES ('listener', $1, $2, $3, 'lost')"
    await world.pool.execute(sql, bus.topic, partition_of(records[0].key), 3 + beyond)  # type: ignore[attr-defined]
    consumer = world.consumer(bus)

    async def all_is_applied() -> bool:
        await consumer.step()
        await Watchdog(consumer).look_at_the_log()
        return await world.effects(order) == [1, 2, 3]

    await until(all_is_applied)


async def test_ends_tell_how_much_there_is(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, "same", str(n)) for n in range(4)])
    got = await take(reader, 4)

    ends = await reader.ends()

    assert ends[got[0].partition] == 4
    assert sum(ends.values()) == 4


async def test_two_members_share_the_partitions_and_a_leaver_hands_its_own_over(member: Member) -> None:
    one, two = member("one"), member("two")
    shares: list[frozenset[object]] = []
    deadline = asyncio.get_running_loop().time() + 30
    while not shares or not shares[0] or not shares[1] or shares[0] & shares[1]:
        shares = [(await bus.poll(1, 0.2)).partitions for bus in (one, two)]
        assert asyncio.get_running_loop().time() < deadline
    assert len(shares[0] | shares[1]) == 6

    await two.close()
    while len((await one.poll(1, 0.2)).partitions) < 6:
        assert asyncio.get_running_loop().time() < deadline


async def test_a_large_message_arrives_whole(member: Member) -> None:
    writer, reader = member("writer"), member("reader")
    await writer.send([message(writer, "large", "x" * 262_144), message(writer, "large", "small")])

    got = await take(reader, 2)

    assert [len(each.body or b"") for each in got] == [262_144, 5]


@pytest.mark.kafka
async def test_what_the_broker_refuses_is_not_acknowledged(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    monkeypatch.setattr("shared.kafka.crash_point", passed.append)
    narrow, admin = f"narrow-{uuid7()}", AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(narrow, PARTITIONS, 1, topic_configs={"max.message.bytes": "500"})])
    await admin.close()
    bus = KafkaBus(kafka.bootstrap, instance="one", group=f"group-{narrow}", topics=[narrow])

    with pytest.raises(BusUnavailable, match="MessageSizeTooLarge"):
        await bus.send([Record(narrow, "order/1", [], bytes(1000))])
    assert passed == ["kafka.batch_sent"]
    await bus.send([Record(narrow, "order/1", [], bytes(10))])
    assert passed == ["kafka.batch_sent", "kafka.batch_sent", "kafka.batch_acked"]
    await bus.close()


async def test_a_log_whose_tables_are_not_made_yet_is_a_bus_that_is_away(world: World) -> None:
    bus, owner = world.bus(), await world.owner()
    await bus.poll(1, 0)
    await owner.execute("ALTER TABLE log_partitions RENAME TO not_made_yet")
    await owner.close()

    for asked in (bus.ends(), bus.seek({})):
        with pytest.raises(BusUnavailable, match="log_partitions"):
            await asked


async def test_a_member_that_was_away_for_a_moment_is_the_last_it_forgets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stood still between saying that it lives and asking who does."""
    monkeypatch.setattr("shared.postgres_log.ALIVE_SECONDS", 0)

    assert len((await world.bus().poll(1, 0)).partitions) == PARTITIONS


@pytest.mark.kafka
async def test_topics_that_the_broker_refuses_are_not_called_made(kafka: Kafka) -> None:
    with pytest.raises(SystemExit, match=r"(?s)The topics were not made: .*replication"):
        await make_kafka_topics(kafka.bootstrap, [f"refused-{uuid7()}"], 3)
