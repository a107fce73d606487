"""What is due: fired together, what fails alone and later, and nothing else waits for it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shared.database import Transaction, transaction
from shared.outbox import publish
from shared.registry import Timers
from shared.timers import fire_due, set_timers
from uuid_utils.compat import uuid7

from tests.shared.plumbing import World, rejected


async def test_a_timer_whose_rows_are_refused_is_put_off_alone(world: World) -> None:
    """What it says is written later than it is said."""
    order, timers = uuid7(), Timers()

    @timers.on("tell")
    async def tell(tx: Transaction, subjects: Sequence[str]) -> None:
        for subject in subjects:
            await publish(tx, rejected(order, int(subject)))

    async with transaction(world.pool) as tx:
        await publish(tx, rejected(order, 1))
        await set_timers(tx, "tell", [(version, datetime.now(UTC)) for version in ("1", "2")])

    assert await fire_due(world.pool, timers) == 1

    rows: list[Any] = await world.pool.fetch("SELECT subject, failures FROM timers")
    assert [tuple(row) for row in rows] == [("1", 1)]
    assert await world.value("SELECT array_agg(version ORDER BY version) FROM outbox") == [1, 2]
