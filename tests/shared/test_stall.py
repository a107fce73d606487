"""What the watchdog takes for a stall, and what it does not."""

import asyncio

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
    await quiet(consumer)

    consumer.moved_at -= 100

    assert consumer.stalled_for() > 90
