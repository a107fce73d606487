"""What a customer's own key may do with orders."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from shared.database import Pool
from shared.service import Service

from tests.order_intake.builders import a_body, a_stored_customer, an_id
from tests.order_intake.own_keys import WALLS, a_bearer, behind
from tests.order_intake.partners import a_partner_body, an_entry, an_identifier
from tests.order_intake.test_sealing import WHO


@dataclass(frozen=True)
class Customer:
    """One that has items, and calls with a key of its own."""

    customer_id: str
    client: httpx.AsyncClient


@pytest.fixture(scope="module", params=WALLS)
async def acme(request: pytest.FixtureRequest, service: Service, database: str, pool: Pool) -> AsyncIterator[Customer]:
    customer_id = await a_stored_customer(pool)
    bearer = await a_bearer(pool, customer_id, "orders:read", "orders:write", "edi:read", "edi:write")
    async with behind(request.param, service, database, bearer) as client:
        yield Customer(customer_id, client)


async def an_order_of_another(client: httpx.AsyncClient, pool: Pool) -> str:
    return str((await client.post("/orders", json=a_body(await a_stored_customer(pool)))).json()["order_id"])


async def test_an_order_in_the_name_of_another_is_refused(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    other = await a_stored_customer(pool)

    answer = await acme.client.post("/orders", json=a_body(other))

    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/another-customer"
    assert other not in answer.text
    assert await pool.fetchval("SELECT count(*) FROM orders WHERE customer_id = $1", other) == 0


async def test_in_a_batch_only_the_orders_of_another_are_refused(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    orders = [a_body(await a_stored_customer(pool)), a_body(acme.customer_id, an_id()), {"customer_id": acme.customer_id}]

    answer = await acme.client.post("/orders/batch", json={"orders": orders})

    assert [result["status"] for result in answer.json()["results"]] == [403, 201, 422]


async def test_the_orders_of_another_are_neither_found_nor_listed(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    own = (await acme.client.post("/orders", json=a_body(acme.customer_id, an_id()))).json()["order_id"]
    other = await an_order_of_another(client, pool)

    found = [await acme.client.get(f"/orders/{order_id}") for order_id in (own, other, uuid4())]
    listed = (await acme.client.get("/orders?limit=200")).json()["items"]
    named = await acme.client.get("/orders?customer_id=SOMEBODY")

    assert [answer.status_code for answer in found] == [200, 404, 404]
    assert found[1].json()["detail"].replace(other, "") == found[2].json()["detail"].replace(found[2].url.path[8:], "")
    assert {order["customer_id"] for order in listed} == {acme.customer_id}
    assert own in [order["order_id"] for order in listed]
    assert (named.status_code, named.json()["type"]) == (403, "/problems/another-customer")


async def test_the_order_of_another_is_not_cancelled(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    other = await an_order_of_another(client, pool)

    answer = await acme.client.post(f"/orders/{other}/cancellation", json={"reason": "ordered_twice"})

    assert answer.status_code == 404
    assert await pool.fetchval("SELECT status FROM orders WHERE order_id = $1", UUID(other)) == "confirmed"


@pytest.mark.parametrize(("own", "by"), [(True, "customer"), (False, "us")])
async def test_a_customers_own_key_cancels_as_the_customer(
    client: httpx.AsyncClient, pool: Pool, acme: Customer, own: bool, by: str
) -> None:
    order_id = (await client.post("/orders", json=a_body(acme.customer_id, an_id()))).json()["order_id"]

    wish = {"reason": "ordered_twice", "by": "us"}
    answer = await (acme.client if own else client).post(f"/orders/{order_id}/cancellation", json=wish)

    said = await pool.fetchval("SELECT convert_from(body, 'UTF8') FROM outbox WHERE key = $1 ORDER BY id DESC LIMIT 1", order_id)
    assert answer.status_code == 200
    assert json.loads(said)["by"] == by


async def test_what_waits_for_the_partners_of_another_is_neither_found_nor_confirmed(pool: Pool, acme: Customer) -> None:
    own, foreign = await an_entry(pool, acme.customer_id), await an_entry(pool, await a_stored_customer(pool))

    listed = (await acme.client.get("/edi/outbox")).json()["items"]
    answers = [
        (await acme.client.request(method, f"/edi/outbox/{entry_id}{below}")).status_code
        for entry_id in (own, foreign)
        for method, below in (("GET", ""), ("GET", "/document"), ("POST", "/receipt"))
    ]

    assert str(own) in {entry["entry_id"] for entry in listed}
    assert {entry["customer_id"] for entry in listed} == {acme.customer_id}
    assert answers == [200, 200, 200, 404, 404, 404]
    assert await pool.fetchval("SELECT received_at FROM edi_outbox WHERE entry_id = $1", foreign) is None


async def test_the_stock_of_another_is_not_reported(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    codes = {}
    for customer_id, status in ((acme.customer_id, 202), (await a_stored_customer(pool), 404)):
        code = an_identifier()
        assert (await client.put(f"/partners/{code}", json=a_partner_body(customer_id))).status_code == 201
        codes[code] = (status, (await acme.client.post(f"/edi/partners/{code}/inventory-reports", json={})).status_code)

    assert all(expected == got for expected, got in codes.values())
    for code, (expected, _) in codes.items():
        assert bool((await acme.client.get(f"/edi/partners/{code}/inventory-reports")).json()["items"]) == (expected == 202)


async def test_a_customers_own_key_amends_its_own_orders_as_the_customer(client: httpx.AsyncClient, pool: Pool, acme: Customer) -> None:
    own = (await acme.client.post("/orders", json=a_body(acme.customer_id, an_id()))).json()["order_id"]
    other = await an_order_of_another(client, pool)
    wish = {"by": "us", "lines": [{"line_no": 1, "sku": "SKU-1", "quantity": 3}], "ship_to": WHO, "requested_delivery": {}}
    more = {"lines": [{"line_no": 1, "sku": "SKU-1", "quantity": 3}]}

    made, refused = [await acme.client.post(f"/orders/{order_id}/amendments", json=wish) for order_id in (own, other)]
    waits = await acme.client.post(f"/orders/{own}/amendments", json=more)
    seen = [await acme.client.get(f"/orders/{order_id}/amendments") for order_id in (own, other)]
    one = [await acme.client.get(f"/orders/{order_id}/amendments/1") for order_id in (own, other)]

    assert (made.status_code, made.json()["by"], made.json()["ship_to"]["street"]) == (201, "customer", WHO["street"])
    assert (refused.status_code, waits.status_code) == (404, 409)
    assert [answer.status_code for answer in (*seen, *one)] == [200, 404, 200, 404]
    assert seen[0].json()["items"] == [one[0].json()] == [made.json()]
    assert await pool.fetchval("SELECT count(*) FROM order_amendments WHERE order_id = $1", UUID(other)) == 0
