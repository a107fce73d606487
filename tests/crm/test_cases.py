import asyncio
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import httpx
import pytest
from crm.errors import IllegalMove
from crm.lifecycle import NEXT, Case, CaseStatus, resolve
from shared.database import Pool, transaction
from shared.events import CaseKind

from tests.crm.builders import NOW, a_customer, confirmed, hear, received


async def _said(pool: Pool, case_id: str) -> list[tuple[str, int]]:
    rows = await pool.fetch("SELECT type, version FROM outbox WHERE aggregate = $1 ORDER BY id", f"case/{case_id}")
    return [(row["type"], row["version"]) for row in rows]


async def _an_order(pool: Pool, customer_id: str) -> UUID:
    order_id = uuid4()
    async with transaction(pool) as tx:
        await hear(tx, received(customer_id, order_id), confirmed(customer_id, order_id))
    return order_id


async def test_a_complaint_goes_from_new_to_resolved(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    order_id = await _an_order(pool, customer_id)
    new = {"customer_id": customer_id, "kind": "complaint", "subject": "Two boxes came wet", "order_id": str(order_id), "line_no": 2}

    opened = await client.post("/cases", json=new)
    case_id = opened.json()["case_id"]
    words = {"cause": "Box not closed", "remedy": "Replacement sent"}
    done = await client.post(f"/cases/{case_id}/resolution", json=words)
    again = await client.post(f"/cases/{case_id}/resolution", json=words)
    other = await client.post(f"/cases/{case_id}/resolution", json={"cause": "Rain", "remedy": "None"})

    assert [opened.status_code, done.status_code, again.status_code, other.status_code] == [201, 200, 200, 409]
    assert (opened.json()["status"], done.json()["status"]) == ("new", "resolved")
    assert "resolved" in other.json()["detail"]
    assert (await client.get(f"/cases/{case_id}")).json() == done.json() == again.json()
    assert await _said(pool, case_id) == [("case.opened.v1", 1), ("case.resolved.v1", 2)]


async def test_subject_cause_and_remedy_stay_here(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    case_id = (await client.post("/cases", json={"customer_id": customer_id, "kind": "claim", "subject": "secret-1"})).json()["case_id"]
    await client.post(f"/cases/{case_id}/resolution", json={"cause": "secret-2", "remedy": "secret-3"})

    bodies = await pool.fetch("SELECT convert_from(body, 'UTF8') AS body FROM outbox WHERE aggregate = $1", f"case/{case_id}")

    assert len(bodies) == 2
    assert not any("secret" in row["body"] for row in bodies)


async def test_a_reference_makes_one_case(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, another = await a_customer(client), await a_customer(client)
    new = {"customer_id": customer_id, "kind": "enquiry", "subject": "Where is it?", "reference": "T-77"}

    answers = await asyncio.gather(*[client.post("/cases", json=new) for _ in range(8)])
    different = await client.post("/cases", json={**new, "subject": "Where are they?"})
    elsewhere = await client.post("/cases", json={**new, "customer_id": another})

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert different.status_code == 409
    assert elsewhere.status_code == 201
    assert await _said(pool, answers[0].json()["case_id"]) == [("case.opened.v1", 1)]


async def test_without_a_reference_every_call_is_a_case(client: httpx.AsyncClient) -> None:
    new = {"customer_id": await a_customer(client), "kind": "feedback", "subject": "Thank you"}

    first, second = await client.post("/cases", json=new), await client.post("/cases", json=new)

    assert first.json()["case_id"] != second.json()["case_id"]


async def test_an_idempotency_key_repeats_the_answer(client: httpx.AsyncClient) -> None:
    new = {"customer_id": await a_customer(client), "kind": "feedback", "subject": "Thank you"}
    key = {"Idempotency-Key": uuid4().hex}

    first, again = await client.post("/cases", json=new, headers=key), await client.post("/cases", json=new, headers=key)

    assert (again.status_code, again.headers["idempotent-replayed"], again.json()) == (201, "true", first.json())


async def test_a_case_must_name_what_exists_and_is_the_customers_own(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, another = await a_customer(client), await a_customer(client)
    order_id, foreign = await _an_order(pool, customer_id), await _an_order(pool, another)
    sound: dict[str, str | int] = {"customer_id": customer_id, "kind": "complaint", "subject": "Wet"}
    wrong: dict[str, list[dict[str, str | int]]] = {
        "/customer_id": [{**sound, "customer_id": "nobody"}],
        "/order_id": [{**sound, "order_id": str(uuid4())}, {**sound, "order_id": str(foreign)}, {**sound, "line_no": 1}],
        "/line_no": [{**sound, "order_id": str(order_id), "line_no": 3}],
        "/received_at": [{**sound, "received_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}],
    }

    for pointer, bodies in wrong.items():
        for body in bodies:
            answer = await client.post("/cases", json=body)
            assert answer.status_code == 422
            assert [fault["pointer"] for fault in answer.json()["faults"]] == [pointer]
    assert (await client.get("/cases", params={"customer_id": customer_id})).json()["items"] == []


async def test_cases_are_found_by_customer_status_kind_and_order(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    order_id = str(await _an_order(pool, customer_id))
    new = {"customer_id": customer_id, "subject": "Wet"}
    complaint = (await client.post("/cases", json={**new, "kind": "complaint", "order_id": order_id})).json()["case_id"]
    claim = (await client.post("/cases", json={**new, "kind": "claim"})).json()["case_id"]
    await client.post(f"/cases/{claim}/resolution", json={"cause": "Rain", "remedy": "Paid"})

    async def found(**filters: str | int) -> list[str]:
        answer = await client.get("/cases", params={"customer_id": customer_id, **filters})
        return [case["case_id"] for case in answer.json()["items"]]

    assert await found() == [complaint, claim]
    assert await found(status="new") == await found(kind="complaint") == await found(order_id=order_id) == [complaint]
    assert await found(status="resolved") == await found(kind="claim") == await found(after=complaint) == [claim]
    assert await found(limit=1) == [complaint]


@pytest.mark.parametrize(("status", "wanted"), list(product(CaseStatus, CaseStatus)))
def test_the_machine_moves_along_its_table_only(status: CaseStatus, wanted: CaseStatus) -> None:
    case = Case(uuid4(), "C-1", CaseKind.CLAIM, "Wet", NOW, NOW, status=status)

    if wanted in NEXT[status]:
        done, said = resolve(case, "Rain", "Paid", NOW)
        assert (done.status, done.event_version, said.version) == (wanted, 2, 2)
    elif wanted is CaseStatus.RESOLVED:
        with pytest.raises(IllegalMove):
            resolve(case, "Rain", "Paid", NOW)
