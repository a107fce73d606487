import json
from collections.abc import Callable

import httpx
import pytest
from shared.database import Pool

from tests.order_intake.builders import Body, a_body, a_stored_customer


@pytest.fixture(scope="module")
async def customer_id(pool: Pool) -> str:
    return await a_stored_customer(pool)


def line(**changes: object) -> Callable[[Body], Body]:
    return lambda body: body | {"lines": [{"sku": "SKU-1", "quantity": 1} | changes]}


def address(**changes: object) -> Callable[[Body], Body]:
    plain: Body = {"name": "Store", "street": "Road 1", "city": "Shanghai", "postal_code": "200120", "country": "CN"}
    return lambda body: body | {"ship_to": plain | changes}


def field(**changes: object) -> Callable[[Body], Body]:
    return lambda body: body | changes


BAD: list[tuple[Callable[[Body], Body], str]] = [
    (line(quantity=0), "/lines/0/quantity"),
    (line(quantity=-1), "/lines/0/quantity"),
    (line(quantity=1_000_001), "/lines/0/quantity"),
    (line(quantity=10**30), "/lines/0/quantity"),
    (line(quantity=1.5), "/lines/0/quantity"),
    (line(quantity="1"), "/lines/0/quantity"),
    (line(quantity=True), "/lines/0/quantity"),
    (line(quantity=None), "/lines/0/quantity"),
    (line(line_no=0), "/lines/0/line_no"),
    (line(line_no=2**40), "/lines/0/line_no"),
    (line(sku=""), "/lines/0/sku"),
    (line(sku=" SKU-1"), "/lines/0/sku"),
    (line(sku="a/b"), "/lines/0/sku"),
    (line(sku="a\x00b"), "/lines/0/sku"),
    (line(sku="x" * 41), "/lines/0/sku"),
    (line(sku="unknown"), "/lines/0/sku"),
    (line(colour="red"), "/lines/0/colour"),
    (field(lines=[]), "/lines"),
    (field(lines=[{"sku": "SKU-1", "quantity": 1}] * 2001), "/lines"),
    (field(lines=[{"sku": "SKU-1", "quantity": 1, "line_no": 2}, {"sku": "SKU-1", "quantity": 1}]), "/lines"),
    (field(lines={"0": {"sku": "SKU-1", "quantity": 1}}), "/lines"),
    (field(customer_id=7), "/customer_id"),
    (field(customer_reference="a\x00b"), "/customer_reference"),
    (field(customer_reference="x" * 201), "/customer_reference"),
    (field(customer_reference="  "), "/customer_reference"),
    (field(allow_partial="yes"), "/allow_partial"),
    (field(service_level="overnight"), "/service_level"),
    (field(submitted_at="2150-01-01T00:00:00Z"), "/submitted_at"),
    (field(submitted_at="9999-12-31T23:59:59-12:00"), "/submitted_at"),
    (field(submitted_at="2026-05-01T08:00:00"), "/submitted_at"),
    (field(submitted_at=1e308), "/submitted_at"),
    (field(requested_delivery={"earliest": "2027-01-02T00:00:00Z", "latest": "2027-01-01T00:00:00Z"}), "/requested_delivery"),
    (field(requested_delivery=[]), "/requested_delivery"),
    (field(status="closed"), "/status"),
    (field(ship_to=None), "/ship_to"),
    (address(country="cn"), "/ship_to/country"),
    (address(country="CHN"), "/ship_to/country"),
    (address(latitude=91, longitude=0), "/ship_to/latitude"),
    (address(latitude=31.2), "/ship_to"),
    (address(name=""), "/ship_to/name"),
    (address(city="x\x1fy"), "/ship_to/city"),
    (address(code="a/b"), "/ship_to/code"),
    (address(floor=3), "/ship_to/floor"),
]


@pytest.mark.parametrize(("change", "pointer"), BAD)
async def test_what_breaks_a_rule_is_pointed_at(
    client: httpx.AsyncClient, customer_id: str, change: Callable[[Body], Body], pointer: str
) -> None:
    answer = await client.post("/orders", json=change(a_body(customer_id)))

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [fault["pointer"] for fault in answer.json()["faults"]]


async def test_nothing_of_all_that_was_stored(client: httpx.AsyncClient, customer_id: str) -> None:
    assert (await client.get("/orders", params={"customer_id": customer_id})).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"lines": NaN}', 400),
        (b"\xff\xfe", 400),
        (b'{"customer_id": "\\ud800"}', 400),
        (b"[" * 50_000, 400),
        (b'"' + b"x" * 1_100_000 + b'"', 413),
    ],
)
async def test_what_is_no_order_at_all_is_refused(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    for path in ("/orders", "/orders/batch"):
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})

        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\x00"}, {"reason": "a", "why": 1}, {"reason": 7}])
@pytest.mark.parametrize("noun", ["cancellation", "rejection", "hold"])
async def test_a_reason_is_needed(client: httpx.AsyncClient, noun: str, body: Body) -> None:
    answer = await client.post(
        f"/orders/01890a5d-ac96-774b-bcce-b302099a8057/{noun}", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422


@pytest.mark.parametrize("noun", ["", "/cancellation", "/rejection", "/hold", "/hold-release"])
async def test_an_order_id_is_a_uuid_of_an_order(client: httpx.AsyncClient, noun: str) -> None:
    method, body = ("POST", {"reason": "price"} if noun != "/hold-release" else {}) if noun else ("GET", None)

    unknown = await client.request(method, f"/orders/01890a5d-ac96-774b-bcce-b302099a8057{noun}", json=body)
    garbage = await client.request(method, f"/orders/garbage{noun}", json=body)

    assert (unknown.status_code, garbage.status_code) == (404, 422)


async def test_without_the_key_nothing_is_told(client: httpx.AsyncClient) -> None:
    for method, path in (("GET", "/orders"), ("POST", "/orders"), ("POST", "/orders/batch"), ("GET", "/orders/garbage")):
        answer = await client.request(method, path, headers={"Authorization": "Bearer operator.wrong"})

        assert answer.status_code == 401
