import asyncio
from collections import Counter
from datetime import datetime, timedelta
from math import ceil

import httpx
from order_intake.commands.placing import place_orders
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from shared.database import Pool, Transaction
from shared.events import LINES_PER_EVENT
from shared.tables import LARGEST_EVENT

from tests.conftest import published
from tests.order_intake.builders import a_body, a_customer, a_stored_customer, new_keys


async def test_an_order_is_confirmed_at_once_with_its_promise(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)

    answer = await client.post("/orders", json=a_body(customer_id))

    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["status"], order["partial"], order["holds"]) == ("confirmed", False, [])
    assert [line["status"] for line in order["lines"]] == ["confirmed", "confirmed"]
    assert order["lines"][0] | {"quantities": None} == {
        "line_no": 1, "sku": "SKU-1", "quantity": 10, "status": "confirmed", "quantities": None,
    }  # fmt: skip
    assert order["lines"][0]["quantities"]["waiting"] == 10
    assert [entry["what"] for entry in order["history"]] == ["received", "confirmed"]
    earliest, latest = (datetime.fromisoformat(order["promised"][end]) for end in ("earliest", "latest"))
    assert latest - earliest == timedelta(hours=72)


async def test_the_first_answer_is_what_can_be_read(client: httpx.AsyncClient, pool: Pool) -> None:
    for blocked in (False, True):
        lines = [{"sku": "SKU-1", "quantity": 1, "line_no": 7}, {"sku": "SKU-2", "quantity": 2}]
        body = a_body(await a_stored_customer(pool, blocked=blocked), lines=lines)
        placed = (await client.post("/orders", json=body)).json()

        assert (await client.get(f"/orders/{placed['order_id']}")).json() == placed


async def test_the_same_reference_and_body_is_answered_as_at_first(client: httpx.AsyncClient, pool: Pool) -> None:
    body = a_body(await a_stored_customer(pool))
    first = await client.post("/orders", json=body)
    await client.post(f"/orders/{first.json()['order_id']}/cancellation", json={"reason": "ordered_twice"})
    defaults = {"service_level": "standard", "allow_partial": False, "requested_delivery": None, "submitted_at": "2026-05-01T08:00:00Z"}

    again = await client.post("/orders", json=body | defaults)

    assert again.status_code == 200
    assert again.json() == first.json()


async def test_another_body_of_the_same_reference_is_refused(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    await client.post("/orders", json=a_body(customer_id))

    other = await client.post("/orders", json=a_body(customer_id, quantities=(10, 6)))

    assert other.status_code == 409
    assert other.json()["type"] == "/problems/reference-taken"


async def test_unknown_customers_and_items_are_pointed_at_and_nothing_is_stored(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool, skus=2)

    stranger = await client.post("/orders", json=a_body("nobody-" + customer_id[:8]))
    unknown = await client.post("/orders", json=a_body(customer_id, quantities=(1, 1, 1, 1)))

    assert (stranger.status_code, unknown.status_code) == (422, 422)
    assert [fault["pointer"] for fault in stranger.json()["faults"]] == ["/customer_id"]
    assert [fault["pointer"] for fault in unknown.json()["faults"]] == ["/lines/2/sku", "/lines/3/sku"]
    assert (await client.get("/orders", params={"customer_id": customer_id})).json()["items"] == []


async def test_an_order_of_a_blocked_customer_is_received_and_held(client: httpx.AsyncClient, pool: Pool) -> None:
    body = a_body(await a_stored_customer(pool, blocked=True))

    order, again = (await client.post("/orders", json=body)).json(), await client.post("/orders", json=body)

    assert (order["status"], order["promised"]) == ("received", None)
    assert [hold["reason"] for hold in order["holds"]] == ["customer_blocked"]
    assert [line["status"] for line in order["lines"]] == ["received", "received"]
    assert again.json() == order


async def test_placing_says_received_and_confirmed_or_held(tx: Transaction) -> None:
    free, blocked = await a_customer(tx), await a_customer(tx, blocked=True)
    news = [NewOrder.model_validate(a_body(customer_id)) for customer_id in (free, blocked)]

    await place_orders(tx, news, Terms(), new_keys)

    said = await published(tx)
    assert [(row["customer_id"], row["type"], row["version"]) for row in said] == [
        (free, "order.received.v1", 1),
        (free, "order.confirmed.v1", 2),
        (blocked, "order.received.v1", 1),
        (blocked, "order.held.v1", 2),
    ]
    assert "street" not in "".join(row["body"] for row in said)


async def test_each_order_of_a_batch_is_judged_alone(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    orders = [
        a_body(customer_id, "A"),
        a_body("nobody-" + customer_id[:8], "A"),
        a_body(customer_id, "A"),
        a_body(customer_id, "A", quantities=(1,)),
        a_body(customer_id, "B", quantities=()),
        a_body(customer_id, "B", submitted_at="2150-01-01T00:00:00Z"),
        a_body(customer_id, "B"),
    ]

    answer = await client.post("/orders/batch", json={"orders": orders})

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 422, 200, 409, 422, 422, 201]
    assert results[0]["id"] == results[2]["id"]
    pointers = [results[index]["problem"]["faults"][0]["pointer"] for index in (1, 4, 5)]
    assert pointers == ["/orders/1/customer_id", "/orders/4/lines", "/orders/5/submitted_at"]


async def test_of_two_at_once_with_one_reference_one_is_created(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)

    for number in range(5):
        same = await asyncio.gather(*[client.post("/orders", json=a_body(customer_id, f"same-{number}")) for _ in range(4)])
        bodies = [a_body(customer_id, f"other-{number}", quantities=(1 + n,)) for n in range(4)]
        others = await asyncio.gather(*[client.post("/orders", json=body) for body in bodies])

        assert Counter(answer.status_code for answer in same) == {201: 1, 200: 3}
        assert len({answer.text for answer in same}) == 1
        assert Counter(answer.status_code for answer in others) == {201: 1, 409: 3}


async def test_crossing_batches_neither_fail_nor_place_twice(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    orders = [a_body(customer_id, f"PO-{number}") for number in range(30)]

    answers = await asyncio.gather(*[client.post("/orders/batch", json={"orders": half}) for half in (orders, orders[::-1], orders)])

    statuses = Counter(result["status"] for answer in answers for result in answer.json()["results"])
    assert statuses == {201: 30, 200: 60}
    said = await pool.fetchval("SELECT count(*) FROM outbox WHERE customer_id = $1", customer_id)
    assert said == 60


async def test_an_idempotency_key_gives_the_stored_answer(client: httpx.AsyncClient, pool: Pool) -> None:
    body = a_body(await a_stored_customer(pool))
    key = {"Idempotency-Key": f"key-{body['customer_id']}"}

    first, again = [await client.post("/orders", json=body, headers=key) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == first.content


async def test_the_largest_order_is_said_in_parts_that_fit(tx: Transaction) -> None:
    customer_id, wide = await a_customer(tx), "\U00020000" * 36
    skus = [f"{wide}{number:04}" for number in range(2000)]
    await tx.execute("INSERT INTO items (customer_id, sku) SELECT $1, unnest($2::text[])", customer_id, skus)
    lines = [{"sku": sku, "quantity": 1_000_000, "line_no": 1_000_000 - number} for number, sku in enumerate(skus)]
    body = a_body(customer_id, "\U00020000" * 200) | {"lines": lines}
    body["ship_to"] = dict.fromkeys(("name", "street", "city", "postal_code"), '"' * 200) | {"country": "CN"}

    await place_orders(tx, [NewOrder.model_validate(body)], Terms(), new_keys)

    said, parts = await published(tx), ceil(2000 / LINES_PER_EVENT)
    assert [row["type"] for row in said] == ["order.received.v1"] * parts + ["order.confirmed.v1"] * parts
    assert ['"more":true' in row["body"] for row in said] == ([True] * (parts - 1) + [False]) * 2
    assert max(len(row["body"].encode()) for row in said) <= LARGEST_EVENT
