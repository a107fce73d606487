import httpx
import pytest
from shared.database import Pool
from uuid_utils.compat import uuid7

ITEM = {"customer_id": "BAD-INPUT", "sku": "TEA", "description": "Tea"}
ADJUSTMENT = {"customer_id": "BAD-INPUT", "sku": "TEA", "warehouse": "W1", "quantity": 1, "reason": "count", "reference": "R-1"}
PACK = {"order_id": str(uuid7()), "reference": "P", "cartons": [{"lines": [{"line_no": 1, "quantity": 1}]}]}

FAULTY_ITEMS = [
    ("/items/batch", "items", ITEM | {"sku": "a/b"}, "/sku"),
    ("/items/batch", "items", ITEM | {"sku": " TEA"}, "/sku"),
    ("/items/batch", "items", ITEM | {"sku": "x" * 41}, "/sku"),
    ("/items/batch", "items", ITEM | {"sku": "T\u0000EA"}, "/sku"),
    ("/items/batch", "items", ITEM | {"description": "T\u0000EA"}, "/description"),
    ("/items/batch", "items", ITEM | {"description": None}, "/description"),
    ("/items/batch", "items", ITEM | {"gtin": "4006381333932"}, "/gtin"),
    ("/items/batch", "items", ITEM | {"gtin": "四〇〇六三八一三"}, "/gtin"),
    ("/items/batch", "items", ITEM | {"weight_kg": -1}, "/weight_kg"),
    ("/items/batch", "items", ITEM | {"weight_kg": "1"}, "/weight_kg"),
    ("/items/batch", "items", ITEM | {"volume_l": 1e300}, "/volume_l"),
    ("/items/batch", "items", ITEM | {"colour": "green"}, "/colour"),
    ("/items/batch", "items", "TEA", ""),
    ("/stock/adjustments", "adjustments", ADJUSTMENT | {"quantity": 10**30}, "/quantity"),
    ("/stock/adjustments", "adjustments", ADJUSTMENT | {"quantity": 1.5}, "/quantity"),
    ("/stock/adjustments", "adjustments", ADJUSTMENT | {"quantity": True}, "/quantity"),
    ("/stock/adjustments", "adjustments", ADJUSTMENT | {"quantity": "1"}, "/quantity"),
    ("/stock/adjustments", "adjustments", ADJUSTMENT | {"customer_id": "UNKNOWN"}, "/sku"),
    ("/picks/confirmations", "confirmations", {"pick_id": str(uuid7()), "quantity": 1, "picked_at": "2026-05-01T08:00:00"}, "/picked_at"),
    ("/picks/confirmations", "confirmations", {"pick_id": str(uuid7()), "quantity": 1, "picked_at": "9999-12-31T23:59:59Z"}, "/picked_at"),
    ("/picks/confirmations", "confirmations", {"pick_id": 7, "quantity": 1}, "/pick_id"),
    ("/packs", "packs", PACK | {"cartons": []}, "/cartons"),
    ("/packs", "packs", PACK | {"cartons": [{"lines": []}]}, "/cartons/0/lines"),
    ("/packs", "packs", PACK | {"release_no": 0}, "/release_no"),
    ("/packs", "packs", PACK | {"cartons": [{"lines": [{"line_no": 1, "quantity": 1}] * 2000}]}, "/cartons/0/lines"),
]


@pytest.mark.parametrize("path, field, item, pointer", FAULTY_ITEMS)
async def test_a_faulty_item_is_pointed_at(client: httpx.AsyncClient, path: str, field: str, item: object, pointer: str) -> None:
    answer = await client.post(path, json={field: [item]})

    assert answer.status_code == 200
    [result] = answer.json()["results"]
    assert result["status"] == 422
    assert result["problem"]["faults"][0]["pointer"] == f"/{field}/0{pointer}"


@pytest.mark.parametrize(
    "content, status",
    [
        (b"", 422),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"items": {}}', 422),
        (b'{"items": []}', 422),
        (b'{"items": [], "more": 1}', 422),
        (b'{"items": [{"weight_kg": NaN}]}', 400),
        (b'{"items": ["\xff"]}', 400),
        (b'{"items": ["\\ud800"]}', 400),
        (b"[" * 50_000, 400),
        (b'{"items": [' + b",".join([b"1"] * 10_000) + b"]}", 422),
        (b'"' + b"x" * 1_100_000 + b'"', 413),
    ],
)
async def test_an_envelope_that_is_none_is_refused_whole(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await client.post("/items/batch", content=content, headers={"content-type": "application/json"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/stock?colour=green",
        "/stock?sku=TEA",
        "/stock?customer_id=%00",
        "/stock?customer_id=a%2Fb",
        "/stock?limit=0",
        "/stock?limit=201",
        "/stock?after=x",
        "/stock?after=a/b/c/d",
        "/stock?after=a/%00/c",
        "/stock/ledger?after=a/b/c/99999999999999999999",
        "/stock/ledger?after=a/b/c/x",
        "/stock/adjustments/no",
        "/picks?status=lost",
        "/picks?order_id=no",
        "/picks?after=no",
        "/packs?after=1",
        "/picks/no",
        "/warehouses/%00",
        "/warehouses/%20W",
        "/items?sku=TEA",
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 422
    assert answer.json()["faults"]


async def test_without_a_key_nothing_is_answered(client: httpx.AsyncClient) -> None:
    for method, path in (("GET", "/stock"), ("PUT", "/warehouses/W1"), ("POST", "/packs"), ("GET", "/picks")):
        assert (await client.request(method, path, headers={"Authorization": "Bearer no.no"})).status_code == 401


async def test_what_was_refused_left_nothing_behind(pool: Pool) -> None:
    assert await pool.fetchval("SELECT count(*) FROM items WHERE customer_id = 'BAD-INPUT'") == 0
