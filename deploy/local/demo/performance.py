"""A whole play, from the first call to the verdicts."""

from collections.abc import Callable

from deploy.local.demo.board import Board
from deploy.local.demo.center import Center
from deploy.local.demo.choices import Choices
from deploy.local.demo.dataset import Plan
from deploy.local.demo.outcome import Outcome, outcome
from deploy.local.demo.player import Player
from deploy.local.demo.target import Target


async def perform(target: Target, plan: Plan, choices: Choices, progressed: Callable[[int, int], None]) -> Outcome:
    """`progressed` is told again and again how many orders are at their end, and of how many."""
    async with Center(target) as center, Board(target) as board:
        player = Player(plan, choices, center, board, progressed)
        await player.play()
        return await outcome(target, center, plan, player.journal, player.seconds)
