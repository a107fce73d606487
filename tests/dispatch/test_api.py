import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx import AsyncClient
from shared.database import Pool, transaction
from uuid_utils.compat import uuid7

from tests.dispatch.builders import a_fleet, a_pack, a_release, hear, shipments_of


async def a_packed_order(pool: Pool) -> tuple[UUID, UUID]:
    """A committed order and its only shipment, packed."""
    order_id = uuid7()
    async with transaction(pool) as tx:
        await a_fleet(tx)
        await hear(tx, a_release(order_id, (10, 5)))
        await hear(tx, a_pack(order_id, {1: 10, 2: 5}))
        [shipment_id] = await shipments_of(tx, order_id)
    return order_id, shipment_id


def code() -> str:
    return f"T-{uuid7().hex[-20:]}"


async def post(client: AsyncClient, path: str, field: str, *items: object) -> list[dict[str, object]]:
    answer = await client.post(path, json={field: items})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["results"]
    return found


async def test_a_shipment_goes_all_the_way(client: AsyncClient, pool: Pool) -> None:
    order_id, shipment_id = await a_packed_order(pool)
    this = {"shipment_id": str(shipment_id)}
    lines = [{"line_no": 1, "accepted": 9, "damaged": 1, "short": 0}, {"line_no": 2, "accepted": 5, "damaged": 0, "short": 0}]

    assigned = await post(client, "/shipments/assignments", "assignments", this | {"carrier": "SF", "vehicle": "SF-0001"})
    gone = await post(client, "/shipments/handovers", "handovers", this)
    tried = await post(client, "/deliveries", "deliveries", this | {"outcome": "failed", "reason": "weather"})
    came = await post(client, "/deliveries", "deliveries", this | {"outcome": "delivered", "signed_by": "王芳", "lines": lines})

    assert [each[0]["status"] for each in (assigned, gone, tried, came)] == [201] * 4
    assert assigned[0]["id"] == gone[0]["id"] == str(shipment_id)
    sheet = (await client.get(f"/shipments/{shipment_id}")).json()
    assert (sheet["status"], sheet["order_id"], sheet["carrier"], sheet["attempts"]) == ("delivered", str(order_id), "SF", 1)
    assert (sheet["ship_to"]["city"], sheet["erased_at"]) == ("上海", None)
    assert [(line["packed"], line["accepted"], line["damaged"]) for line in sheet["lines"]] == [(10, 9, 1), (5, 5, 0)]
    proofs = (await client.get("/deliveries", params=this)).json()["items"]
    assert [(proof["outcome"], proof["attempt_no"], proof["signed_by"], proof["reason"]) for proof in proofs] == [
        ("failed", 1, None, "weather"),
        ("delivered", 2, "王芳", None),
    ]
    assert (await client.get(f"/deliveries/{came[0]['id']}")).json() == proofs[1]


async def test_items_of_a_batch_are_judged_alone(client: AsyncClient, pool: Pool) -> None:
    _, shipment_id = await a_packed_order(pool)
    this = {"shipment_id": str(shipment_id), "carrier": "SF", "vehicle": "SF-0001"}

    results = await post(
        client,
        "/shipments/assignments",
        "assignments",
        this | {"vehicle": "?"},
        this | {"x": 1},
        this,
        7,
        this | {"shipment_id": str(uuid7())},
        this,
    )

    assert [result["status"] for result in results] == [422, 422, 201, 422, 404, 200]
    assert [pointers(result) for result in results[:4]] == [["/assignments/0/vehicle"], ["/assignments/1/x"], [], ["/assignments/3"]]


def pointers(result: dict[str, object]) -> list[str]:
    problem = result["problem"]
    return [fault["pointer"] for fault in problem["faults"]] if isinstance(problem, dict) else []


async def test_faults_of_a_delivered_line_are_pointed_at_in_the_whole_body(client: AsyncClient, pool: Pool) -> None:
    _, shipment_id = await a_packed_order(pool)
    this = {"shipment_id": str(shipment_id)}
    await post(client, "/shipments/assignments", "assignments", this | {"carrier": "SF", "vehicle": "SF-0001"})
    await post(client, "/shipments/handovers", "handovers", this)
    wrong = [{"line_no": 1, "accepted": 9, "damaged": 0, "short": 0}, {"line_no": 2, "accepted": -1, "damaged": 0, "short": True}]

    results = await post(
        client,
        "/deliveries",
        "deliveries",
        this | {"outcome": "delivered", "lines": wrong},
        this | {"outcome": "delivered", "lines": wrong[:1]},
        this | {"outcome": "lost"},
        this | {"outcome": "failed"},
    )

    assert [result["status"] for result in results] == [422] * 4
    assert [pointers(result) for result in results] == [
        ["/deliveries/0/lines/1/accepted", "/deliveries/0/lines/1/short"],
        ["/deliveries/1/lines/0", "/deliveries/1/lines"],
        ["/deliveries/2/outcome"],
        ["/deliveries/3/reason"],
    ]


async def test_carriers_and_vehicles_are_put_whole_and_read_back(client: AsyncClient) -> None:
    carrier, vehicle = code(), code()
    body = {"carrier": carrier, "name": "沪A·12345", "capacity_kg": 1500.5}

    first = await client.put(f"/carriers/{carrier}", json={"name": "One"})
    unchanged = await client.put(f"/carriers/{carrier}", json={"name": "One"})
    changed = await client.put(f"/carriers/{carrier}", json={"name": "Two"}, headers={"If-Match": unchanged.headers["ETag"]})
    stale = await client.put(f"/carriers/{carrier}", json={"name": "Three"}, headers={"If-Match": unchanged.headers["ETag"]})
    made = await client.put(f"/vehicles/{vehicle}", json=body)

    assert [each.status_code for each in (first, unchanged, changed, stale, made)] == [201, 200, 200, 412, 201]
    assert [each.headers["ETag"] for each in (first, unchanged, changed)] == ['"1"', '"1"', '"2"']
    assert (await client.get(f"/carriers/{carrier}")).json() == {"code": carrier, "name": "Two"}
    assert (await client.get(f"/vehicles/{vehicle}")).json() == made.json() == body | {"code": vehicle, "capacity_l": None}
    assert (await client.get("/vehicles", params={"carrier": carrier})).json() == {"items": [made.json()], "next": None}


async def test_if_match_on_what_does_not_exist_is_stale(client: AsyncClient) -> None:
    assert (await client.put(f"/carriers/{code()}", json={"name": "One"}, headers={"If-Match": "*"})).status_code == 412


async def test_a_vehicle_needs_a_carrier(client: AsyncClient) -> None:
    answer = await client.put(f"/vehicles/{code()}", json={"carrier": code(), "name": "One"})

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["pointer"] == "/carrier"


async def test_collections_are_read_page_by_page_and_filtered(client: AsyncClient, pool: Pool) -> None:
    order_id = uuid7()
    async with transaction(pool) as tx:
        await hear(tx, a_release(order_id, warehouses=("SH", "BJ", "GZ")))
    wanted = {"order_id": str(order_id), "limit": "2"}

    first = (await client.get("/shipments", params=wanted)).json()
    second = (await client.get("/shipments", params=wanted | {"after": first["next"]})).json()
    none = (await client.get("/shipments", params=wanted | {"status": "delivered"})).json()
    beijing = (await client.get("/shipments", params=wanted | {"warehouse": "BJ", "status": "planned"})).json()

    ids = [each["shipment_id"] for each in first["items"] + second["items"]]
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert ids == sorted(set(ids))
    assert none == {"items": [], "next": None}
    assert [each["warehouse"] for each in beijing["items"]] == ["BJ"]
    assert [line["sku"] for line in beijing["items"][0]["lines"]] == ["SKU-1"]


@pytest.mark.parametrize(
    "path",
    [
        "/shipments?state=planned",
        "/shipments?status=lost",
        "/shipments?after=x",
        "/shipments?after=%00",
        "/shipments?order_id=1",
        "/shipments?warehouse=%00",
        "/shipments?limit=201",
        "/shipments/x",
        "/carriers?after=%00",
        "/carriers/%00",
        "/vehicles?carrier=a%2Fb",
        "/deliveries?shipment_id=%ff",
    ],
)
async def test_garbage_in_an_address_is_refused_with_its_place(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["faults"]


@pytest.mark.parametrize("path", ["/shipments", "/carriers", "/vehicles", "/deliveries"])
async def test_what_is_not_there_is_404(client: AsyncClient, path: str) -> None:
    assert (await client.get(f"{path}/{uuid7()}")).status_code == 404


SHIPMENT = '"shipment_id": "0198c0de-0000-7000-8000-000000000001"'
DEEP = "[" * 50_000 + "]" * 50_000


@pytest.mark.parametrize(
    "path, body, status",
    [
        ("/shipments/handovers", "{", 400),
        ("/shipments/handovers", '{"handovers": NaN}', 400),
        ("/shipments/handovers", DEEP, 400),
        ("/shipments/handovers", b'{"handovers": "\xff"}', 400),
        ("/shipments/handovers", '{"handovers": ["\\ud800"]}', 400),
        ("/shipments/handovers", '{"handovers": {}}', 422),
        ("/shipments/handovers", '{"handovers": [], "more": 1}', 422),
        ("/shipments/handovers", "[]", 422),
        ("/shipments/handovers", '{"handovers": [' + ",".join(["{}"] * 501) + "]}", 422),
        ("/deliveries", '{"deliveries": [' + "1," * 700_000 + "1]}", 413),
    ],
    ids=["cut off", "NaN", "deep", "broken UTF-8", "half a surrogate", "no list", "unknown field", "no object", "501 items", "over 1 MiB"],
)
async def test_a_wrong_envelope_fails_the_call(client: AsyncClient, path: str, body: str | bytes, status: int) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path, field, item",
    [
        ("/shipments/handovers", "handovers", "null"),
        ("/shipments/handovers", "handovers", '{"shipment_id": 1e400}'),
        ("/shipments/handovers", "handovers", '{"shipment_id": "\\u0000"}'),
        ("/shipments/handovers", "handovers", "{" + SHIPMENT + ', "handed_over_at": 0}'),
        ("/shipments/handovers", "handovers", "{" + SHIPMENT + ', "handed_over_at": "2026-05-01T08:00:00"}'),
        ("/shipments/handovers", "handovers", "{" + SHIPMENT + ', "handed_over_at": "9999-12-31T23:59:59-23:00"}'),
        ("/shipments/assignments", "assignments", "{" + SHIPMENT + ', "carrier": "a\\u0000", "vehicle": "b"}'),
        ("/shipments/assignments", "assignments", "{" + SHIPMENT + ', "carrier": 5, "vehicle": "b"}'),
        ("/deliveries", "deliveries", "{" + SHIPMENT + ', "outcome": "delivered", "signed_by": "\\u0000"}'),
        ("/deliveries", "deliveries", "{" + SHIPMENT + ', "outcome": "failed", "reason": "' + "x" * 201 + '"}'),
        ("/deliveries", "deliveries", "{" + SHIPMENT + ', "outcome": "delivered", "lines": [{"line_no": ' + "9" * 400 + "}]}"),
        (
            "/deliveries",
            "deliveries",
            "{"
            + SHIPMENT
            + ', "outcome": "delivered", "lines": ['
            + ",".join(['{"line_no":1,"accepted":1,"damaged":0,"short":0}'] * 10_000)
            + "]}",
        ),
    ],
)
async def test_a_wrong_item_is_refused_alone_with_its_place(client: AsyncClient, path: str, field: str, item: str) -> None:
    answer = await client.post(path, content=f'{{"{field}": [{item}]}}', headers={"Content-Type": "application/json"})

    [result] = answer.json()["results"]
    assert (answer.status_code, result["status"]) in [(200, 422)]
    assert all(fault["pointer"].startswith(f"/{field}/0") for fault in result["problem"]["faults"])
    assert result["problem"]["faults"]


async def test_a_time_in_the_future_is_refused_and_nothing_is_stored(client: AsyncClient, pool: Pool) -> None:
    _, shipment_id = await a_packed_order(pool)
    this = {"shipment_id": str(shipment_id)}
    await post(client, "/shipments/assignments", "assignments", this | {"carrier": "SF", "vehicle": "SF-0001"})
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()

    [result] = await post(client, "/shipments/handovers", "handovers", this | {"handed_over_at": ahead})

    assert (result["status"], pointers(result)) == (422, ["/handovers/0/handed_over_at"])
    assert (await client.get(f"/shipments/{shipment_id}")).json()["status"] == "assigned"


async def test_without_a_key_nothing_is_answered(client: AsyncClient) -> None:
    answers = await asyncio.gather(
        *[client.get(path, headers={"Authorization": "Bearer operator.wrong"}) for path in ("/shipments", "/carriers", "/deliveries")]
    )

    assert {answer.status_code for answer in answers} == {401}
