import asyncio
from collections.abc import Mapping

import pytest
from shared.bus import Partition, partition_of
from shared.database import transaction
from shared.envelope import opened
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from shared import progress
from tests.shared.plumbing import World, heard, history, listening, quiet, record, rejected, until


async def test_applies_each_event_once_and_in_order(world: World) -> None:
    orders = [uuid7() for _ in range(20)]
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(event) for order in orders for event in history(order, 5)])

    with capture_logs() as logs:
        await quiet(consumer)

    assert [await world.effects(order) for order in orders] == [[1, 2, 3, 4, 5]] * 20
    assert await world.value("SELECT count(*) FROM progress WHERE version = 5") == 20
    assert "consumer.careful" not in [line["event"] for line in logs]


async def test_takes_no_more_at_once_than_it_should(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.consumer.MOST", 5)
    consumer = world.consumer()
    await world.bus().send([record(event) for event in history(uuid7(), 12)])

    assert [await consumer.step() for _ in range(5)] == [0, 5, 5, 2, 0]


async def test_the_same_event_twice_in_a_batch_counts_once(world: World) -> None:
    order = uuid7()
    first, second = history(order, 2)
    await world.bus().send([record(first), record(first), record(second), record(first)])

    await quiet(world.consumer())

    assert await world.effects(order) == [1, 2]


async def test_an_event_that_returns_days_later_is_dropped(world: World) -> None:
    order = uuid7()
    events = history(order, 3)
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(event) for event in events])
    await quiet(consumer)

    await bus.send([record(events[0]), record(events[2])])
    await quiet(consumer)

    assert await world.effects(order) == [1, 2, 3]


async def test_what_follows_a_gap_waits_until_it_closes(world: World) -> None:
    order = uuid7()
    one, two, three, four = history(order, 4)
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(one), record(three), record(four)])
    await quiet(consumer)
    before = await world.effects(order)

    await bus.send([record(two)])
    await quiet(consumer)

    assert before == [1]
    assert await world.effects(order) == [1, 2, 3, 4]
    assert await world.value("SELECT count(*) FROM waiting") == 0


async def test_what_comes_before_its_first_version_waits_for_it(world: World) -> None:
    order = uuid7()
    one, two = history(order, 2)
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(two)])
    await quiet(consumer)

    await bus.send([record(one)])
    await quiet(consumer)

    assert await world.effects(order) == [1, 2]
    assert await world.value("SELECT count(*) FROM waiting") == 0


async def test_a_swapped_pair_is_applied_in_order(world: World) -> None:
    order = uuid7()
    one, two, three = history(order, 3)
    await world.bus().send([record(two), record(one), record(three)])

    await quiet(world.consumer())

    assert await world.effects(order) == [1, 2, 3]


@pytest.mark.parametrize("body", [b'{"reason": "fine"}', b"\xff\x00\xfe", None], ids=["a body", "any bytes", "none"])
async def test_what_waits_comes_back_as_it_was_heard(world: World, body: bytes | None) -> None:
    said = heard(rejected(uuid7(), 2), 7)._replace(body=body)
    async with transaction(world.pool) as tx:
        await progress.keep(tx, "listener", [opened(said)])

        [again] = await progress.stored(tx, "listener", [opened(said).aggregate])

    assert again == opened(said)


async def test_of_two_readers_of_one_partition_only_one_applies(world: World) -> None:
    order = uuid7()
    one, other = world.consumer(world.bus("same")), world.consumer(world.bus("same"))
    await world.bus("writer").send([record(event) for event in history(order, 50)])
    await one.step()
    await other.step()

    await asyncio.gather(quiet(one), quiet(other))

    assert await world.effects(order) == list(range(1, 51))


async def test_a_slow_handler_that_lost_its_partition_changes_nothing_twice(world: World) -> None:
    order, gate = uuid7(), asyncio.Event()
    slow = world.consumer(world.bus("same"), listening(gate))
    quick = world.consumer(world.bus("same"))
    await world.bus("writer").send([record(event) for event in history(order, 3)])
    running = asyncio.create_task(quiet(slow))
    successor = asyncio.create_task(quiet(quick))
    gate.set()
    await asyncio.gather(running, successor)

    assert await world.effects(order) == [1, 2, 3]


async def test_told_to_stop_it_finishes_the_batch_it_began(world: World) -> None:
    order, gate, stopping = uuid7(), asyncio.Event(), asyncio.Event()
    await world.bus("writer").send([record(event) for event in history(order, 3)])
    entered = asyncio.Event()

    class Entered(asyncio.Event):
        async def wait(self) -> bool:  # type: ignore[override]  # narrower is fine
            entered.set()
            return await gate.wait() is True

    running = asyncio.create_task(world.consumer(world.bus(), listening(Entered())).run(stopping))
    await entered.wait()
    stopping.set()
    gate.set()
    await running

    assert await world.effects(order) == [1, 2, 3]
    assert await world.value("SELECT sum(next_offset) FROM consumer_offsets") == 3


async def test_a_log_that_was_replaced_is_read_from_its_beginning(world: World) -> None:
    old, new = uuid7(), uuid7()
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(event) for event in history(old, 3)])
    await quiet(consumer)
    await world.pool.execute("DELETE FROM log")
    await world.pool.execute("UPDATE log_partitions SET next_offset = 0")
    await bus.send([record(event) for event in [*history(new, 20), *history(old, 4)]])

    fresh = world.consumer(world.bus("two"))
    await world.pool.execute("DELETE FROM log_members")
    with capture_logs() as logs:
        await quiet(fresh, after=5)

    assert await world.effects(old) == [1, 2, 3, 4]
    assert await world.effects(new) == list(range(1, 21))
    said = [line for line in logs if line["event"] == "consumer.log_replaced"]
    number = partition_of(str(old))
    assert said == [{"event": "consumer.log_replaced", "log_level": "error", "topic": "orders", "partition": number, "was": 3}]


async def test_a_place_that_has_moved_meanwhile_is_not_given_up(world: World) -> None:
    order, consumer = uuid7(), world.consumer()
    await world.bus().send([record(event) for event in history(order, 3)])
    await quiet(consumer)

    with capture_logs() as logs:
        await consumer.start_again(Partition("orders", partition_of(str(order))), 2)

    assert await world.value("SELECT max(next_offset) FROM consumer_offsets") == 3
    assert logs == []


async def test_a_log_that_was_replaced_under_its_reader_is_read_from_its_beginning(world: World) -> None:
    """Kafka goes to the beginning by itself where the log ends before what is asked for."""
    order, bus, consumer = uuid7(), world.bus(), world.consumer()
    one, two, three = (record(event) for event in history(order, 3))
    await bus.send([one, one, one, one, two])
    await quiet(consumer)
    await world.pool.execute("DELETE FROM log")
    await world.pool.execute("UPDATE log_partitions SET next_offset = 0")
    await bus.send([one, two, three])
    await consumer.bus.seek({Partition("orders", partition_of(one.key)): 0})

    await quiet(consumer, after=5)

    assert await world.effects(order) == [1, 2, 3]


async def test_a_log_that_was_replaced_unseen_is_read_from_its_beginning(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches further than what was read of the former one, which held an event several times and one that was not heard."""
    monkeypatch.setattr("shared.silence.SILENT_SECONDS", 0.2)
    order, bus, consumer = uuid7(), world.bus(), world.consumer()
    first, *others = [record(event) for event in history(order, 5)]
    await bus.send([first, first, first])
    await quiet(consumer)
    await bus.send(others[:1])
    await world.pool.execute("DELETE FROM log")
    await world.pool.execute("UPDATE log_partitions SET next_offset = 0")
    await bus.send([first, *others])
    await asyncio.sleep(0.3)

    await quiet(consumer, after=5)

    assert await world.effects(order) == [1, 2, 3, 4, 5]


async def test_a_consumer_whose_every_batch_takes_longer_than_a_log_may_be_silent_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.silence.SILENT_SECONDS", 0.0)
    monkeypatch.setattr("shared.consumer.MOST", 5)
    order, consumer = uuid7(), world.consumer()
    await world.bus().send([record(event) for event in history(order, 50)])

    async def all_is_applied() -> bool:
        await consumer.step()
        return len(await world.effects(order)) == 50

    await until(all_is_applied)


async def test_a_message_without_headers_becomes_a_dead_letter_and_blocks_nothing(world: World) -> None:
    order = uuid7()
    good = record(rejected(order, 1))
    await world.bus().send([type(good)(good.topic, good.key, [], b"?"), good])

    await quiet(world.consumer())

    assert await world.effects(order) == [1]
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'listener.dead-letters'") == 1


async def test_a_message_without_an_id_is_known_by_where_it_lies(world: World) -> None:
    good, former = record(rejected(uuid7(), 1)), world.bus()
    await former.send([type(good)(good.topic, good.key, [], b"?")])
    await quiet(world.consumer(former))
    await former.close()
    await world.bus("writer").send([good])

    with capture_logs() as logs:
        await quiet(world.consumer(world.bus("successor")))

    assert await world.value("SELECT count(*) FROM effects") == 1
    assert "consumer.log_replaced" not in [line["event"] for line in logs]


async def test_what_was_applied_is_told_to_the_bus(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours reads it; Kafka's own tools do."""
    order, bus, told = uuid7(), world.bus(), dict[Partition, int]()

    async def commit(positions: Mapping[Partition, int]) -> None:
        told.update(positions)

    monkeypatch.setattr(bus, "commit", commit)
    await bus.send([record(event) for event in history(order, 3)])

    await quiet(world.consumer(bus))

    assert told == {Partition("orders", partition_of(str(order))): 3}


async def test_an_unknown_type_is_passed_over_and_keeps_the_count(world: World) -> None:
    order = uuid7()
    first = record(rejected(order, 1))
    renamed = [(name, b"order.blessed.v9" if name == "ce_type" else value) for name, value in first.headers]
    await world.bus().send([type(first)(first.topic, first.key, renamed, first.body), record(rejected(order, 2))])

    await quiet(world.consumer())

    assert await world.effects(order) == [2]
    assert await world.value("SELECT version FROM progress") == 2
