"""Keys of customers: issued, seen, used, replaced, revoked."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import pytest
from shared.database import Pool
from shared.key_tables import THIS_TRANSACTION

from tests.crm.builders import a_customer, a_customer_id, a_key, bearing

READING = {"scopes": ["customers:read"]}


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def test_a_key_is_shown_once_and_opens_what_it_was_issued_for(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    body = {"scopes": ["customers:read", "cases:read", "cases:read"], "label": "Shop", "expires_at": in_days(30)}

    answer = await client.post(f"/customers/{customer_id}/keys", json=body)

    issued = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"k_[A-Za-z0-9]{16}\.[A-Za-z0-9_-]{43}", issued["key"])
    assert issued["scopes"] == ["cases:read", "customers:read"]
    shown = await client.get(f"/customers/{customer_id}/keys/{issued['key_id']}")
    assert shown.json() == {name: value for name, value in issued.items() if name != "key"}
    assert (await client.get(f"/customers/{customer_id}", headers=bearing(issued["key"]))).status_code == 200
    assert (await client.get("/cases", headers=bearing(issued["key"]))).status_code == 200
    assert (await client.post("/cases", json={}, headers=bearing(issued["key"]))).status_code == 403


async def test_what_is_said_of_a_key_lets_others_check_it(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    key_id, _, secret = (await a_key(client, customer_id, "orders:read", "orders:write")).partition(".")

    await client.delete(f"/customers/{customer_id}/keys/{key_id}")

    said = await pool.fetch(
        "SELECT type, key, version, customer_id, convert_from(body, 'UTF8') AS body FROM outbox WHERE aggregate = $1 ORDER BY version",
        f"api_key/{key_id}",
    )
    hashed = sha256(secret.encode()).hexdigest()
    assert [(row["type"], row["key"], row["version"], row["customer_id"], json.loads(row["body"])) for row in said] == [
        (
            "api_key.issued.v1",
            customer_id,
            1,
            customer_id,
            {"key_id": key_id, "secret_hash": hashed, "scopes": ["orders:read", "orders:write"], "expires_at": None},
        ),
        ("api_key.revoked.v1", customer_id, 2, customer_id, {"key_id": key_id}),
    ]


async def test_nowhere_in_the_database_lies_a_secret(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    secrets = [(await a_key(client, customer_id, "orders:read")).partition(".")[2]]
    staff = await client.post("/keys", json={"role": "agent"})
    secrets.append(staff.json()["key"].partition(".")[2])

    tables = await pool.fetch("SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        for secret in secrets:
            text = f"SELECT count(*) FROM {table['name']} t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'"
            assert await pool.fetchval(text, secret, secret.encode().hex()) == 0, table["name"]
    assert len(tables) > 15


async def test_an_idempotency_key_is_refused_because_its_answer_would_have_to_be_kept(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)

    answers = [
        await client.post(path, json=body, headers={"Idempotency-Key": customer_id})
        for path, body in ((f"/customers/{customer_id}/keys", READING), ("/keys", {"role": "agent"}))
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["type"] == "/problems/no-answer-kept"
    assert (await client.get(f"/customers/{customer_id}/keys")).json()["items"] == []


async def test_a_key_is_replaced_without_a_gap(client: httpx.AsyncClient) -> None:
    """Rotation: the successor lives beside the old key until that is revoked."""
    customer_id = await a_customer(client)
    old = await a_key(client, customer_id, "customers:read", "keys:write")

    new = await a_key(client, customer_id, "customers:read", "keys:write")
    both = [(await client.get(f"/customers/{customer_id}", headers=bearing(key))).status_code for key in (old, new)]
    revoked = await client.delete(f"/customers/{customer_id}/keys/{old.partition('.')[0]}", headers=bearing(new))
    after = [(await client.get(f"/customers/{customer_id}", headers=bearing(key))).status_code for key in (old, new)]

    assert both == [200, 200]
    assert revoked.status_code == 204
    assert after == [401, 200], "here it is dead at once"


async def test_revoking_again_is_harmless_and_says_nothing_more(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    key_id = (await a_key(client, customer_id, "orders:read")).partition(".")[0]

    answers = [await client.delete(f"/customers/{customer_id}/keys/{key_id}") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE aggregate = $1", f"api_key/{key_id}") == 2
    shown = (await client.get(f"/customers/{customer_id}/keys/{key_id}")).json()
    assert datetime.fromisoformat(shown["revoked_at"]) > datetime.fromisoformat(shown["issued_at"])


async def test_ten_who_revoke_at_once_revoke_once(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    key_id = (await a_key(client, customer_id, "orders:read")).partition(".")[0]

    answers = await asyncio.gather(*[client.delete(f"/customers/{customer_id}/keys/{key_id}") for _ in range(10)])

    assert {answer.status_code for answer in answers} == {204}
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE aggregate = $1", f"api_key/{key_id}") == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({}, "/scopes"),
        ({"scopes": ["orders:read", "orders:eat"]}, "/scopes/1"),
        ({"scopes": ["admin"]}, "/scopes/0"),
        ({"scopes": ["orders:read", "customers:write"]}, "/scopes/1"),
        ({"scopes": ["*"]}, "/scopes/0"),
        ({"scopes": ["orders:read"] * 100}, "/scopes"),
        ({"scopes": "orders:read"}, "/scopes"),
        ({"scopes": ["orders:read"], "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"scopes": ["orders:read"], "expires_at": 4102444800}, "/expires_at"),
        ({"scopes": ["orders:read"], "label": "a\u0000b"}, "/label"),
        ({"scopes": ["orders:read"], "customer_id": "ANOTHER"}, "/customer_id"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_and_the_place_is_named(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    customer_id = await a_customer(client)

    answer = await client.post(f"/customers/{customer_id}/keys", json=body)

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["faults"]] == [pointer]
    assert (await client.get(f"/customers/{customer_id}/keys")).json()["items"] == []


async def test_there_are_no_keys_of_nobody(client: httpx.AsyncClient) -> None:
    customer_id, other = a_customer_id(), await a_customer(client)
    key_id = (await a_key(client, other, "orders:read")).partition(".")[0]
    mine = await a_customer(client)

    answers = [
        await client.post(f"/customers/{customer_id}/keys", json=READING),
        await client.get(f"/customers/{customer_id}/keys"),
        await client.get(f"/customers/{mine}/keys/{key_id}"),
        await client.delete(f"/customers/{mine}/keys/{key_id}"),
        await client.get(f"/customers/{mine}/keys/k_none"),
        await client.delete(f"/customers/{mine}/keys/k_none"),
        await client.delete(f"/keys/{key_id}"),
        await client.get(f"/keys/{key_id}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 8
    assert (await client.get(f"/customers/{other}/keys/{key_id}")).json()["revoked_at"] is None


async def test_nobody_hands_out_more_than_he_holds(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)
    own = bearing(await a_key(client, customer_id, "keys:write", "orders:read"))

    answers = [
        await client.post(f"/customers/{customer_id}/keys", json={"scopes": scopes}, headers=own)
        for scopes in (["orders:read"], ["keys:write"], ["orders:write", "orders:read"])
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 403]
    assert answers[2].json()["type"] == "/problems/scopes-not-held"
    assert "orders:write." in answers[2].json()["detail"]


async def test_a_customer_keeps_its_own_keys_and_does_not_see_that_others_have_any(client: httpx.AsyncClient) -> None:
    customer_id, other = await a_customer(client), await a_customer(client)
    foreign = (await a_key(client, other, "orders:read")).partition(".")[0]
    own = bearing(await a_key(client, customer_id, "keys:write", "orders:read"))

    mine = await client.get(f"/customers/{customer_id}/keys", headers=own)
    others = [
        await client.get(f"/customers/{other}/keys", headers=own),
        await client.post(f"/customers/{other}/keys", json={"scopes": ["orders:read"]}, headers=own),
        await client.get(f"/customers/{other}/keys/{foreign}", headers=own),
        await client.delete(f"/customers/{other}/keys/{foreign}", headers=own),
    ]
    of_staff = [await client.get("/keys", headers=own), await client.post("/keys", json={"role": "agent"}, headers=own)]

    assert len(mine.json()["items"]) == 1
    assert [answer.status_code for answer in others] == [404] * 4
    assert [answer.status_code for answer in of_staff] == [403, 403]


async def test_a_customer_has_twenty_live_keys_at_most(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)

    answers = await asyncio.gather(*[client.post(f"/customers/{customer_id}/keys", json=READING) for _ in range(22)])

    refused = [answer for answer in answers if answer.status_code != 201]
    assert [answer.status_code for answer in refused] == [409, 409]
    assert refused[0].json()["type"] == "/problems/too-many-keys"
    one = next(answer.json()["key_id"] for answer in answers if answer.status_code == 201)
    await client.delete(f"/customers/{customer_id}/keys/{one}")
    assert (await client.post(f"/customers/{customer_id}/keys", json=READING)).status_code == 201


async def test_an_expired_key_opens_nothing_and_does_not_count(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    keys = [await a_key(client, customer_id, "customers:read") for _ in range(20)]
    past = f"UPDATE api_keys SET expires_at = now() - interval '1 second', changed_in = {THIS_TRANSACTION} WHERE customer_id = $1"
    await pool.execute(past, customer_id)

    new = await a_key(client, customer_id, "customers:read")

    statuses = [(await client.get(f"/customers/{customer_id}", headers=bearing(key))).status_code for key in (keys[0], new)]
    assert statuses == [401, 200]


async def test_keys_come_in_pages(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)
    mine = sorted([(await a_key(client, customer_id, "orders:read")).partition(".")[0] for _ in range(5)])
    seen: list[str] = []
    after: dict[str, str] = {}

    while True:
        page = (await client.get(f"/customers/{customer_id}/keys", params={"limit": "2", **after})).json()
        seen += [key["key_id"] for key in page["items"]]
        if not page["next"]:
            break
        after = {"after": page["next"]}

    assert seen == mine
    assert "hash" not in str(page)
    assert "secret" not in str(page)
