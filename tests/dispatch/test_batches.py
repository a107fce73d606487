"""A batch costs the same handful of statements, however long it is."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

import asyncpg
from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.deliveries import record_deliveries
from dispatch.delivering import Result
from dispatch.schemas import NewAssignment, NewDelivery, NewHandover
from shared.database import Transaction
from shared.events import Event
from shared.events.base import LINES_PER_EVENT
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.dispatch.builders import (
    CARRIER,
    VEHICLE,
    a_cancellation,
    a_fleet,
    a_pack,
    a_release,
    a_short_pick,
    hear,
    shipments_of,
    status_of,
)

Work = Callable[[], Awaitable[object]]
LONGEST = "𠀀" * 40


async def statements(tx: Transaction, work: Work) -> int:
    """How many statements the work sends."""
    sent: list[str] = []

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if "typeinfo_tree" not in query.query:  # what the driver asks once a connection
            sent.append(query.query)

    connection = await tx.connection()
    with connection.query_logger(note):
        await work()
    return len(sent)


async def shipments_ready_for(tx: Transaction, count: int) -> list[UUID]:
    orders = [uuid7() for _ in range(count)]
    await hear(tx, *[a_release(order_id, (10, 5, 2)) for order_id in orders])
    await hear(tx, *[a_pack(order_id, {1: 10, 2: 5, 3: 2}) for order_id in orders])
    rows = await tx.fetch("SELECT shipment_id FROM shipments WHERE order_id = ANY($1::uuid[])", orders)
    return [row["shipment_id"] for row in rows]


async def way_of(tx: Transaction, shipment_ids: Sequence[UUID]) -> list[int]:
    """Statements of assigning, handing over and delivering them."""
    return [
        await statements(
            tx, lambda: assign_vehicles(tx, [NewAssignment(shipment_id=each, carrier=CARRIER, vehicle=VEHICLE) for each in shipment_ids])
        ),
        await statements(tx, lambda: hand_over_shipments(tx, [NewHandover(shipment_id=each) for each in shipment_ids])),
        await statements(
            tx, lambda: record_deliveries(tx, [NewDelivery(shipment_id=each, outcome=Result.DELIVERED) for each in shipment_ids])
        ),
    ]


async def test_five_hundred_shipments_travel_in_as_many_statements_as_one(tx: Transaction) -> None:
    await a_fleet(tx)
    one, many = await shipments_ready_for(tx, 1), await shipments_ready_for(tx, 500)

    alone, together = await way_of(tx, one), await way_of(tx, many)

    assert together == alone
    assert max(together) <= 9
    assert {await status_of(tx, each) for each in many} == {"delivered"}


async def test_handlers_cost_a_handful_of_statements_a_batch(tx: Transaction) -> None:
    orders = [uuid7() for _ in range(300)]
    batches: list[list[Event]] = [
        [a_release(order_id, (10, 5)) for order_id in orders],
        [a_pack(order_id, {1: 10}) for order_id in orders[100:]],
        [a_short_pick(order_id, {1: 10, 2: 5}) for order_id in orders[:100]],
        [a_cancellation(order_id) for order_id in orders],
    ]

    for batch in batches:
        assert await statements(tx, partial(hear, tx, *batch)) <= 10


async def test_the_largest_shipment_fits_its_events(tx: Transaction) -> None:
    order_id, count = uuid7(), LINES_PER_EVENT
    released = a_release(order_id, [1_000_000] * count, warehouses=[LONGEST])
    longest = tuple(line.model_copy(update={"sku": LONGEST, "line_no": 999_000 + line.line_no}) for line in released.warehouses[0].lines)
    part = released.warehouses[0].model_copy(update={"lines": longest})
    pack = a_pack(order_id, {999_000 + line_no: 1_000_000 for line_no in range(1, count + 1)}, warehouse=LONGEST)
    await a_fleet(tx)

    await hear(tx, released.model_copy(update={"warehouses": (part,)}), pack)
    [shipment_id] = await shipments_of(tx, order_id)
    await way_of(tx, [shipment_id])

    assert [row["version"] for row in await published(tx)] == [1, 2, 3, 4]
    assert await status_of(tx, shipment_id) == "delivered"
