"""Much at once."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, InVain, fault
from tests.crash.faults.kafka import replay
from tests.crash.vigil import AWAY

if TYPE_CHECKING:
    Pin = asyncpg.Connection[asyncpg.Record]
else:
    Pin = asyncpg.Connection


PENDING, DRAINED = "rows pending at once", "rows pending at once, sent a second"


@fault("the whole ledger is pending again while an open transaction pins vacuum", "kafka", "postgres", "records")
async def pinned(ground: Field) -> None:
    """Asked for while the broker is away, so that all of it waits at the same moment. How fast it goes is told; that it goes HEAL asks."""
    broker, pins = ground.stage.kafka, list[Pin]()
    assert broker
    await asyncio.to_thread(broker.kill)
    try:
        try:
            for service in SERVICES:
                pins.append(await _pin(ground, service.package))
            await replay(ground, [service.package for service in SERVICES])
            pending, said = await ground.pending(), await _said(ground)
        finally:
            await asyncio.to_thread(broker.start)
        a_second = await _drained(ground, pending)
        judge(pending, said, [not pin.is_closed() for pin in pins])
        if pending > ground.counts[PENDING]:
            ground.counts[PENDING], ground.counts[DRAINED] = pending, a_second
    finally:
        ground.spared.clear()
        for pin in pins:
            with suppress(*AWAY):
                pin.terminate()


def judge(pending: int, said: int, open_pins: Sequence[bool]) -> None:
    """Raises InVain, unless nearly all of it waited and vacuum was kept from every database until it was gone."""
    if not all(open_pins) or pending < 0.9 * said:
        raise InVain(f"of {said} events {pending} waited, {sum(open_pins)} of {len(open_pins)} transactions stayed open")


async def _drained(ground: Field, pending: int) -> int:
    """So many a second, until few are left or a minute is over."""
    began, left = monotonic(), pending
    while left > 100 and monotonic() - began < 60:
        await asyncio.sleep(0.5)
        with suppress(*AWAY):
            left = await ground.pending()
    return round((pending - left) / max(monotonic() - began, 0.5))


async def _said(ground: Field) -> int:
    """Events in all ledgers."""
    counts = [await ground.ask(package, "SELECT count(*) FROM outbox") for package in ground.target.packages]
    return sum(count for count in counts if isinstance(count, int))


async def _pin(ground: Field, package: str) -> Pin:
    """No row that is deleted from now on can be cleared away."""
    pin: Pin = await asyncpg.connect(ground.target.database(package, Role.WORKER))
    ground.spared.add(pin.get_server_pid())
    await pin.execute("BEGIN; SELECT pg_current_xact_id()")
    return pin
