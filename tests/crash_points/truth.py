"""What must be true whenever nothing is on its way."""

import asyncio
import time

from deploy.local.demo.board import Board
from deploy.local.demo.evidence import evidence
from deploy.local.demo.invariants import INVARIANTS, judge
from tests.crash_points.people import People
from tests.crash_points.stage import Stage

SETTLED_WITHIN = 30.0
AT_THE_END = {"Every order is delivered, closed, cancelled, rejected or backordered", "Nothing is left to pick or to deliver"}
"""Not while people still work."""


async def settled(board: Board) -> None:
    """Every event is sent and applied, and no timer is due."""
    deadline = time.monotonic() + SETTLED_WITHIN
    while left := [what for what in (await board.rest()).left if what.startswith(("events", "timers"))]:
        assert time.monotonic() < deadline, f"still {left}"
        await asyncio.sleep(0.05)


async def broken(stage: Stage, people: People) -> list[str]:
    """A sentence for each invariant that does not hold, with its first offender."""
    async with evidence(stage.target, people.acknowledged) as checker:
        verdicts = await judge(checker)
    assert {invariant.sentence for invariant in INVARIANTS} >= AT_THE_END
    return [f"{each.invariant.sentence}: {each.first}" for each in verdicts if each.broken and each.invariant.sentence not in AT_THE_END]
