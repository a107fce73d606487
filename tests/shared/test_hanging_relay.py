"""How the crash rig makes a relay hang, so that it can say things in another order first."""

import asyncio
from itertools import groupby
from uuid import uuid4

import asyncpg
from shared.walls import Role, entered_as

from tests.crash.faults.events import hanging_relay, waiting
from tests.shared.plumbing import PACKAGE, World, history, until


async def _on_the_bus(world: World, aggregates: set[str]) -> set[str]:
    """Which of these are on the bus."""
    rows = await world.pool.fetch("SELECT DISTINCT key FROM log")
    return {row["key"] for row in rows} & {each.partition("/")[2] for each in aggregates}


async def _collected(world: World, holder: asyncpg.Connection) -> list[asyncpg.Record]:
    """While things go on happening, twice to each."""
    collecting = asyncio.create_task(waiting(holder, 0.5))
    while not collecting.done():
        await world.say(*history(uuid4(), 2))
        await asyncio.wait([collecting], timeout=0.1)
    return await collecting


async def test_what_waits_for_a_hanging_relay_is_not_on_the_bus_and_goes_there_after(world: World) -> None:
    stopping, url = asyncio.Event(), entered_as(world.url, PACKAGE, Role.WORKER)
    running = asyncio.create_task(world.relay().run(stopping))
    await world.say(*history(uuid4(), 2))

    async def all_sent() -> bool:
        return await world.value("SELECT count(*) FROM outbox_pending") == 0

    await until(all_sent)
    async with hanging_relay(url) as holder:
        rows = await _collected(world, holder)
        await _collected(world, holder)
        aggregates = {row["aggregate"] for row in rows}
        heard = await _on_the_bus(world, aggregates)

    assert len(aggregates) > 1
    assert [[row["version"] for row in of_one] for _, of_one in groupby(rows, lambda row: str(row["aggregate"]))] == [[2, 1]] * len(
        aggregates
    )
    assert heard == set()
    await until(all_sent)
    assert len(await _on_the_bus(world, aggregates)) == len(aggregates)
    stopping.set()
    await running
