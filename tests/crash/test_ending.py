"""How a run ends: in time, with all that is broken named, and with nobody who goes on."""

import asyncio
from pathlib import Path

import pytest

from deploy.local.demo.client import Answer
from tests.crash import checks
from tests.crash.faults import Field
from tests.crash.ledger import Operation
from tests.crash.profiles import Profile
from tests.crash.result import Result
from tests.crash.rig import Rig, until_done_or
from tests.crash.vigil import ANSWERS, OFFSETS, Finding


def a_result() -> Result:
    return Result(Profile("tried", 1, 1.0, {}, heal_seconds=30.0), 1)


def test_what_settles_later_than_the_profile_permits_is_not_clean() -> None:
    in_time, late = a_result(), a_result()
    in_time.settle(30.0)
    late.settle(33.0)

    assert (in_time.is_clean, in_time.findings) == (True, [])
    assert (late.is_clean, [finding.invariant for finding in late.findings]) == (False, [checks.STUCK])


@pytest.mark.parametrize("ends", ["over", "called back"])
async def test_nobody_goes_on_alone(ends: str) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    playing = asyncio.create_task(until_done_or(lambda: ends == "over" and began.is_set(), work()))
    await began.wait()
    if ends == "called back":
        playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)

    assert ended.is_set()


async def test_a_work_that_fails_is_heard_of() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await until_done_or(lambda: False, work())


async def test_in_peace_what_is_broken_is_named_though_not_all_can_be_judged(ground: Field, tmp_path: Path) -> None:
    """Found while it healed, found by the last look at the answers, and that no database answers."""
    rig = Rig(Profile("tried", 1, 1.0, {}), 1, tmp_path, lambda text: None)
    rig.ground, rig.vigil = ground, ground.vigil
    ground.vigil.findings.append(Finding(OFFSETS, 1, "moved back while it healed"))
    placed = Operation("place 1", "place", "NORTH", "PO-1", "key-1")
    for status in (201, 404):
        ground.vigil.ledger.heard(ground.vigil.ledger.sent(placed), Answer(status, b"{}"))

    found = await rig._all_that_is_broken()
    await rig._clear_away()

    assert [finding.invariant for finding in found] == [OFFSETS, ANSWERS, checks.STUCK]
