"""Draining the outbox with everything pending at once, and the same while an open transaction pins vacuum: the relay alone, in turns."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import asyncpg
from shared.bus import Fetched, Heard, Partition, Record
from shared.database import Pool, open_pool
from shared.migrations import migrate
from shared.relay import Relay
from shared.walls import Role, entered_as

from deploy.local.postgres import Postgres

ROWS, ROUNDS = 100_000, 3
_SAY = """
WITH said AS (
    INSERT INTO outbox (event_id, topic, key, aggregate, version, type, customer_id, occurred_at, correlation_id, body)
    SELECT gen_random_uuid(), 'orders', n::text, 'order/' || $2 || '-' || n, 1, 'order.confirmed.v1', 'BENCH', now(), gen_random_uuid(),
        convert_to(repeat('x', 400), 'UTF8')
    FROM generate_series(1, $1::int) AS n RETURNING id, created_at
) INSERT INTO outbox_pending (id, created_at) SELECT id, created_at FROM said
"""


class Deaf:
    """A bus that has everything at once: what is measured is the relay and its database."""

    async def send(self, records: Sequence[Record]) -> None:
        return

    async def poll(self, most: int, seconds: float) -> Fetched:
        return Fetched(0, frozenset(), list[Heard]())

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        return

    async def ends(self) -> Mapping[Partition, int]:
        return {}

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        return

    async def close(self) -> None:
        return


def measure(folder: Path, rows: int = ROWS) -> dict[str, float]:
    with Postgres(folder / "drain") as server:
        server.create_service("order_intake")
        url = server.url("order_intake", "order_intake")
        migrate("order_intake", entered_as(url, "order_intake", Role.OWNER))
        return asyncio.run(_measure(entered_as(url, "order_intake", Role.WORKER), rows))


async def _measure(url: str, rows: int) -> dict[str, float]:
    pool = await open_pool(url, 4)
    relay = Relay(pool, Deaf(), "/order-intake", "bench")
    rounds = []
    for number in range(ROUNDS):
        free = await _drained(pool, relay, rows, f"free-{number}")
        async with _pinned(url):
            held = await _drained(pool, relay, rows, f"held-{number}")
        rounds.append((free, held))
    await pool.close()
    return {
        "rows pending at once": rows,
        "drained a second": round(median(free for free, _ in rounds)),
        "while vacuum is pinned": round(median(held for _, held in rounds)),
        "ratio": round(median(held / free for free, held in rounds), 2),
    }


@asynccontextmanager
async def _pinned(url: str) -> AsyncIterator[None]:
    """No row that is deleted from now on can be cleared away."""
    pin = await asyncpg.connect(url)
    await pin.execute("BEGIN; SELECT pg_current_xact_id()")
    yield
    await pin.close()


async def _drained(pool: Pool, relay: Relay, rows: int, name: str) -> float:
    await pool.execute(_SAY, rows, name, timeout=120)
    began = perf_counter()
    left = rows
    while left > 0:
        left -= await relay.step()
    return rows / (perf_counter() - began)
