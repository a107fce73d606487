"""Workers and callers at the same time: nothing is oversold, nobody waits for ever, nothing needs to be tried again."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random

from inventory.commands.adjustments import adjust_stock
from inventory.commands.picks import confirm_picks
from inventory.event_handlers import timers
from inventory.schemas import NewAdjustment, NewConfirmation
from shared.database import Pool, transaction
from shared.events import Event, OrderConfirmed
from shared.timers import fire_due
from uuid_utils.compat import uuid7

from tests.inventory.builders import a_cancellation, a_customer_with, a_handover, a_release, an_order, broken_books, hear, stock_of

SKUS = ["TEA", "MUG", "POT"]


async def at_once(jobs: Sequence[Callable[[], Awaitable[object]]], most: int = 8) -> None:
    """Run all jobs, up to `most` at a time; any failure fails the test."""
    turns = asyncio.Semaphore(most)

    async def run(job: Callable[[], Awaitable[object]]) -> None:
        async with turns:
            await job()

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(run(job))


async def drained(pool: Pool) -> None:
    """Fire the timers until none is due."""
    for _ in range(200):
        if not await fire_due(pool, timers):
            return
    raise AssertionError("The timers never come to rest.")


def hearing(pool: Pool, *events: Event) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        async with transaction(pool) as tx:
            await hear(tx, *events)

    return job


async def test_of_400_orders_for_the_last_100_units_exactly_100_are_served(pool: Pool) -> None:
    async with transaction(pool) as tx:
        customer_id = await a_customer_with(tx, {"TEA": {"W1": 60, "W2": 40}})
    orders = [an_order(customer_id, [("TEA", 1)], hours=number) for number in range(1, 401)]

    await at_once([hearing(pool, *orders[at : at + 4]) for at in range(0, 400, 4)])
    await drained(pool)

    served = await pool.fetchval("SELECT count(*) FROM fulfilments WHERE customer_id = $1 AND status = 'served'", customer_id)
    assert served == 100
    assert await stock_of(pool, customer_id) == {("TEA", "W1"): (60, 60), ("TEA", "W2"): (40, 40)}
    assert await broken_books(pool, customer_id) == []


async def test_orders_adjustments_cancellations_picks_and_handovers_at_the_same_time_keep_the_books(pool: Pool) -> None:
    random = Random(7)
    async with transaction(pool) as tx:
        customer_id = await a_customer_with(tx, {sku: {"W1": 30, "W2": 20, "W3": 10} for sku in SKUS})
    living, adjusting = partial(_live, pool, customer_id, random), partial(_adjust, pool, customer_id, random)
    jobs: list[Callable[[], Awaitable[object]]] = [*[living] * 30, *[adjusting] * 30, *[partial(fire_due, pool, timers)] * 15]
    random.shuffle(jobs)

    await at_once(jobs)
    await drained(pool)

    assert await broken_books(pool, customer_id) == []
    kinds = {row["kind"] for row in await pool.fetch("SELECT DISTINCT kind FROM stock_ledger WHERE customer_id = $1", customer_id)}
    assert kinds == {"adjust", "reserve", "free", "pick_short", "issue"}
    assert not await pool.fetch(STILL_WAITING_THOUGH_THERE_IS_ENOUGH, customer_id)
    assert not await pool.fetch(VERSIONS_WITH_GAPS, customer_id)


async def _adjust(pool: Pool, customer_id: str, random: Random) -> None:
    def one() -> NewAdjustment:
        sku, warehouse, quantity = random.choice(SKUS), random.choice(["W1", "W2", "W3"]), random.choice([-6, -2, 3, 8])
        return NewAdjustment(
            customer_id=customer_id, sku=sku, warehouse=warehouse, quantity=quantity, reason="count", reference=uuid7().hex
        )

    async with transaction(pool) as tx:
        await adjust_stock(tx, [one() for _ in range(4)])


async def _live(pool: Pool, customer_id: str, random: Random) -> None:
    """Some orders on their way: confirmed, then released and picked, handed over or cancelled."""
    orders = [
        an_order(customer_id, [(random.choice(SKUS), random.randint(1, 6)) for _ in range(3)], allow_partial=random.random() < 0.5)
        for _ in range(4)
    ]
    await hearing(pool, *orders)()
    for order in orders:
        await _go_on(pool, order, random)


async def _go_on(pool: Pool, order: OrderConfirmed, random: Random) -> None:
    """Each step in a transaction of its own, as it happens."""
    if random.random() < 0.3:
        return await hearing(pool, a_cancellation(order))()
    parts: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in await pool.fetch("SELECT warehouse, line_no, held FROM reservations WHERE order_id = $1 AND held > 0", order.order_id):
        parts[row["warehouse"]][row["line_no"]] = row["held"]
    await hearing(pool, a_release(order, parts))()
    picks = await pool.fetch("SELECT pick_id, warehouse, line_no, quantity FROM picks WHERE order_id = $1", order.order_id)
    found = [(row, max(0, row["quantity"] - random.choice([0, 0, 0, 2]))) for row in picks]
    async with transaction(pool) as tx:
        await confirm_picks(tx, [NewConfirmation(pick_id=row["pick_id"], quantity=units) for row, units in found])
    for warehouse in parts:
        lines = {row["line_no"]: units for row, units in found if row["warehouse"] == warehouse and units}
        if lines and random.random() < 0.7:
            await hearing(pool, a_handover(order, warehouse, lines))()
    return None


STILL_WAITING_THOUGH_THERE_IS_ENOUGH = """
SELECT order_id FROM fulfilments f JOIN (
    SELECT order_id, sku, sum(waiting) AS wanted FROM demand WHERE waiting > 0 GROUP BY order_id, sku
) AS needs USING (order_id) JOIN (
    SELECT customer_id, sku, sum(on_hand - reserved) AS available FROM stock GROUP BY customer_id, sku
) AS free USING (customer_id, sku)
WHERE f.customer_id = $1 AND f.status <> 'cancelled'
GROUP BY order_id, f.allow_partial HAVING bool_and(available >= wanted) OR f.allow_partial AND bool_or(available > 0)
"""

VERSIONS_WITH_GAPS = """
SELECT aggregate FROM outbox WHERE customer_id = $1
GROUP BY aggregate HAVING count(*) <> max(version) OR count(DISTINCT version) <> count(*)
"""
