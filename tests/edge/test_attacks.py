"""Attacks, one after the other, on a running service, while honest callers go on: they notice nothing, and nothing grows."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.conftest import OPERATOR_KEY
from tests.edge.attacks import ATTACKS
from tests.edge.callers import Callers, Seen
from tests.edge.conftest import Api
from tests.shared.plumbing import until

log = logging.getLogger(__name__)
SECONDS = float(os.environ.get("LSC_ATTACK_SECONDS", "1.5"))
P99 = 0.2
TIMES, SLOWEST = 6, 0.6
"""Where honest callers alone need more than 33 ms, the machine is slow: then so often what they need, and never more than the slowest."""
TRIES = 3
"""A fault is there each time; the slowest of a hundred answers may be slow for once."""
ENOUGH = 20
MEMORY = 100 * 1024 * 1024
ANSWERS = {400, 401, 408, 413, 414, 415, 422, 429, 431, 503}


@dataclass
class Memory:
    """What the process takes, and took `before` all attacks, after it had worked a little."""

    api: Api
    before: int

    def grown(self, most: int) -> int:
        """An attack that made it grow too much is told of it once: what is left behind is not charged to those that follow."""
        grown = most - self.before
        if grown >= MEMORY:
            self.before = max(self.before, self.api.memory())
        return grown


@pytest.fixture(scope="module")
async def memory(api: Api) -> Memory:
    await _honest_alone(api)
    return Memory(api, api.memory())


async def _honest_alone(api: Api) -> Seen:
    async with Callers(api) as seen:
        await asyncio.sleep(SECONDS / 2)
        async with asyncio.timeout(20):
            while len(seen.took) < ENOUGH:
                await asyncio.sleep(0.05)
    return seen


async def _attacked(api: Api, name: str) -> tuple[Seen, set[int], int]:
    """What honest callers saw, what the attacker was answered, and the most memory meanwhile."""
    most = 0
    words = [sys.executable, "-m", "tests.edge.attacks", name, str(api.port), str(SECONDS)]
    attacker = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE, env=os.environ | {"LSC_OPERATOR_KEY": OPERATOR_KEY})
    async with Callers(api) as seen:
        ended = asyncio.create_task(attacker.communicate())
        while not ended.done():
            most = max(most, api.memory())
            await asyncio.wait([ended], timeout=0.05)
    statuses, _ = ended.result()
    return seen, set(json.loads(statuses)), most


@pytest.mark.parametrize("name", ATTACKS)
async def test_honest_callers_do_not_notice(api: Api, memory: Memory, name: str) -> None:
    async def none_is_out() -> bool:
        return await api.figure("lsc_db_pool_checked_out") == 0

    most, limit = 0, P99
    for _ in range(TRIES):
        seen, statuses, taken = await _attacked(api, name)
        most = max(most, taken)
        await until(none_is_out)
        if seen.own_seconds < limit:
            break
        limit = min(max(P99, TIMES * (await _honest_alone(api)).own_seconds), SLOWEST)
    grown = memory.grown(most)
    p99, own = seen.seconds * 1000, seen.own_seconds * 1000
    log.info("%s: p99 %.0f ms, %.0f on its own, of %d, %+d MB, %s", name, p99, own, len(seen.took), grown >> 20, statuses)

    assert seen.statuses == {200, 201}
    assert statuses <= ANSWERS
    assert grown < MEMORY
    assert seen.own_seconds < limit
    assert (await api.ask("GET", "/readyz")).status == 200
    assert '"level": "error"' not in api.log.read_text()
