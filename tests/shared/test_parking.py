"""What a handler refuses or cannot read is parked with what follows it; nothing else stops."""

import asyncio
from dataclasses import replace as with_

import pytest
from asyncpg import SerializationError
from pydantic_core import from_json
from shared.bus import Partition, partition_of
from shared.consumer import PARKED_A_MINUTE
from shared.database import Transaction, transaction
from shared.dead_letters import DeadLetter, bury
from shared.parked import discard, replay
from shared.tables import LARGEST_EVENT
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from tests.shared.clock import Clock
from tests.shared.plumbing import World, heard, history, listening, quiet, record, rejected


async def test_a_poison_event_in_the_middle_parks_its_key_and_nothing_else(world: World) -> None:
    await world.poison()
    sick, healthy = uuid7(), [uuid7() for _ in range(10)]
    messages = [record(event) for order in healthy[:5] for event in history(order, 3)]
    messages += [record(event) for event in history(sick, 4, refused=2)]
    messages += [record(event) for order in healthy[5:] for event in history(order, 3)]
    await world.bus().send(messages)

    await quiet(world.consumer())

    assert [await world.effects(order) for order in healthy] == [[1, 2, 3]] * 10
    assert await world.effects(sick) == [1]
    assert await world.value("SELECT array_agg(version ORDER BY version) FROM waiting WHERE aggregate = $1", f"order/{sick}") == [2, 3, 4]
    letter = str(await world.value("SELECT convert_from(body, 'UTF8') FROM outbox WHERE topic = 'listener.dead-letters'"))
    assert "version 2 is refused" in letter


async def test_what_was_refused_is_not_tried_again_when_more_comes(world: World) -> None:
    await world.poison()
    order = uuid7()
    bus, consumer = world.bus(), world.consumer()
    for event in history(order, 3, refused=1):
        await bus.send([record(event)])
        await quiet(consumer)
        await world.cure()

    assert await world.effects(order) == []
    assert await world.value("SELECT count(*) FROM waiting") == 3


async def test_a_body_beyond_any_event_is_parked_unread(world: World) -> None:
    order = uuid7()
    await world.bus().send([with_(record(history(order, 1)[0]), body=b'{"lines": [' + b"1," * 200_000 + b"1]}")])

    await quiet(world.consumer())

    reason = await world.value("SELECT parked_because FROM progress WHERE aggregate = $1", f"order/{order}")
    assert reason == "The body has 400014 bytes; that of an event has 262144 at most."


async def test_a_parked_key_is_drained_in_order_while_events_arrive(world: World) -> None:
    await world.poison()
    order = uuid7()
    events = history(order, 8, refused=2)
    bus, consumer = world.bus(), world.consumer()
    await bus.send([record(event) for event in events[:4]])
    await quiet(consumer)

    await world.cure()
    await bus.send([record(event) for event in events[4:6]])
    await asyncio.gather(replay(world.pool, "listener", listening(), f"order/{order}"), quiet(consumer))
    await bus.send([record(event) for event in events[6:]])
    await quiet(consumer)
    await replay(world.pool, "listener", listening(), f"order/{order}")

    assert await world.effects(order) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await world.value("SELECT count(*) FROM waiting") == 0
    assert await world.value("SELECT count(*) FROM progress WHERE parked_at IS NOT NULL OR parked_because IS NOT NULL") == 0


async def test_a_replay_that_is_refused_again_stays_parked(world: World) -> None:
    await world.poison()
    order = uuid7()
    await world.bus().send([record(event) for event in history(order, 3, refused=2)])
    await quiet(world.consumer())

    said = await replay(world.pool, "listener", listening(), f"order/{order}")

    assert "parked again at version 2" in said
    assert await world.effects(order) == [1]
    assert await world.value("SELECT count(*) FROM waiting") == 2


async def test_a_discarded_event_lets_the_others_through(world: World) -> None:
    await world.poison()
    order = uuid7()
    await world.bus().send([record(event) for event in history(order, 4, refused=2)])
    await quiet(world.consumer())

    await discard(world.pool, "listener", f"order/{order}")
    await replay(world.pool, "listener", listening(), f"order/{order}")

    assert await world.effects(order) == [1, 3, 4]


async def test_what_was_not_committed_does_not_count_as_parked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.poison()
    commit, refusals = Transaction.commit, iter([True])

    async def refused_once(tx: Transaction) -> None:
        if next(refusals, False):
            await tx.rollback()
            raise SerializationError
        await commit(tx)

    await world.bus().send([record(rejected(uuid7(), 1, "bad")) for _ in range(PARKED_A_MINUTE - 5)])
    consumer = world.consumer()
    monkeypatch.setattr(Transaction, "commit", refused_once)
    with pytest.raises(SerializationError):
        await quiet(consumer)
    consumer._generation = -1
    await quiet(consumer)

    assert not consumer.paused
    assert await world.value("SELECT count(*) FROM progress WHERE parked_at IS NOT NULL") == PARKED_A_MINUTE - 5


async def test_what_waits_behind_something_parked_is_not_read_again_with_every_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.poison()
    order, consumer = uuid7(), world.consumer()
    events = history(order, 6, refused=1)
    await world.bus().send([record(event) for event in events[:4]])
    await quiet(consumer)

    async def read(*asked: object) -> None:
        raise AssertionError(f"it reads {asked}")

    monkeypatch.setattr("shared.progress.stored", read)
    await world.bus().send([record(event) for event in [*events[2:], events[5]]])
    await quiet(consumer)

    assert await world.value("SELECT array_agg(version ORDER BY version) FROM waiting") == [1, 2, 3, 4, 5, 6]


async def test_what_is_not_parked_cannot_be_discarded(world: World) -> None:
    """An event that waits for one before it, and what follows a refused event, were refused by nobody."""
    await world.poison()
    order, ahead = uuid7(), uuid7()
    refused = history(order, 3, refused=1)
    await world.bus().send([record(event) for event in [*refused, *history(ahead, 3)[1:]]])
    await quiet(world.consumer())

    assert "is not parked" in await discard(world.pool, "listener", f"order/{ahead}")
    assert "version 1 is discarded" in await discard(world.pool, "listener", f"order/{order}")
    assert "replay" in await discard(world.pool, "listener", f"order/{order}")

    await replay(world.pool, "listener", listening(), f"order/{order}")
    assert await world.effects(order) == [2, 3]
    assert await world.value("SELECT array_agg(version ORDER BY version) FROM waiting") == [2, 3]


LONG = 300_000


@pytest.mark.parametrize("body", [b'"' * LONG, b"\0" * LONG, b"\xff" * LONG, "\u4ed3".encode() * LONG, b'"' + b"\0" * LONG])
async def test_a_dead_letter_is_shortened_and_stays_one(world: World, body: bytes) -> None:
    long = heard(rejected(uuid7(), 1), 0)._replace(body=body, headers=[(f"header-{n}", b"\0" * 400) for n in range(30)])
    async with transaction(world.pool) as tx:
        await bury(tx, "listener", [DeadLetter(long, "\0" * 3000)])

    kept = await world.pool.fetchval("SELECT body FROM outbox WHERE topic = 'listener.dead-letters'")
    letter = from_json(kept)
    assert LARGEST_EVENT * 0.9 < len(kept) <= LARGEST_EVENT
    assert body.decode(errors="replace").startswith(letter["body"])
    assert len(letter["headers"]) == 20


async def test_what_is_paused_stays_paused_when_more_is(world: World) -> None:
    await world.poison()
    one, other = (next(each for each in iter(uuid7, None) if partition_of(str(each)) == number) for number in (1, 4))
    bus, consumer = world.bus(), world.consumer()
    consumer.parked_a_minute = 0
    for order in (one, other):
        await bus.send([record(rejected(order, 1, "bad"))])
        await quiet(consumer)

    assert sorted(partition.number for partition in consumer.paused) == [1, 4]


async def test_what_is_paused_waits_and_the_others_go_on(world: World) -> None:
    await world.poison()
    bus, consumer = world.bus(), world.consumer()
    consumer.parked_a_minute = 0
    await bus.send([record(rejected(uuid7(), 1, "bad"))])
    await quiet(consumer)
    orders = [uuid7() for _ in range(50)]
    late = [order for order in orders if Partition("orders", partition_of(str(order))) in consumer.paused]

    for version in (1, 2):
        await bus.send([record(rejected(order, version)) for order in orders])
        await quiet(consumer)

    assert 0 < len(late) < 50
    assert [await world.effects(order) for order in orders] == [[] if order in late else [1, 2] for order in orders]


@pytest.mark.parametrize(("seconds", "pauses"), [(59.5, True), (60.5, False)])
async def test_what_is_parked_counts_for_a_minute(world: World, monkeypatch: pytest.MonkeyPatch, seconds: float, pauses: bool) -> None:
    clock = Clock()
    monkeypatch.setattr("shared.consumer.monotonic", clock)
    await world.poison()
    bus, consumer = world.bus(), world.consumer()

    for parked in (PARKED_A_MINUTE, 1):
        assert not consumer.paused
        await bus.send([record(rejected(uuid7(), 1, "bad")) for _ in range(parked)])
        await quiet(consumer)
        clock.now += seconds

    assert bool(consumer.paused) is pauses


async def test_a_bad_deploy_pauses_instead_of_parking_the_world(world: World) -> None:
    await world.poison()
    await world.bus().send([record(rejected(uuid7(), 1, "bad")) for _ in range(100)])
    consumer = world.consumer()

    with capture_logs() as logs:
        await quiet(consumer)

    assert consumer.paused
    said = [partition for line in logs if line["event"] == "consumer.paused" for partition in line["partitions"]]
    assert said == sorted(f"orders/{partition.number}" for partition in consumer.paused)
    assert int(str(await world.value("SELECT count(*) FROM progress WHERE parked_at IS NOT NULL"))) <= 20


@pytest.mark.parametrize("body", [b"not json", b"{}", b"[]", b"\xff\xfe", b'{"order_id": 7}'])
async def test_a_body_that_does_not_fit_parks_its_key(world: World, body: bytes) -> None:
    order, other = uuid7(), uuid7()
    spoilt = record(rejected(order, 1))
    await world.bus().send(
        [type(spoilt)(spoilt.topic, spoilt.key, spoilt.headers, body), record(rejected(order, 2)), record(rejected(other, 1))]
    )

    await quiet(world.consumer())

    assert await world.effects(order) == []
    assert await world.effects(other) == [1]
    assert await world.value("SELECT count(*) FROM waiting") == 2
