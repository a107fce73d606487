"""Much at once."""

import asyncio
from contextlib import suppress
from time import monotonic

import asyncpg
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, fault
from tests.crash.faults.kafka import replay


@fault("the whole ledger is pending again while an open transaction pins vacuum", "kafka", "records")
async def pinned(ground: Field) -> None:
    pins = [await asyncpg.connect(ground.target.database(service.package, Role.WORKER)) for service in SERVICES]
    for pin in pins:
        await pin.execute("BEGIN; SELECT pg_current_xact_id()")
    began = monotonic()
    try:
        await replay(ground)
        ground.counts["rows pending at once"] = max(ground.counts["rows pending at once"], await ground.pending())
        while monotonic() - began < 60 and await ground.pending() > 100:
            await asyncio.sleep(0.5)
    finally:
        for pin in pins:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                pin.terminate()
