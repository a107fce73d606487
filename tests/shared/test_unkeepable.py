"""What comes over the bus and PostgreSQL cannot keep: a text with NUL or beyond an index, a number too large. Nothing else stops for it."""

from collections.abc import Sequence
from dataclasses import replace as with_
from random import Random

import pytest
from shared.applying import Batch
from shared.database import Transaction, transaction
from shared.events import OrderRejected
from shared.locks import Lock
from shared.registry import Handlers
from uuid_utils.compat import uuid7

from tests.shared.plumbing import THINGS, World, heard, listening, quiet, record, rejected

LONG = Random(1).randbytes(6_000).hex().encode()
"""PostgreSQL keeps it, but in no index."""
SPOILT = {
    "an id": {"ce_id": b"\0"},
    "a subject": {"ce_subject": b"order/\0"},
    "a customer": {"ce_customerid": b"\0"},
    "a version": {"ce_aggregateversion": b"2147483648"},
    "a version before the first": {"ce_aggregateversion": b"0"},
    "a version below all": {"ce_aggregateversion": b"-2147483649"},
    "a long subject": {"ce_subject": LONG},
    "a long id": {"ce_id": LONG},
    "a long customer": {"ce_customerid": LONG},
    "a long type": {"ce_type": LONG},
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=list(SPOILT))
async def test_a_head_that_postgresql_cannot_keep_becomes_a_dead_letter_and_blocks_nothing(world: World, spoilt: dict[str, bytes]) -> None:
    order, sick = uuid7(), record(rejected(uuid7(), 1))
    said = [(name, spoilt.get(name, value)) for name, value in sick.headers]
    await world.bus().send([with_(sick, headers=said), record(rejected(order, 1))])

    await quiet(world.consumer())

    assert await world.effects(order) == [1]
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'listener.dead-letters'") == 1


@pytest.mark.parametrize(("key", "kept"), [(b"\0", "\ufffd"), (LONG, LONG.decode()[:500])], ids=["with NUL", "long"])
async def test_a_key_that_cannot_be_kept_becomes_a_dead_letter_and_blocks_nothing(world: World, key: bytes, kept: str) -> None:
    """Of a bus that permits it: Kafka does, PostgreSQL's own cannot."""
    order = uuid7()
    said = [heard(rejected(uuid7(), 1), 0)._replace(key=key), heard(rejected(order, 1), 1)]
    async with transaction(world.pool) as tx:
        await Batch(tx, "listener", listening()).apply(said)

    assert await world.effects(order) == [1]
    assert await world.value("SELECT key FROM outbox WHERE topic = 'listener.dead-letters'") == kept


async def test_a_text_that_postgresql_refuses_parks_its_key_and_nothing_else(world: World) -> None:
    """The body fits, and the handler's own statement fails."""
    order, sick, handlers = uuid7(), uuid7(), listening()

    @handlers.on(OrderRejected)
    async def store(tx: Transaction, events: Sequence[OrderRejected]) -> None:
        for event in events:
            await tx.execute("INSERT INTO things VALUES ($1, 1)", event.reason + str(event.event_id))

    await world.bus().send([record(rejected(sick, 1, "a\0")), record(rejected(sick, 2)), record(rejected(order, 1))])

    await quiet(world.consumer(handlers=handlers))

    assert (await world.effects(order), await world.effects(sick)) == ([1], [])
    assert await world.value("SELECT array_agg(version ORDER BY version) FROM waiting WHERE aggregate = $1", f"order/{sick}") == [1, 2]
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'listener.dead-letters'") == 1


async def test_a_lock_that_postgresql_refuses_parks_its_key_and_nothing_else(world: World) -> None:
    order, sick, handlers = uuid7(), uuid7(), Handlers()

    @handlers.on(OrderRejected, rows=lambda events: [Lock(THINGS, event.reason) for event in events])
    async def write(tx: Transaction, events: Sequence[OrderRejected]) -> None:
        for event in events:
            await tx.execute("INSERT INTO effects (aggregate, said) VALUES ($1, $2)", event.aggregate, f"{event.version}")

    said = [rejected(sick, 1), rejected(sick, 2, "a\0"), rejected(sick, 3), rejected(order, 1), rejected(order, 2)]
    await world.bus().send([record(event) for event in said])

    await quiet(world.consumer(handlers=handlers))

    assert (await world.effects(order), await world.effects(sick)) == ([1, 2], [1])
    assert await world.value("SELECT array_agg(version ORDER BY version) FROM waiting WHERE aggregate = $1", f"order/{sick}") == [2, 3]
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'listener.dead-letters'") == 1
