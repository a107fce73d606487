from uuid import uuid4

import httpx
import pytest

from tests.crm.builders import a_customer_id

NO_CASE = "/cases/01a2004f-1a48-7103-b4a6-82d464be8d90"
JSON = {"Content-Type": "application/json"}
CASE = {"customer_id": "C-1", "kind": "complaint", "subject": "Wet"}

PROFILES = [
    ({}, "/name"),
    ({"name": ""}, "/name"),
    ({"name": "  "}, "/name"),
    ({"name": "a\u0000b"}, "/name"),
    ({"name": "n" * 201}, "/name"),
    ({"name": 7}, "/name"),
    ({"name": "N", "email": "nowhere"}, "/email"),
    ({"name": "N", "phone": "1" * 41}, "/phone"),
    ({"name": "N", "blocked": "yes"}, "/blocked"),
    ({"name": "N", "vip": True}, "/vip"),
    ([], ""),
]

CASES = [
    ({**CASE, "kind": "rant"}, "/kind"),
    ({**CASE, "subject": "\u0000"}, "/subject"),
    ({**CASE, "order_id": "PO-1"}, "/order_id"),
    ({**CASE, "line_no": 0, "order_id": str(uuid4())}, "/line_no"),
    ({**CASE, "line_no": 10**30}, "/line_no"),
    ({**CASE, "line_no": 1.5}, "/line_no"),
    ({**CASE, "reference": "a/b"}, "/reference"),
    ({**CASE, "customer_id": " C"}, "/customer_id"),
    ({**CASE, "received_at": "2026-05-01T08:00:00"}, "/received_at"),
    ({**CASE, "received_at": "9999-12-31T23:59:59Z"}, "/received_at"),
    ({**CASE, "received_at": 1777622400}, "/received_at"),
    ({**CASE, "status": "resolved"}, "/status"),
]

RAW = [
    (b"{", 400),
    (b'{"name": "\xff"}', 400),
    (b'{"name": "\\ud800"}', 400),
    (b'{"name": NaN}', 400),
    (b"[" * 5000 + b"]" * 5000, 400),
    (b"", 422),
    (b'{"name": "' + b"n" * (1024 * 1024) + b'"}', 413),
]

PATHS = [
    "/customers?limit=0",
    "/customers?limit=201",
    "/customers?limit=x",
    "/customers?after=%00",
    "/customers?name=x",
    "/customers/%00",
    "/customers/C-1/timeline?after=x",
    "/customers/C-1/timeline?after=9999999999999999_00000000-0000-0000-0000-0000000000zz",
    "/customers/C-1/timeline?order_id=x",
    "/cases?status=open",
    "/cases?kind=rant",
    "/cases?after=x",
    "/cases?customer_id=%ff%00",
    "/cases?order_id=1",
    "/cases/1",
]


@pytest.mark.parametrize(("body", "pointer"), PROFILES)
async def test_a_profile_that_breaks_a_rule_is_told_where(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    customer_id = a_customer_id()

    answer = await client.put(f"/customers/{customer_id}", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["faults"]] == [pointer]
    assert (await client.get(f"/customers/{customer_id}")).status_code == 404


@pytest.mark.parametrize(("body", "pointer"), CASES)
async def test_a_case_that_breaks_a_rule_is_told_where(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    answer = await client.post("/cases", json=body)

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["faults"]] == [pointer]


@pytest.mark.parametrize(("body", "status"), RAW, ids=range(len(RAW)))
async def test_what_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    answer = await client.put(f"/customers/{a_customer_id()}", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", PATHS)
async def test_a_query_that_makes_no_sense_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 422


@pytest.mark.parametrize("path", ["/customers/nobody", "/customers/nobody/timeline", NO_CASE])
async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_a_case_that_does_not_exist_cannot_be_resolved(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/cases/{uuid4()}/resolution", json={"cause": "Rain", "remedy": "Paid"})

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/customers", "/customers/C-1", "/customers/C-1/timeline", "/cases", NO_CASE])
async def test_without_a_key_nothing_is_shown(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"Authorization": "Bearer wrong.key"})).status_code == 401
