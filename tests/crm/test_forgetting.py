"""An erased consignee is in no case, no line of the timeline and no kept answer; that there was something stays."""

from uuid import uuid4

import httpx
from shared.database import Pool, transaction
from shared.events import CaseOpened, CaseResolved, OrderErased

from tests.crm.builders import NOW, a_customer, hear, received, short

WORDS = "Kanaria"


async def test_what_people_wrote_about_an_erased_order_goes(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, order_id, other = await a_customer(client), uuid4(), uuid4()
    async with transaction(pool) as tx:
        await hear(tx, received(customer_id, order_id), received(customer_id, other, reference="PO-2"), short(customer_id, order_id))
    once = {"Idempotency-Key": str(uuid4())}
    about = {"customer_id": customer_id, "kind": "complaint", "subject": "Frau Kanaria: two boxes came wet", "order_id": str(order_id)}
    case = (await client.post("/cases", json=about, headers=once)).json()
    kept = (await client.post("/cases", json=about | {"order_id": str(other), "subject": "Another"})).json()
    await resolve(client, pool, case)
    before = await timeline(client, customer_id)
    assert WORDS in str(before) + str((await client.get(f"/cases/{case['case_id']}")).json())

    async with transaction(pool) as tx:
        await hear(tx, OrderErased(customer_id=customer_id, order_id=order_id, version=9, occurred_at=NOW, erased_at=NOW))

    after = await timeline(client, customer_id)
    new = {"Complaint case opened", "Complaint case resolved", "Personal data of the consignee erased"}
    assert {line for line in after if line not in before} == new
    assert len(after) == len(before) + 1
    read = (await client.get(f"/cases/{case['case_id']}")).json()
    assert (read["subject"], read["cause"], read["remedy"], read["status"]) == ("erased", "erased", "erased", "resolved")
    assert (await client.get(f"/cases/{kept['case_id']}")).json() == kept
    again = await client.post("/cases", json=about, headers=once)
    assert (again.status_code, again.json()["type"]) == (410, "/problems/gone")
    assert WORDS not in await at_rest(pool)


async def resolve(client: httpx.AsyncClient, pool: Pool, case: dict[str, str]) -> None:
    """In words about a person, and heard of by the timeline."""
    words = {"cause": "Kanaria was out", "remedy": "Rang Kanaria"}
    await client.post(f"/cases/{case['case_id']}/resolution", json=words, headers={"Idempotency-Key": str(uuid4())})
    said = {name: case[name] for name in ("customer_id", "case_id", "kind", "order_id")} | {"occurred_at": NOW}
    async with transaction(pool) as tx:
        await hear(
            tx,
            CaseOpened.model_validate(said | {"version": 1, "received_at": NOW}),
            CaseResolved.model_validate(said | {"version": 2, "resolved_at": NOW}),
        )


async def at_rest(pool: Pool) -> str:
    """All that the tables hold that somebody may have written words into."""
    tables = ("cases", "timeline", "idempotency_keys", "outbox")
    rows = [await pool.fetchval(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} AS t") for table in tables]
    return "".join(rows) + str(await pool.fetchval("SELECT string_agg(convert_from(body, 'UTF8'), '') FROM idempotency_keys"))


async def timeline(client: httpx.AsyncClient, customer_id: str) -> list[str]:
    return [each["text"] for each in (await client.get(f"/customers/{customer_id}/timeline")).json()["items"]]
