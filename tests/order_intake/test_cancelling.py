import asyncio

import httpx
import pytest
from order_intake.commands.orders import cancel_order, reject_order
from order_intake.errors import CancellationTooLate, ReleasedAlready
from order_intake.lifecycle import OrderStatus
from order_intake.queries import order_in
from order_intake.schemas import NewCancellation
from shared.database import Pool, Transaction, transaction

from tests.conftest import published
from tests.order_intake.builders import (
    a_body,
    a_placed_order,
    a_released_order,
    a_stored_customer,
    cancellation_refused,
    handed_over,
    hear,
    picked_short,
    reserved,
    shipment_cancelled,
    short,
)

WISH = NewCancellation(reason="ordered_twice")


async def said(tx: Transaction) -> list[str]:
    return [row["type"].removesuffix(".v1") for row in await published(tx)]


async def test_an_order_that_was_never_released_is_cancelled_at_once(client: httpx.AsyncClient, pool: Pool) -> None:
    for blocked in (False, True):
        placed = (await client.post("/orders", json=a_body(await a_stored_customer(pool, blocked=blocked)))).json()
        url = f"/orders/{placed['order_id']}/cancellation"

        answers = [await client.post(url, json={"reason": "ordered_twice", "by": "us"}) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        order = answers[1].json()
        assert (order["status"], order["cancellation"]) == ("cancelled", None)
        assert [line["quantities"]["cancelled"] for line in order["lines"]] == [10, 5]
        events = await pool.fetch(
            "SELECT type, convert_from(body, 'UTF8') AS body FROM outbox WHERE key = $1 ORDER BY id", placed["order_id"]
        )
        assert [row["type"] for row in events].count("order.cancelled.v1") == 1
        assert '"by":"us","reason":"ordered_twice"' in events[-1]["body"]


async def test_free_words_do_not_leave_the_service(tx: Transaction) -> None:
    order_id = await a_placed_order(tx)

    await cancel_order(tx, order_id, NewCancellation(reason="Mrs Wang of Pudong called, she is angry"))

    assert (await order_in(tx, order_id)).history[-1].detail == "Mrs Wang of Pudong called, she is angry"
    assert '"reason":"other"' in (await published(tx))[-1]["body"]


async def test_a_released_order_is_cancelled_when_all_its_shipments_are(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,))
    await hear(tx, reserved(order_id, {1: 4}), reserved(order_id, {1: 6}, warehouse="BJ"))

    assert not await cancel_order(tx, order_id, WISH)
    assert not await cancel_order(tx, order_id, WISH)
    asked = await order_in(tx, order_id)
    await hear(tx, shipment_cancelled(order_id))
    half = await order_in(tx, order_id)
    await hear(tx, shipment_cancelled(order_id, warehouse="BJ"))

    assert (asked.status, asked.cancellation) == ("released", "requested")
    assert half.status == "released"
    assert (await order_in(tx, order_id)).status == "cancelled"
    assert (await said(tx))[-2:] == ["order.cancellation_requested", "order.cancelled"]


async def test_a_refused_cancellation_lets_the_rest_be_released(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,), allow_partial=True)
    await hear(tx, reserved(order_id, {1: 4}), short(order_id, {1: 6}))
    await cancel_order(tx, order_id, WISH)

    await hear(tx, reserved(order_id, {1: 6}))
    waits = await order_in(tx, order_id)
    await hear(tx, cancellation_refused(order_id), cancellation_refused(order_id))

    assert (waits.status, waits.lines[0].quantities.reserved) == ("allocated", 6)
    order = await order_in(tx, order_id)
    assert (order.status, order.cancellation) == ("released", "refused")
    assert (await said(tx))[-3:] == ["order.cancellation_requested", "order.cancellation_refused", "order.released"]
    with pytest.raises(CancellationTooLate):
        await cancel_order(tx, order_id, WISH)


async def test_what_is_known_to_be_handed_over_is_not_cancelled(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10, 5))
    await hear(tx, handed_over(order_id, {2: 1}))

    with pytest.raises(CancellationTooLate):
        await cancel_order(tx, order_id, WISH)


async def test_an_order_whose_only_shipment_was_empty_is_cancelled_at_once(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))
    await hear(tx, picked_short(order_id, 1, 0, 10), short(order_id, {1: 10}), shipment_cancelled(order_id, reason="empty"))
    assert (await order_in(tx, order_id)).status == "backordered"

    assert await cancel_order(tx, order_id, WISH)

    assert (await order_in(tx, order_id)).status == "cancelled"


async def test_the_last_empty_shipment_concludes_a_cancellation_that_was_asked_for(tx: Transaction) -> None:
    order_id = await a_released_order(tx, (10,))
    await cancel_order(tx, order_id, WISH)

    await hear(tx, picked_short(order_id, 1, 0, 10), shipment_cancelled(order_id, reason="empty"))

    assert (await order_in(tx, order_id)).status == "cancelled"


async def test_cancelling_and_releasing_at_once_ends_either_way_but_whole(pool: Pool) -> None:
    for _ in range(10):
        async with transaction(pool) as tx:
            order_id = await a_placed_order(tx, (10,))

        async def cancel(order_id=order_id) -> bool:  # type: ignore[no-untyped-def]  # bound in the loop
            async with transaction(pool) as tx:
                return await cancel_order(tx, order_id, WISH)

        async def release(order_id=order_id) -> None:  # type: ignore[no-untyped-def]  # bound in the loop
            async with transaction(pool) as tx:
                await hear(tx, reserved(order_id, {1: 10}))

        is_cancelled, _ = await asyncio.gather(cancel(), release())

        async with transaction(pool) as tx:
            order = await order_in(tx, order_id)
        types = [row["type"] for row in await pool.fetch("SELECT type FROM outbox WHERE key = $1 ORDER BY version", str(order_id))]
        if is_cancelled:
            assert (order.status, types[2:]) == ("cancelled", ["order.cancelled.v1"])
        else:
            assert (order.status, order.cancellation) == ("released", "requested")
            assert types[2:] == ["order.released.v1", "order.cancellation_requested.v1"]


async def test_rejecting_is_for_what_is_not_released(client: httpx.AsyncClient, pool: Pool) -> None:
    placed = (await client.post("/orders", json=a_body(await a_stored_customer(pool)))).json()
    url = f"/orders/{placed['order_id']}"

    answers = [await client.post(f"{url}/rejection", json={"reason": "credit"}) for _ in range(2)]
    cancelled = await client.post(f"{url}/cancellation", json={"reason": "price"})

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "rejected")] * 2
    assert [line["status"] for line in answers[0].json()["lines"]] == ["rejected", "rejected"]
    assert (cancelled.status_code, cancelled.json()["type"]) == (409, "/problems/illegal-move")
    assert "it can become: nothing" in cancelled.json()["detail"]


async def test_a_released_order_is_not_rejected(tx: Transaction) -> None:
    order_id = await a_released_order(tx)

    with pytest.raises(ReleasedAlready):
        await reject_order(tx, order_id, "credit")

    assert (await order_in(tx, order_id)).status is OrderStatus.RELEASED
