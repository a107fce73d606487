"""Which fault strikes when, and what became of it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from time import monotonic

from aiokafka.errors import KafkaError
from shared.bus import BusUnavailable

from deploy.local.errors import StackError
from tests.crash.faults import CATALOGUE, Field
from tests.crash.faults.catalogue import Absent, InVain, Turns, draw_from
from tests.crash.profiles import Profile
from tests.crash.vigil import AWAY

LONGEST_FAULT_SECONDS = 150.0
TRIES = 5
PAUSE_SECONDS = 5.0
GRACE_SECONDS = 60.0
"""So long after the last order a fault may still get its turn."""
HINDERED = (*AWAY, RuntimeError, StackError, KafkaError, BusUnavailable)
"""What a fault, or a look from outside, may meet while another fault is at work."""
AT_A_POINT = "SIGKILL at a point"


class Beating:
    """All faults of a profile. Each strike draws from a seed of its own, whatever strikes beside it."""

    def __init__(self, ground: Field, profile: Profile, seed: int, note: Callable[[str], None]) -> None:
        self._ground, self._profile, self._seed, self._note = ground, profile, seed, note
        self._turns, self._struck = Turns(), Counter[str]()

    async def run(self) -> None:
        """From the first order on, until the last of them is over."""
        self._began = began = monotonic()
        async with asyncio.TaskGroup() as faults:
            for _ in range(self._profile.walkers):
                faults.create_task(self._walk(began + 0.9 * self._profile.seconds))
            for at, name in self._profile.times(self._seed):
                await asyncio.sleep(began + at - monotonic())
                faults.create_task(self._strike_in_earnest(name))

    async def _walk(self, until: float) -> None:
        """From point to point."""
        while monotonic() < until and (self._ground.points.left or self._ground.points.renew()):
            if self._ground.points.is_idle:
                await asyncio.sleep(1)
            else:
                await self._strike(AT_A_POINT)

    async def _strike_in_earnest(self, name: str) -> None:
        """What did no harm, or had another fault in its way, comes again as long as no other strike of its kind did any."""
        for nth in range(TRIES):
            if await self._strike(name) or self._ground.counts[name]:
                return
            await asyncio.sleep(PAUSE_SECONDS * (1 + 0.4 * nth))

    async def _strike(self, name: str) -> bool:
        """Whether it is settled: it did its harm, or cannot do it on this machine, or has no time left. What did none is no fault."""
        fault, counts = CATALOGUE[name], self._ground.counts
        self._struck[name] += 1
        draw_from(Random(f"{self._seed}/{name}/{self._struck[name]}"))
        async with self._turns.taken(fault.needs):
            if monotonic() > self._began + self._profile.seconds + GRACE_SECONDS:
                counts[f"{name}, but had no turn"] += 1
                return True
            try:
                async with asyncio.timeout(LONGEST_FAULT_SECONDS):
                    await fault.strike(self._ground)
            except Absent as why:
                self._ground.absent[name] = str(why)
                return True
            except (InVain, *HINDERED) as failure:
                counts[f"{name}, but {_became_of(failure)}"] += 1
                self._note(f"{name}: {failure!r}")
                return False
        counts[name] += 1
        self._note(f"{name}: done")
        return True


def _became_of(failure: Exception) -> str:
    if isinstance(failure, InVain):
        return "in vain"
    return "did not end in time" if isinstance(failure, TimeoutError) else "was hindered by another fault"
