"""Picks and packs through the API, on an order whose events were heard."""

from typing import Any

import httpx
from shared.database import Pool, transaction
from shared.events import OrderConfirmed
from uuid_utils.compat import uuid7

from tests.inventory.builders import a_customer_with, a_release, an_order, hear


async def a_released_order(pool: Pool) -> OrderConfirmed:
    """Line 1: 5 of TEA, line 2: 3 of MUG, both in W1."""
    async with transaction(pool) as tx:
        order = an_order(await a_customer_with(tx, {"TEA": {"W1": 9}, "MUG": {"W1": 9}}), [("TEA", 5), ("MUG", 3)])
        await hear(tx, order)
        await hear(tx, a_release(order, {"W1": {1: 5, 2: 3}}))
    return order


async def picks(client: httpx.AsyncClient, order: OrderConfirmed, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/picks", params={"order_id": str(order.order_id)} | query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return sorted(items, key=lambda pick: pick["line_no"])


async def post(client: httpx.AsyncClient, path: str, field: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = await client.post(path, json={field: items})
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_the_floor_sees_its_picks_confirms_and_packs_them(client: httpx.AsyncClient, pool: Pool) -> None:
    order = await a_released_order(pool)
    tea, mug = await picks(client, order, status="open", warehouse="W1")
    assert (tea["sku"], tea["quantity"], tea["picked"], tea["status"], tea["release_no"]) == ("TEA", 5, 0, "open", 1)

    confirmed = await post(
        client,
        "/picks/confirmations",
        "confirmations",
        [{"pick_id": tea["pick_id"], "quantity": 5}, {"pick_id": mug["pick_id"], "quantity": 2}],
    )
    assert [(result["status"], result["id"]) for result in confirmed] == [(201, tea["pick_id"]), (201, mug["pick_id"])]
    assert [pick["status"] for pick in await picks(client, order)] == ["confirmed", "short"]
    assert [pick["picked"] for pick in await picks(client, order, status="short")] == [2]
    assert (await client.get(f"/picks/{mug['pick_id']}")).json()["picked"] == 2

    carton = {"lines": [{"line_no": 1, "quantity": 5}, {"line_no": 2, "quantity": 2}]}
    pack = {"order_id": str(order.order_id), "reference": "P-1", "cartons": [carton]}
    [packed] = await post(client, "/packs", "packs", [pack])
    view = (await client.get(f"/packs/{packed['id']}")).json()
    assert (packed["status"], view["warehouse"], view["release_no"]) == (201, "W1", 1)
    assert [carton["lines"] for carton in view["cartons"]] == [carton["lines"]]
    assert (await client.get("/packs", params={"order_id": str(order.order_id)})).json() == {"items": [view], "next": None}


async def test_faults_in_a_batch_of_picks_are_pointed_at(client: httpx.AsyncClient, pool: Pool) -> None:
    tea, _ = await picks(client, await a_released_order(pool))
    confirmations = [
        {"pick_id": str(uuid7()), "quantity": 1},
        {"pick_id": tea["pick_id"], "quantity": 6},
        {"pick_id": tea["pick_id"], "quantity": -1},
        {"pick_id": "no", "quantity": 1},
        {"pick_id": tea["pick_id"], "quantity": 5, "picked_at": "2199-01-01T00:00:00Z"},
    ]

    results = await post(client, "/picks/confirmations", "confirmations", confirmations)

    assert [result["status"] for result in results] == [404, 422, 422, 422, 422]
    assert [result["problem"]["faults"][0]["pointer"] for result in results] == [
        "/confirmations/0/pick_id",
        "/confirmations/1/quantity",
        "/confirmations/2/quantity",
        "/confirmations/3/pick_id",
        "/confirmations/4/picked_at",
    ]
    assert (await client.get(f"/picks/{tea['pick_id']}")).json()["status"] == "open"


async def test_faults_in_a_batch_of_packs_are_pointed_at(client: httpx.AsyncClient, pool: Pool) -> None:
    this: dict[str, Any] = {"order_id": str((await a_released_order(pool)).order_id), "reference": "P-1"}
    line = {"line_no": 1, "quantity": 1}
    packs = [
        this | {"order_id": str(uuid7()), "cartons": [{"lines": [line]}]},
        this | {"cartons": [{"lines": [line | {"quantity": 0}]}]},
        this | {"cartons": [{"sscc": "1" * 18, "lines": [line]}]},
        this | {"cartons": [{"lines": [line]}]},
    ]

    results = await post(client, "/packs", "packs", packs)

    assert [result["status"] for result in results] == [404, 422, 422, 409]
    assert [result["problem"]["faults"][0]["pointer"] for result in results[:3]] == [
        "/packs/0/order_id",
        "/packs/1/cartons/0/lines/0/quantity",
        "/packs/2/cartons/0/sscc",
    ]


async def test_things_that_are_not_there_are_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/picks", "/packs", "/stock/adjustments"):
        assert (await client.get(f"{path}/{uuid7()}")).status_code == 404
    assert (await client.get(f"/items/NOBODY/{uuid7().hex}")).status_code == 404
