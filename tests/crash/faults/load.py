"""Much at once."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, InVain, fault
from tests.crash.faults.kafka import replay

if TYPE_CHECKING:
    Pin = asyncpg.Connection[asyncpg.Record]
else:
    Pin = asyncpg.Connection


@fault("the whole ledger is pending again while an open transaction pins vacuum", "kafka", "records")
async def pinned(ground: Field) -> None:
    """Asked for while the broker is away, so that all of it waits at the same moment."""
    broker, pins = ground.stage.kafka, list[Pin]()
    assert broker
    await asyncio.to_thread(broker.kill)
    try:
        try:
            pins += [await _pin(ground.target.database(service.package, Role.WORKER)) for service in SERVICES]
            await replay(ground, [service.package for service in SERVICES])
            pending, said = await ground.pending(), await _said(ground)
            ground.counts["rows pending at once"] = max(ground.counts["rows pending at once"], pending)
            if all(pin.is_closed() for pin in pins) or pending < said / 2:
                raise InVain(f"of {said} events {pending} waited, {sum(not pin.is_closed() for pin in pins)} transactions were open")
        finally:
            await asyncio.to_thread(broker.start)
        began = monotonic()
        while monotonic() - began < 60 and await ground.pending() > 100:
            await asyncio.sleep(0.5)
    finally:
        for pin in pins:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                pin.terminate()


async def _said(ground: Field) -> int:
    """Events in all ledgers."""
    counts = [await ground.ask(package, "SELECT count(*) FROM outbox") for package in ground.target.packages]
    return sum(count for count in counts if isinstance(count, int))


async def _pin(url: str) -> Pin:
    """No row that is deleted from now on can be cleared away."""
    pin: Pin = await asyncpg.connect(url)
    await pin.execute("BEGIN; SELECT pg_current_xact_id()")
    return pin
