"""A real broker that lost its data: consumers notice, the ledger fills the log again, and nothing is applied twice."""

import asyncio

import pytest
from shared.bus import BusUnavailable
from shared.consumer import Consumer
from shared.kafka import KafkaBus, make_topics
from uuid_utils.compat import uuid7

from deploy.local.kafka import Kafka
from tests.shared.plumbing import TOPICS, World, history, listening, until


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
