"""Every process is killed at named places, all at once, while people work; afterwards nothing is lost and nothing was done twice."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg
import pytest
from shared.events import Topic
from shared.walls import Role

from deploy.local.demo.board import Board
from deploy.local.demo.target import subscriptions
from tests.crash_points.cells import LEAVING, rounds
from tests.crash_points.people import People
from tests.crash_points.stage import Stage, crashed
from tests.crash_points.truth import broken, settled

pytestmark = pytest.mark.timeout(120)
REACHED_WITHIN = 60.0
REPLAY = ("order_intake", "relay", "replay", "--from", "2020-01-01T00:00:00Z")
_PLACES = "SELECT partition, next_offset FROM {} WHERE topic = $1 AND next_offset > 0 ORDER BY partition"


@pytest.mark.parametrize("crash_at", rounds(), ids=lambda crash_at: f"{len(crash_at)} processes, {next(iter(crash_at.values()))}")
async def test_nothing_is_lost_or_doubled(stage: Stage, people: People, board: Board, crash_at: Mapping[str, str]) -> None:
    stage.arm(crash_at)

    await _work_until_crashed(stage, people, crash_at)

    await settled(board)
    assert await broken(stage, people) == []


async def test_nor_where_processes_that_end_are_killed(stage: Stage, people: People, board: Board) -> None:
    stage.arm(LEAVING)
    await people.work()
    for name in LEAVING:
        stage.leave(name)

    await _work_until_crashed(stage, people, LEAVING)

    await settled(board)
    assert await broken(stage, people) == []


async def test_nor_where_the_log_was_replaced_and_is_read_from_its_beginning(stage: Stage, people: People, board: Board) -> None:
    """The log that was lost held every event twice, so that all have read further than the new one reaches."""
    readers = [package for package, topics in subscriptions(stage.target).items() if Topic.ORDERS in topics]
    crash_at = {f"{package.replace('_', '-')}-worker": "consumer.started_again" for package in readers}
    await people.work()
    assert stage.call(*REPLAY)[0] == 0
    await settled(board)
    await _read(stage, readers)
    stage.arm(crash_at)

    await _lose_the_log(stage)
    assert stage.call(*REPLAY)[0] == 0

    for name, place in crash_at.items():
        await crashed(stage, name, place)
    await settled(board)
    await _read(stage, readers)
    assert await broken(stage, people) == []


async def _lose_the_log(stage: Stage) -> None:
    log = await asyncpg.connect(stage.stack["LSC_LOG_URL"])
    async with log.transaction():
        await log.execute("UPDATE log_partitions SET next_offset = 0 WHERE topic = $1", Topic.ORDERS)
        await log.execute("DELETE FROM log WHERE topic = $1", Topic.ORDERS)
    await log.close()


async def _read(stage: Stage, packages: Sequence[str]) -> None:
    """As far as the log reaches, no less and no further."""
    where = {"log": (stage.stack["LSC_LOG_URL"], "log_partitions")}
    where |= {package: (stage.target.database(package, Role.STAFF), "consumer_offsets") for package in packages}
    deadline = time.monotonic() + REACHED_WITHIN
    while len(set((reached := {name: await _places(*at) for name, at in where.items()}).values())) > 1:
        assert time.monotonic() < deadline, f"not all have read to the end of the log: {reached}"
        await asyncio.sleep(0.05)


async def _places(url: str, table: str) -> tuple[tuple[int, int], ...]:
    connection = await asyncpg.connect(url)
    try:
        return tuple(map(tuple, await connection.fetch(_PLACES.format(table), Topic.ORDERS)))
    finally:
        await connection.close()


async def _work_until_crashed(stage: Stage, people: People, crash_at: Mapping[str, str]) -> None:
    deadline = time.monotonic() + REACHED_WITHIN
    await people.work()
    while left := stage.not_crashed(crash_at):
        assert time.monotonic() < deadline, f"never came to {left}"
        await people.work()
        await asyncio.sleep(0.1)
