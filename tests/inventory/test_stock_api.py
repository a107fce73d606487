from typing import Any

import httpx
from shared.database import Pool, transaction
from uuid_utils.compat import uuid7

from tests.inventory.builders import a_customer, an_order, build, hear, register


async def a_stocked_customer(pool: Pool, *skus: str) -> str:
    """Registered items without stock, and the warehouses W1 and W2."""
    customer_id = a_customer()
    async with transaction(pool) as tx:
        await build(tx, "W1", "W2")
        await register(tx, customer_id, *skus)
    return customer_id


def an_adjustment(customer_id: str, quantity: int, **other: object) -> dict[str, object]:
    return {
        "customer_id": customer_id,
        "sku": "TEA",
        "warehouse": "W1",
        "quantity": quantity,
        "reason": "receipt",
        "reference": uuid7().hex,
    } | other


async def adjust(client: httpx.AsyncClient, *adjustments: dict[str, object]) -> list[dict[str, Any]]:
    answer = await client.post("/stock/adjustments", json={"adjustments": adjustments})
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def items_at(client: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, Any]]:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_warehouse_is_made_once_and_renamed_by_who_has_read_it(client: httpx.AsyncClient) -> None:
    path = f"/warehouses/{uuid7().hex}"

    made = await client.put(path, json={"name": "Shanghai"})
    repeated = await client.put(path, json={"name": "Shanghai"})
    renamed = await client.put(path, json={"name": "Shanghai 2"}, headers={"If-Match": made.headers["etag"]})
    stale = await client.put(path, json={"name": "Shanghai 3"}, headers={"If-Match": made.headers["etag"]})
    found = await client.get(path)

    assert [answer.status_code for answer in (made, repeated, renamed, stale)] == [201, 200, 200, 412]
    assert made.headers["etag"] == repeated.headers["etag"] == '"1"'
    assert found.json() == {"code": path.removeprefix("/warehouses/"), "name": "Shanghai 2", "revision": 2}
    assert found.headers["etag"] == renamed.headers["etag"] == '"2"'


async def test_a_warehouse_that_is_not_there_is_neither_found_nor_matched(client: httpx.AsyncClient) -> None:
    path = f"/warehouses/{uuid7().hex}"

    assert (await client.get(path)).status_code == 404
    assert (await client.put(path, json={"name": "X"}, headers={"If-Match": "*"})).status_code == 412


async def test_items_are_said_when_they_are_new_or_changed(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = a_customer()
    tea = {"customer_id": customer_id, "sku": "TEA", "description": "Green tea", "gtin": "4006381333931", "weight_kg": 0.25}

    calls = [await client.post("/items/batch", json={"items": items}) for items in ([tea], [tea], [tea | {"unit": "BOX"}])]

    assert [call.json()["results"] for call in calls] == [
        [{"index": 0, "status": status, "id": f"{customer_id}/TEA", "problem": None}] for status in (201, 200, 200)
    ]
    rows = await pool.fetch("SELECT version FROM outbox WHERE customer_id = $1 ORDER BY id", customer_id)
    assert [row["version"] for row in rows] == [1, 2]
    view = (await client.get(f"/items/{customer_id}/TEA")).json()
    assert (view["unit"], view["gtin"], view["weight_kg"], view["volume_l"]) == ("BOX", "4006381333931", 0.25, None)
    assert await items_at(client, "/items", customer_id=customer_id) == [view]


async def test_one_call_may_say_an_item_twice_the_last_word_counts(client: httpx.AsyncClient) -> None:
    customer_id = a_customer()
    items = [{"customer_id": customer_id, "sku": "TEA", "description": text} for text in ("one", "two")]

    answer = await client.post("/items/batch", json={"items": items})

    assert [result["status"] for result in answer.json()["results"]] == [201, 200]
    assert (await client.get(f"/items/{customer_id}/TEA")).json()["description"] == "two"


async def test_an_adjustment_changes_what_is_on_hand_and_stands_in_the_ledger(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stocked_customer(pool, "TEA")

    first, second = await adjust(client, an_adjustment(customer_id, 10), an_adjustment(customer_id, -3, reason="mouse hole"))

    assert [first["status"], second["status"]] == [201, 201]
    assert await items_at(client, "/stock", customer_id=customer_id, sku="TEA") == [
        {"customer_id": customer_id, "sku": "TEA", "warehouse": "W1", "on_hand": 7, "reserved": 0, "available": 7}
    ]
    ledger = await items_at(client, "/stock/ledger", customer_id=customer_id)
    assert [(entry["d_on_hand"], entry["kind"], entry["cause_event_id"]) for entry in ledger] == [
        (10, "adjust", first["id"]),
        (-3, "adjust", second["id"]),
    ]
    assert (await client.get(f"/stock/adjustments/{second['id']}")).json()["reason"] == "mouse hole"
    assert len(await items_at(client, "/stock/adjustments", customer_id=customer_id, warehouse="W1")) == 2
    reason = "SELECT convert_from(body, 'UTF8')::jsonb ->> 'reason' AS reason FROM outbox"
    rows = await pool.fetch(f"{reason} WHERE customer_id = $1 AND topic = 'stock' ORDER BY id", customer_id)
    assert [row["reason"] for row in rows] == ["receipt", "other"]


async def test_the_same_adjustment_twice_is_one_and_another_under_its_reference_is_refused(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stocked_customer(pool, "TEA")
    new = an_adjustment(customer_id, 10)

    [first] = await adjust(client, new)
    repeated, other, elsewhere = await adjust(client, new, new | {"quantity": 11}, new | {"warehouse": "W2"})

    assert [repeated["status"], repeated["id"]] == [200, first["id"]]
    assert [other["status"], other["problem"]["faults"][0]["pointer"]] == [409, "/adjustments/1/reference"]
    assert elsewhere["status"] == 201
    assert sum(row["on_hand"] for row in await items_at(client, "/stock", customer_id=customer_id)) == 20


async def test_stock_never_falls_below_what_is_reserved(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stocked_customer(pool, "TEA")
    await adjust(client, an_adjustment(customer_id, 10))
    async with transaction(pool) as tx:
        await hear(tx, an_order(customer_id, [("TEA", 6)]))

    refused, taken, again = await adjust(
        client, an_adjustment(customer_id, -5), an_adjustment(customer_id, -4), an_adjustment(customer_id, -1)
    )

    assert [refused["status"], taken["status"], again["status"]] == [409, 201, 409]
    assert refused["problem"]["faults"][0]["pointer"] == "/adjustments/0/quantity"
    [row] = await items_at(client, "/stock", customer_id=customer_id)
    assert (row["on_hand"], row["reserved"], row["available"]) == (6, 6, 0)


async def test_each_adjustment_is_judged_alone(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stocked_customer(pool, "TEA")

    results = await adjust(
        client,
        an_adjustment(customer_id, 5, sku="UNKNOWN"),
        an_adjustment(customer_id, 5, warehouse="NOWHERE"),
        an_adjustment(customer_id, 0),
        an_adjustment(customer_id, 5),
        an_adjustment(customer_id, -6),
    )

    assert [result["status"] for result in results] == [422, 422, 422, 201, 409]
    pointers = [result["problem"]["faults"][0]["pointer"] for result in results if result["problem"]]
    assert pointers == ["/adjustments/0/sku", "/adjustments/1/warehouse", "/adjustments/2/quantity", "/adjustments/4/quantity"]


async def test_pages_follow_each_other(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stocked_customer(pool, *[f"SKU-{number}" for number in range(5)])
    await adjust(client, *[an_adjustment(customer_id, 1, sku=f"SKU-{number}") for number in range(5)])

    for path, key in (("/items", "sku"), ("/stock", "sku"), ("/stock/ledger", "sku"), ("/stock/adjustments", "sku")):
        seen, after = [], None
        for _ in range(3):
            query = {"customer_id": customer_id, "limit": "2"} | ({"after": after} if after else {})
            body = (await client.get(path, params=query)).json()
            seen += [item[key] for item in body["items"]]
            after = body["next"]
        assert (seen, after) == ([f"SKU-{number}" for number in range(5)], None)
