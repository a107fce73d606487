"""What the watchdog takes for a stall, and what it does not; and what a consumer that runs does about faults."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from shared.bus import Bus, BusUnavailable, Fetched, partition_of
from shared.database import Transaction
from shared.events import OrderRejected
from shared.observability import LAG_EVENTS, LAG_SECONDS
from shared.registry import Handlers
from shared.watchdog import Watchdog
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from tests.shared.plumbing import World, history, listening, quiet, record, until


async def test_a_handler_that_takes_long_is_no_stall(world: World) -> None:
    gate = asyncio.Event()
    await world.bus("writer").send([record(event) for event in history(uuid7(), 2)])
    consumer = world.consumer(handlers=listening(gate))
    running = asyncio.create_task(quiet(consumer))

    async def at_work() -> bool:
        return consumer.busy

    await until(at_work)
    consumer.moved_at -= 100
    while_busy = consumer.stalled_for()
    gate.set()
    await running

    assert while_busy == 0


async def test_a_client_that_hears_nothing_more_is_one(world: World) -> None:
    consumer = world.consumer()
    await world.bus("writer").send([record(event) for event in history(uuid7(), 2)])
    await quiet(consumer)

    consumer.moved_at -= 100

    assert consumer.stalled_for() > 90


async def test_how_far_behind_it_is_stands_in_the_metrics(world: World) -> None:
    """In events, and in seconds since what it applied last was written."""
    early, late = history(uuid7(), 2)
    consumer, writer = world.consumer(), world.bus("writer")
    await writer.send([record(early.model_copy(update={"occurred_at": early.occurred_at - timedelta(seconds=100)}))])
    await quiet(consumer)
    await writer.send([record(late)])

    await Watchdog(consumer).look_at_the_log()

    number = str(partition_of(early.key))
    assert LAG_EVENTS.labels("orders", number)._value.get() == 1
    assert 100 <= LAG_SECONDS.labels("orders", number)._value.get() < 200


class Sometimes:
    """A bus that fails so often with this before it brings anything."""

    def __init__(self, bus: Bus, fault: Exception, times: int) -> None:
        self._bus, self._fault, self.left = bus, fault, times

    async def poll(self, most: int, seconds: float) -> Fetched:
        if self.left:
            self.left -= 1
            raise self._fault
        return await self._bus.poll(most, seconds)

    def __getattr__(self, name: str) -> object:
        return getattr(self._bus, name)


class NeverTwice(Sometimes):
    """A bus that fails with every second poll."""

    async def poll(self, most: int, seconds: float) -> Fetched:
        self.left += 1
        if self.left % 2 == 0:
            raise self._fault
        return await self._bus.poll(most, seconds)


def losing_connection(times: int) -> Handlers:
    """After each of the first batches was handled the connection is lost."""
    handlers, left = listening(), iter(range(times))

    @handlers.on(OrderRejected, unordered=True)
    async def lose_connection(tx: Transaction, events: Sequence[OrderRejected]) -> None:
        if next(left, None) is not None:
            raise ConnectionError

    return handlers


@pytest.mark.parametrize("fault", [BusUnavailable("away"), OSError("the connection was cut")], ids=["the bus", "the connection"])
async def test_a_consumer_goes_on_when_what_was_away_is_back(world: World, fault: Exception) -> None:
    order, stopping = uuid7(), asyncio.Event()
    await world.bus("writer").send([record(event) for event in history(order, 3)])
    consumer = world.consumer(Sometimes(world.bus(), fault, 2))  # type: ignore[arg-type]  # a bus for all that is asked of it

    with capture_logs() as logs:
        running = asyncio.create_task(consumer.run(stopping))
        await until(partial(_has_applied, world, order, running))
        stopping.set()
        await running

    assert [line["error"] for line in logs if line["event"] == "consumer.retries"] == [repr(fault)] * 2
    assert consumer.failing == 0
    assert consumer.stalled_for() < 60


async def test_who_fails_whenever_it_has_taken_over_waits_longer_each_time(world: World) -> None:
    consumer, stopping = world.consumer(NeverTwice(world.bus(), BusUnavailable("broken"), 0)), asyncio.Event()  # type: ignore[arg-type]  # the same
    running = asyncio.create_task(consumer.run(stopping))

    async def has_failed_again() -> bool:
        return consumer.failing > 2

    await until(has_failed_again)
    stopping.set()
    await running

    assert consumer.stalled_for() < 60


async def test_a_batch_that_was_cut_off_is_fetched_again(world: World) -> None:
    order, stopping = uuid7(), asyncio.Event()
    await world.bus("writer").send([record(event) for event in history(order, 3)])
    running = asyncio.create_task(world.consumer(handlers=losing_connection(2)).run(stopping))

    await until(partial(_has_applied, world, order, running))
    stopping.set()
    await running

    assert await world.value("SELECT count(*) FROM waiting") == 0


async def test_what_does_not_pass_by_itself_ends_the_consumer(world: World) -> None:
    consumer = world.consumer(Sometimes(world.bus(), RuntimeError("no such topic"), 1))  # type: ignore[arg-type]  # the same

    with pytest.raises(RuntimeError, match="no such topic"):
        await consumer.run(asyncio.Event())


async def _has_applied(world: World, order: UUID, running: asyncio.Task[None]) -> bool:
    if running.done():
        running.result()
    return await world.effects(order) == [1, 2, 3]
