import httpx
import pytest
from order_intake.commands.holds import place_hold, release_holds
from order_intake.errors import NotHoldable
from order_intake.queries import order_in
from order_intake.settings import Terms
from shared.database import Pool, Transaction
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.order_intake.builders import a_body, a_placed_order, a_released_order, a_stored_customer, hear, reserved


async def test_a_hold_stops_the_release_until_the_last_one_is_gone(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,))
    await place_hold(tx, order_id, "address")
    await place_hold(tx, order_id, "somebody's own words")
    first, second = (await order_in(tx, order_id)).holds

    await hear(tx, reserved(order_id, {1: 10}))
    await release_holds(tx, order_id, first.hold_id, Terms())
    held = await order_in(tx, order_id)
    await release_holds(tx, order_id, None, Terms())

    assert (held.status, held.holds) == ("allocated", [second])
    order = await order_in(tx, order_id)
    assert (order.status, order.holds) == ("released", [])
    said = [(row["type"], row["body"]) for row in await published(tx)][2:]
    assert [type_ for type_, _ in said] == [
        "order.held.v1", "order.held.v1", "order.hold_released.v1", "order.hold_released.v1", "order.released.v1",
    ]  # fmt: skip
    assert ['"reason":"address"' in said[0][1], '"reason":"other"' in said[1][1]] == [True, True]


async def test_the_last_hold_of_a_received_order_confirms_it_with_its_promise(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,), blocked=True, service_level="express")

    await release_holds(tx, order_id, None, Terms())

    order = await order_in(tx, order_id)
    assert order.status == "confirmed"
    assert order.promised
    assert (order.promised.latest - order.promised.earliest).days == 1
    assert [row["type"] for row in await published(tx)][-2:] == ["order.hold_released.v1", "order.confirmed.v1"]


async def test_holds_over_http(client: httpx.AsyncClient, pool: Pool) -> None:
    placed = (await client.post("/orders", json=a_body(await a_stored_customer(pool)))).json()
    url = f"/orders/{placed['order_id']}"

    held = await client.post(f"{url}/hold", json={"reason": "credit"})
    hold_id = held.json()["holds"][0]["hold_id"]
    unknown = await client.post(f"{url}/hold-release", json={"hold_id": str(uuid7())})
    answers = [await client.post(f"{url}/hold-release", json={"hold_id": hold_id}) for _ in range(2)]
    nothing = await client.post(f"{url}/hold-release")

    assert (held.status_code, held.json()["status"]) == (201, "confirmed")
    assert unknown.status_code == 404
    assert [(answer.status_code, answer.json()["holds"]) for answer in (*answers, nothing)] == [(200, [])] * 3
    assert [entry["what"] for entry in nothing.json()["history"]] == ["received", "confirmed", "held", "hold_released"]


async def test_a_released_order_is_not_held(tx: Transaction) -> None:
    order_id = await a_released_order(tx)

    with pytest.raises(NotHoldable):
        await place_hold(tx, order_id, "credit")

    assert (await order_in(tx, order_id)).holds == []
