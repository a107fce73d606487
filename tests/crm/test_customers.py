import asyncio

import httpx
import pytest
from shared.database import Pool

from tests.crm.builders import a_customer, a_customer_id


async def _said(pool: Pool, customer_id: str) -> list[tuple[int, bool]]:
    rows = await pool.fetch(
        "SELECT version, convert_from(body, 'UTF8')::json ->> 'blocked' = 'true' AS blocked FROM outbox WHERE aggregate = $1 ORDER BY id",
        f"customer/{customer_id}",
    )
    return [(row["version"], row["blocked"]) for row in rows]


async def test_a_customer_is_registered_once_and_says_what_changes(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = a_customer_id()
    profile = {"name": "Lantern Traders", "email": "desk@example.com", "phone": "+86 21 5555 0100"}

    first = await client.put(f"/customers/{customer_id}", json=profile)
    again = await client.put(f"/customers/{customer_id}", json=profile)
    changed = await client.put(f"/customers/{customer_id}", json={"name": "Lantern Traders", "blocked": True})

    assert [first.status_code, again.status_code, changed.status_code] == [201, 200, 200]
    assert [first.headers["etag"], again.headers["etag"], changed.headers["etag"]] == ['"1"', '"1"', '"2"']
    assert changed.json()["email"] is None
    assert await _said(pool, customer_id) == [(1, False), (2, True)]


async def test_no_personal_data_leaves_in_events(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client, email="desk@example.com", phone="+86 21 5555 0100")

    body = await pool.fetchval("SELECT convert_from(body, 'UTF8') FROM outbox WHERE aggregate = $1", f"customer/{customer_id}")

    assert body == '{"blocked":false}'


@pytest.mark.parametrize(("if_match", "status"), [('"1"', 200), ("*", 200), ('"7", "1"', 200), ('"2"', 412), ("1", 412), ("", 412)])
async def test_if_match_guards_against_a_profile_that_changed(client: httpx.AsyncClient, if_match: str, status: int) -> None:
    customer_id = await a_customer(client)

    answer = await client.put(f"/customers/{customer_id}", json={"name": "New name"}, headers={"If-Match": if_match})

    assert answer.status_code == status


async def test_if_match_makes_no_customer(client: httpx.AsyncClient) -> None:
    customer_id = a_customer_id()

    answer = await client.put(f"/customers/{customer_id}", json={"name": "New name"}, headers={"If-Match": "*"})

    assert answer.status_code == 412
    assert (await client.get(f"/customers/{customer_id}")).status_code == 404


async def test_ten_at_once_register_one_customer(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = a_customer_id()
    names = [f"Name {number}" for number in range(10)]

    answers = await asyncio.gather(*[client.put(f"/customers/{customer_id}", json={"name": name}) for name in names])

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert [version for version, _ in await _said(pool, customer_id)] == list(range(1, 11))


async def test_customers_come_in_pages_in_the_order_of_their_ids(client: httpx.AsyncClient) -> None:
    mine = sorted([await a_customer(client) for _ in range(3)])
    seen: list[str] = []
    after: str | None = None

    while True:
        answer = (await client.get("/customers", params={"limit": 2, **({"after": after} if after else {})})).json()
        seen += [each["customer_id"] for each in answer["items"]]
        after = answer["next"]
        if not after:
            break

    assert [each for each in seen if each in mine] == mine
    assert len(seen) == len(set(seen))
