"""The way of an order as its handlers go it, on the database."""

from datetime import timedelta
from math import ceil
from uuid import UUID

import httpx
import pytest
from order_intake.commands.orders import close_orders, release_orders
from order_intake.errors import ImpossibleFact
from order_intake.event_handlers import advance_orders, close_due, know_customers, know_items, release_due
from order_intake.queries import order_in
from order_intake.schemas import OrderView
from order_intake.settings import Terms
from shared.database import Transaction
from shared.events import LINES_PER_EVENT, CustomerRegistered, Event, ItemRegistered
from shared.tables import LARGEST_EVENT

from tests.conftest import published
from tests.order_intake.builders import (
    THEN,
    a_placed_order,
    a_released_order,
    an_id,
    cancellation_refused,
    delivered,
    handed_over,
    hear,
    later,
    packed,
    picked,
    picked_short,
    reserved,
    shipment_cancelled,
    short,
)


async def said_types(tx: Transaction) -> list[str]:
    return [row["type"].removesuffix(".v1") for row in await published(tx)]


def states(order: OrderView) -> list[str]:
    return [entry.what for entry in order.history]


async def test_a_straight_order_goes_from_placed_to_closed(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))
    full = {1: 10, 2: 5}

    await hear(tx, reserved(order_id, full), picked(order_id, full), packed(order_id, full), handed_over(order_id, full))
    await hear(tx, delivered(order_id, {1: (8, 1, 1), 2: (5, 0, 0)}, at=later(7)))
    await close_orders(tx, [order_id])

    order = await order_in(tx, order_id)
    ways = ["received", "confirmed", "allocated", "released", "picking", "packed", "shipped", "delivered", "closed"]
    assert states(order) == ways
    assert (order.status, order.partial) == ("closed", False)
    first = order.lines[0].quantities
    assert (first.delivered, first.damaged, first.lost, first.shipped) == (8, 1, 1, 0)
    assert await said_types(tx) == ["order.received", "order.confirmed", "order.released", "order.delivered", "order.closed"]
    assert [row["version"] for row in await published(tx)] == [1, 2, 3, 4, 5]
    assert f'"delivered_at":"{later(7):%Y-%m-%dT%H}' in (await published(tx))[3]["body"]


async def test_a_whole_order_waits_until_every_line_is_reserved(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))

    await hear(tx, reserved(order_id, {1: 10}, complete=False), short(order_id, {2: 5}))

    order = await order_in(tx, order_id)
    assert (order.status, order.partial) == ("backordered", True)
    assert [line.status for line in order.lines] == ["allocated", "backordered"]
    assert await said_types(tx) == ["order.received", "order.confirmed", "order.backordered"]

    await hear(tx, reserved(order_id, {2: 5}, warehouse="BJ"))

    assert (await order_in(tx, order_id)).status == "released"
    release = (await published(tx))[-1]
    assert release["type"] == "order.released.v1"
    assert '"warehouses":[{"warehouse":"BJ","lines":[{"line_no":2' in release["body"]
    assert '{"warehouse":"SH","lines":[{"line_no":1,"sku":"SKU-1","quantity":10}]}' in release["body"]
    assert await tx.fetch("SELECT FROM reservations WHERE order_id = $1", order_id) == []


async def test_a_partial_order_releases_what_there_is_and_the_rest_later(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,), allow_partial=True)

    await hear(tx, reserved(order_id, {1: 4}, complete=False), short(order_id, {1: 6}), reserved(order_id, {1: 6}))

    types = await said_types(tx)
    assert types == ["order.received", "order.confirmed", "order.released", "order.backordered", "order.released"]
    assert ['"release_no":2' in row["body"] for row in await published(tx)][-1]
    assert (await order_in(tx, order_id)).lines[0].quantities.released == 10


async def test_a_short_pick_is_reserved_and_released_anew(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))

    await hear(tx, picked_short(order_id, 1, 7, 3))
    after_pick = await order_in(tx, order_id)
    await hear(tx, reserved(order_id, {1: 3}), picked(order_id, {1: 3}, release_no=2))

    assert after_pick.status == "confirmed"
    assert (after_pick.lines[0].quantities.waiting, after_pick.lines[0].quantities.picked) == (3, 7)
    order = await order_in(tx, order_id)
    assert (order.status, order.lines[0].quantities.picked) == ("picking", 10)
    assert (await said_types(tx)).count("order.released") == 2


async def test_an_order_is_delivered_when_its_last_goods_were(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10, 5))
    await hear(tx, handed_over(order_id, {1: 10, 2: 5}))

    await hear(tx, delivered(order_id, {1: (10, 0, 0)}, at=later(9)))
    half = await order_in(tx, order_id)
    await hear(tx, delivered(order_id, {2: (5, 0, 0)}, at=later(3)))

    assert (half.status, half.partial) == ("shipped", True)
    assert f'"delivered_at":"{later(9):%Y-%m-%dT%H}' in (await published(tx))[-1]["body"]


async def test_where_partial_shipping_is_not_allowed_all_waits_for_what_is_short(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))

    await hear(tx, short(order_id, {2: 5}))

    order = await order_in(tx, order_id)
    assert ([line.status for line in order.lines], order.partial) == (["backordered", "backordered"], False)
    assert '"lines":[{"line_no":2,' in (await published(tx))[-1]["body"]


async def test_a_later_fact_heard_first_implies_the_earlier(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))

    await hear(tx, handed_over(order_id, {1: 10}))
    assert (await order_in(tx, order_id)).status == "shipped"
    await hear(tx, picked(order_id, {1: 10}), packed(order_id, {1: 10}))

    order = await order_in(tx, order_id)
    assert (order.status, order.lines[0].quantities.shipped) == ("shipped", 10)


async def test_what_is_packed_in_parts_adds_up(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))

    await hear(tx, picked(order_id, {1: 9}), packed(order_id, {1: 4}), packed(order_id, {1: 3}))

    quantities = (await order_in(tx, order_id)).lines[0].quantities
    assert (quantities.released, quantities.picked, quantities.packed) == (1, 2, 7)


async def test_a_single_unit_that_is_short_is_on_backorder(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (1,))

    await hear(tx, short(order_id, {1: 1}))

    assert (await order_in(tx, order_id)).lines[0].quantities.backordered == 1


async def test_what_cannot_be_is_refused_so_that_it_parks(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))

    with pytest.raises(ImpossibleFact):
        await hear(tx, handed_over(order_id, {1: 11}))


async def test_a_held_order_is_not_released_by_its_reservation(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,))
    await tx.execute("UPDATE orders SET open_holds = 1 WHERE order_id = $1", order_id)

    await hear(tx, reserved(order_id, {1: 4}), reserved(order_id, {1: 6}))

    assert (await order_in(tx, order_id)).status == "allocated"
    kept = await tx.fetchval("SELECT sum(quantity) FROM reservations WHERE order_id = $1", order_id)
    assert kept == 10


async def test_a_far_window_is_released_by_its_timer(tx: Transaction) -> None:
    window = {"earliest": "2150-05-01T08:00:00Z", "latest": "2150-05-02T08:00:00Z"}
    order_id = await a_placed_order(tx, (10,), requested_delivery=window)

    await hear(tx, reserved(order_id, {1: 10}))
    await release_due(tx, [str(order_id)])

    assert (await order_in(tx, order_id)).status == "allocated"
    due = await tx.fetchval("SELECT min(due_at) FROM timers WHERE kind = 'release_order' AND subject = $1", str(order_id))
    assert due.isoformat() == "2150-04-24T08:00:00+00:00"

    await release_orders(tx, [order_id], Terms().model_copy(update={"release_horizon": timedelta(days=60000)}))

    assert (await order_in(tx, order_id)).status == "released"


async def test_a_delivered_order_closes_by_its_timer_and_only_then(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))
    await hear(tx, handed_over(order_id, {1: 10}))
    await close_due(tx, [str(order_id)])
    assert (await order_in(tx, order_id)).status == "shipped"

    await hear(tx, delivered(order_id, {1: (10, 0, 0)}))
    due = await tx.fetchval("SELECT due_at - now() FROM timers WHERE kind = 'close_order' AND subject = $1", str(order_id))
    await close_due(tx, [str(order_id), str(order_id)])

    assert due == timedelta(days=7)
    assert states(await order_in(tx, order_id))[-2:] == ["delivered", "closed"]


async def test_what_comes_late_for_a_cancelled_order_is_passed_over(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))
    await tx.execute(
        "UPDATE orders SET cancellation = 'requested', cancellation_by = 'us', cancellation_reason = 'x' WHERE order_id = $1", order_id
    )
    await hear(tx, shipment_cancelled(order_id))
    said = await said_types(tx)

    late: list[Event] = [reserved(order_id, {1: 3}), short(order_id, {1: 3}), picked(order_id, {1: 10}), cancellation_refused(order_id)]
    await hear(tx, *late)

    order = await order_in(tx, order_id)
    assert said[-1] == "order.cancelled"
    assert await said_types(tx) == said
    assert (order.status, order.lines[0].quantities.cancelled) == ("cancelled", 10)


async def test_a_batch_costs_as_many_statements_as_one_order(tx: Transaction) -> None:
    ids = [await a_placed_order(tx, (10, 5)) for _ in range(20)]
    counted = _Counting(tx.pool, _connection=await tx.connection())
    await advance_orders(counted, [reserved(ids[0], {1: 10, 2: 5})])
    one, counted.statements = counted.statements, 0
    await advance_orders(counted, [reserved(order_id, {1: 10, 2: 5}) for order_id in ids[1:]])

    assert counted.statements == one <= 4
    assert {(await order_in(tx, order_id)).status for order_id in ids} == {"released"}


class _Counting(Transaction):
    statements = 0

    async def connection(self):  # type: ignore[no-untyped-def]  # as the one that it counts
        self.statements += 1
        return await super().connection()


async def test_items_and_customers_are_known_as_they_are_by_their_newest_event(tx: Transaction) -> None:
    customer_id = an_id()
    item = ItemRegistered(customer_id=customer_id, occurred_at=THEN, version=1, sku="SKU-1", description="Tea", unit="pcs")

    await know_items(tx, [item, item.model_copy(update={"version": 2})])
    first = CustomerRegistered(customer_id=customer_id, occurred_at=THEN, version=1, blocked=False)
    await know_customers(tx, [first.model_copy(update={"version": 2, "blocked": True}), first])
    await know_customers(tx, [first])

    assert await tx.fetchval("SELECT count(*) FROM items WHERE customer_id = $1", customer_id) == 1
    assert await tx.fetchval("SELECT blocked FROM customers WHERE customer_id = $1", customer_id)


async def test_the_largest_release_is_said_in_parts_that_fit(tx: Transaction) -> None:
    wide = "\U00020000" * 36
    order_id = await a_placed_order(tx, (1,))
    await tx.execute(
        "INSERT INTO order_lines (order_id, customer_id, line_no, sku, ordered, waiting) "
        "SELECT order_id, customer_id, n, $2 || n, 1000000, 1000000 FROM orders, generate_series(2, 2000) AS n WHERE order_id = $1",
        *(order_id, wide),
    )

    await hear(tx, reserved(order_id, dict.fromkeys(range(1, 2001), 1000000), warehouse=wide + "SH"))

    releases = [row["body"] for row in await published(tx) if row["type"] == "order.released.v1"]
    assert len(releases) == ceil(2000 / LINES_PER_EVENT)
    assert max(len(body.encode()) for body in releases) <= LARGEST_EVENT
    assert (await order_in(tx, order_id)).status == "released"


async def test_an_unknown_order_is_404(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/orders/{UUID(int=7)}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
