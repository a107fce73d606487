"""Every process is killed at named places, all at once, while people work; afterwards nothing is lost and nothing was done twice."""

import asyncio
import time
from collections.abc import Mapping

import pytest

from deploy.local.demo.board import Board
from tests.crash_points.cells import LEAVING, rounds
from tests.crash_points.people import People
from tests.crash_points.stage import Stage
from tests.crash_points.truth import broken, settled

pytestmark = pytest.mark.timeout(120)
REACHED_WITHIN = 60.0


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


async def _work_until_crashed(stage: Stage, people: People, crash_at: Mapping[str, str]) -> None:
    deadline = time.monotonic() + REACHED_WITHIN
    await people.work()
    while left := stage.not_crashed(crash_at):
        assert time.monotonic() < deadline, f"never came to {left}"
        await people.work()
        await asyncio.sleep(0.1)
