from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest
from shared.database import Pool

from tests.order_intake.builders import a_body, a_stored_customer


async def ids(client: httpx.AsyncClient, **filters: str | int) -> list[str]:
    answer = await client.get("/orders", params=filters)
    assert answer.status_code == 200, answer.text
    return [order["order_id"] for order in answer.json()["items"]]


async def test_orders_are_found_by_customer_reference_status_and_time(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    orders = [(await client.post("/orders", json=a_body(customer_id, f"{customer_id}-{number}"))).json() for number in range(3)]
    one, two, three = [order["order_id"] for order in orders]
    await client.post(f"/orders/{two}/cancellation", json={"reason": "price"})
    second_at = orders[1]["received_at"]
    after_second = (datetime.fromisoformat(second_at) + timedelta(microseconds=1)).isoformat()

    assert await ids(client, customer_id=customer_id) == [one, two, three]
    assert await ids(client, customer_reference=f"{customer_id}-2") == [three]
    assert await ids(client, customer_id=customer_id, status="cancelled") == [two]
    assert await ids(client, customer_id=customer_id, created_from=second_at) == [two, three]
    assert await ids(client, customer_id=customer_id, created_to=second_at) == [one]
    assert await ids(client, customer_id=customer_id, created_from=second_at, created_to=after_second) == [two]


async def test_pages_follow_each_other(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    await client.post("/orders/batch", json={"orders": [a_body(customer_id, f"PO-{number}") for number in range(5)]})

    seen, after = [], ""
    while True:
        query = urlencode({"customer_id": customer_id, "limit": 2} | ({"after": after} if after else {}))
        page = (await client.get(f"/orders?{query}")).json()
        seen += [order["customer_reference"] for order in page["items"]]
        if not page["next"]:
            break
        after = page["next"]

    assert sorted(seen) == [f"PO-{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        "after=garbage",
        "limit=0",
        "limit=201",
        "status=lost",
        "colour=red",
        "created_from=yesterday",
        "created_to=99999-01-01",
        "customer_id=a/b",
    ],
)
async def test_filters_that_are_unknown_or_wrong_are_pointed_at(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/orders?{query}")

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["pointer"] == "?" + query.partition("=")[0]


async def test_every_filter_of_the_page_has_an_index(pool: Pool) -> None:
    """Asked of the planner with sequential scans made dear: an index must lead there, whatever a young table's statistics say."""
    filters = ["customer_id = 'C'", "customer_reference = 'R'", "status = 'closed'", f"order_id >= '{'0' * 8}-0000-0000-0000-{'0' * 12}'"]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        for condition in filters:
            plan = await connection.fetch(f"EXPLAIN SELECT * FROM orders WHERE {condition}")
            text = "\n".join(row[0] for row in plan)
            assert "Index Cond" in text, text
