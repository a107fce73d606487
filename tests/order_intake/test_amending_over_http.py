"""The calls that amend an order and show what was amended."""

import asyncio

import httpx
import pytest
from shared.database import Pool
from uuid_utils.compat import uuid7

from tests.order_intake.builders import a_body, a_stored_customer
from tests.order_intake.test_amending import FAR, LATER, NEW_HOME, Json, lines

WISH: Json = {"reference": "A-1", "reason": "Mrs Wang rang", "lines": lines({1: 3}), "ship_to": NEW_HOME, "requested_delivery": LATER}


async def placed(client: httpx.AsyncClient, pool: Pool) -> tuple[str, Json]:
    body = a_body(await a_stored_customer(pool), requested_delivery=FAR)
    answer = await client.post("/orders", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["order_id"], body


async def test_an_amendment_is_made_once_and_the_next_one_waits(client: httpx.AsyncClient, pool: Pool) -> None:
    order_id, _ = await placed(client, pool)
    path = f"/orders/{order_id}/amendments"

    made, again = await client.post(path, json=WISH), await client.post(path, json=WISH)
    other = await client.post(path, json=WISH | {"lines": lines({1: 4})})
    next_one = await client.post(path, json={"ship_to": NEW_HOME, "reference": "A-2"})

    assert (made.status_code, again.status_code, made.json()) == (201, 200, again.json())
    assert made.headers["Location"] == f"{path}/1"
    assert [(answer.status_code, answer.json()["type"]) for answer in (other, next_one)] == [
        *((409, "/problems/reference-taken"), (409, "/problems/amendment-waits")),
    ]


async def test_an_amendment_is_read_at_its_place_and_seen_in_the_order(client: httpx.AsyncClient, pool: Pool) -> None:
    order_id, body = await placed(client, pool)
    first = (await client.post("/orders", json=body)).json()

    made = await client.post(f"/orders/{order_id}/amendments", json=WISH)

    amendment = made.json()
    assert amendment["lines"] == [
        {"line_no": 1, "sku": "SKU-1", "former_quantity": 10, "quantity": 3},
        {"line_no": 2, "sku": "SKU-2", "former_quantity": 5, "quantity": 0},
    ]
    assert (amendment["promised"], amendment["former_promised"], amendment["requested_delivery"]) == (LATER, FAR, LATER)
    assert amendment["ship_to"]["street"] == "1 Nanjing Road"
    assert (await client.get(made.headers["Location"])).json() == amendment
    assert (await client.get(f"/orders/{order_id}/amendments")).json() == {"items": [amendment], "next": None}
    order = (await client.get(f"/orders/{order_id}")).json()
    assert (order["ship_to"]["street"], order["promised"], order["open_amendment"]) == ("1 Nanjing Road", LATER, 1)
    assert (await client.post("/orders", json=body)).json() == first
    assert [(await client.get(f"/orders/{each}/amendments")).status_code for each in (order_id, uuid7())] == [200, 404]
    assert (await client.get(f"/orders/{order_id}/amendments/2")).status_code == 404


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({}, ""),
        ({"lines": []}, "/lines"),
        ({"lines": lines({1: 0})}, "/lines/0/quantity"),
        ({"lines": [{"sku": "SKU-1", "quantity": 1}]}, "/lines/0/line_no"),
        ({"lines": lines({1: 1}) + lines({1: 2})}, "/lines"),
        ({"lines": [*lines({1: 1}), {"line_no": 2, "sku": "SKU-1", "quantity": 1}]}, "/lines/1/sku"),
        ({"lines": [{"line_no": 9, "sku": "NOBODY'S", "quantity": 1}]}, "/lines/0/sku"),
        ({"ship_to": NEW_HOME | {"country": "china"}}, "/ship_to/country"),
        ({"requested_delivery": {"earliest": FAR["latest"], "latest": FAR["earliest"]}}, "/requested_delivery"),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(client: httpx.AsyncClient, pool: Pool, wish: Json, pointer: str) -> None:
    order_id, _ = await placed(client, pool)
    before = (await client.get(f"/orders/{order_id}")).json()

    refused = await client.post(f"/orders/{order_id}/amendments", json=wish)

    assert (refused.status_code, [fault["pointer"] for fault in refused.json()["faults"]]) == (422, [pointer])
    assert (await client.get(f"/orders/{order_id}")).json() == before
    assert (await client.get(f"/orders/{order_id}/amendments")).json()["items"] == []


async def test_the_same_address_again_is_nothing_to_amend(client: httpx.AsyncClient, pool: Pool) -> None:
    order_id, body = await placed(client, pool)

    refused = await client.post(f"/orders/{order_id}/amendments", json={"ship_to": body["ship_to"], "requested_delivery": FAR})

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nothing-to-amend")


async def test_of_two_who_amend_at_once_one_waits_and_is_refused(client: httpx.AsyncClient, pool: Pool) -> None:
    order_id, _ = await placed(client, pool)

    wishes = [{"lines": lines({1: quantity})} for quantity in (1, 2, 3)]
    answers = await asyncio.gather(*[client.post(f"/orders/{order_id}/amendments", json=wish) for wish in wishes])

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    order = (await client.get(f"/orders/{order_id}")).json()
    assert order["lines"][0]["quantity"] == made["lines"][0]["quantity"]
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE key = $1 AND type = 'order.amended.v1'", order_id) == 1


async def test_an_address_from_before_addresses_were_sealed_is_sealed_first(client: httpx.AsyncClient, pool: Pool) -> None:
    order_id, _ = await placed(client, pool)
    await pool.execute("UPDATE orders SET ship_to_key_id = NULL, ship_to = $2 WHERE order_id = $1", order_id, "{}")

    refused = await client.post(f"/orders/{order_id}/amendments", json={"ship_to": NEW_HOME})

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-sealed-yet")
    await pool.execute("DELETE FROM orders WHERE order_id = $1", order_id)
