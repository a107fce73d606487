"""Real transactions side by side: whatever the order, one decision, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from uuid import UUID

from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.schemas import NewAssignment, NewHandover
from shared.batches import Done
from shared.database import Pool, Transaction, transaction
from shared.events import Event
from uuid_utils.compat import uuid7

from tests.dispatch.builders import CARRIER, VEHICLE, a_cancellation, a_fleet, a_pack, a_release, hear

ROUNDS = 120
STEP = 0.0005
"""Seconds by which the loser's lead grows."""


async def ready_orders(pool: Pool, count: int, warehouses: Sequence[str] = ("SH", "BJ")) -> dict[UUID, list[UUID]]:
    """Committed orders whose shipments could be handed over now."""
    orders = [uuid7() for _ in range(count)]
    async with transaction(pool) as tx:
        await hear(tx, *[a_release(order_id, warehouses=warehouses) for order_id in orders])
        for version, warehouse in enumerate(warehouses, 1):
            await hear(tx, *[a_pack(order_id, {1: 10}, warehouse=warehouse, version=version) for order_id in orders])
        rows = await tx.fetch("SELECT order_id, shipment_id FROM shipments WHERE order_id = ANY($1::uuid[])", orders)
        await a_fleet(tx)
        await assign_vehicles(tx, [NewAssignment(shipment_id=row["shipment_id"], carrier=CARRIER, vehicle=VEHICLE) for row in rows])
    return {order_id: [row["shipment_id"] for row in rows if row["order_id"] == order_id] for order_id in orders}


async def handed_over(pool: Pool, *shipment_ids: UUID) -> list[bool]:
    async with transaction(pool) as tx:
        outcomes = await hand_over_shipments(tx, [NewHandover(shipment_id=each) for each in shipment_ids])
    return [isinstance(outcome, Done) for outcome in outcomes]


async def heard(pool: Pool, *events: Event) -> None:
    async with transaction(pool) as tx:
        await hear(tx, *events)


async def said_of(tx: Transaction, shipment_ids: Sequence[UUID]) -> Counter[str]:
    rows = await tx.fetch("SELECT type FROM outbox WHERE aggregate = ANY($1::text[])", [f"shipment/{each}" for each in shipment_ids])
    return Counter(row["type"].removesuffix(".v1") for row in rows)


async def test_a_cancellation_and_a_hand_over_never_both_succeed(pool: Pool) -> None:
    ends: Counter[str] = Counter()
    lead = 0.0
    for order_id, (one, other) in (await ready_orders(pool, ROUNDS)).items():
        cancelling = later(-lead, heard(pool, a_cancellation(order_id)))
        leaving = [later(lead, handed_over(pool, each)) for each in (one, other)]

        await asyncio.gather(cancelling, *leaving)

        end = await the_end(pool, order_id, [one, other])
        lead += STEP if end == "refused" else -STEP
        ends[end] += 1
    assert set(ends) == {"cancelled", "refused"}, ends


async def later(seconds: float, racer: Awaitable[object]) -> None:
    """Who lost gets a lead in the next round, so the race stays close on any machine."""
    await asyncio.sleep(max(0, seconds))
    await racer


async def the_end(pool: Pool, order_id: UUID, shipment_ids: Sequence[UUID]) -> str:
    """What was decided; all rows and all that was said agree with it."""
    async with transaction(pool) as tx:
        decision = await tx.fetchval("SELECT cancellation FROM orders WHERE order_id = $1", order_id)
        statuses = await tx.fetch("SELECT status FROM shipments WHERE order_id = $1", order_id)
        said = await said_of(tx, shipment_ids)
    if decision == "cancelled":
        assert {row["status"] for row in statuses} == {"cancelled"}
        assert (said["shipment.cancelled"], said["shipment.handed_over"], said["shipment.cancellation_refused"]) == (2, 0, 0)
    else:
        assert {row["status"] for row in statuses} == {"handed_over"}
        assert (said["shipment.cancelled"], said["shipment.handed_over"], said["shipment.cancellation_refused"]) == (0, 2, 1)
    assert isinstance(decision, str)
    return decision


async def test_batches_in_opposite_orders_wait_but_not_for_each_other(pool: Pool) -> None:
    orders = await ready_orders(pool, 100)
    shipment_ids = [each for of in orders.values() for each in of]
    cancellations = [a_cancellation(order_id) for order_id in orders]

    first, second, _ = await asyncio.gather(
        handed_over(pool, *shipment_ids), handed_over(pool, *reversed(shipment_ids)), heard(pool, *reversed(cancellations))
    )

    async with transaction(pool) as tx:
        said = await said_of(tx, shipment_ids)
    assert first == second
    assert len(set(first)) == 1
    assert said["shipment.handed_over"] + said["shipment.cancelled"] == len(shipment_ids)


async def test_a_release_and_its_pack_heard_at_the_same_moment_meet(pool: Pool) -> None:
    orders = [uuid7() for _ in range(ROUNDS)]

    for index, order_id in enumerate(orders):
        both = [heard(pool, a_release(order_id)), heard(pool, a_pack(order_id, {1: 10}))]
        await asyncio.gather(*(both if index % 2 else reversed(both)))

    async with transaction(pool) as tx:
        packed = await tx.fetch(
            "SELECT packed FROM shipment_lines JOIN shipments USING (shipment_id) WHERE order_id = ANY($1::uuid[])", orders
        )
        left = await tx.fetchval("SELECT count(*) FROM packed_ahead WHERE order_id = ANY($1::uuid[])", orders)
    assert [row["packed"] for row in packed] == [10] * ROUNDS
    assert left == 0
