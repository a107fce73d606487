"""When a key was used last: noted in memory, written once a minute and when the process leaves."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from shared.database import Pool
from shared.service import Service

from tests.conftest import serving
from tests.crm.builders import a_customer, a_key, bearing


async def uses(client: httpx.AsyncClient, customer_id: str) -> dict[str, str | None]:
    answer = await client.get("/key-uses", params={"customer_id": customer_id})
    assert answer.status_code == 200, answer.text
    return {use["key_id"]: use["last_used_at"] for use in answer.json()["items"]}


async def test_the_last_use_is_written_when_the_process_leaves(client: httpx.AsyncClient, service: Service, database: str) -> None:
    customer_id = await a_customer(client)
    used, unused = sorted([await a_key(client, customer_id, "cases:read") for _ in range(2)])

    async with serving(service, database) as another:
        assert (await another.get("/cases", headers=bearing(used))).status_code == 200
        assert set((await uses(client, customer_id)).values()) == {None}

    seen = await uses(client, customer_id)
    at = seen[used.partition(".")[0]]
    assert at
    assert datetime.now(UTC) - datetime.fromisoformat(at) < timedelta(minutes=1)
    assert seen[unused.partition(".")[0]] is None
    shown = (await client.get(f"/customers/{customer_id}/keys/{used.partition('.')[0]}")).json()
    assert shown["last_used_at"] == at


async def test_the_last_use_is_written_every_minute(
    client: httpx.AsyncClient, service: Service, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.key_watch.USES_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("shared.key_watch.EVERY_SECONDS", 0.05)
    customer_id = await a_customer(client)
    key = await a_key(client, customer_id, "cases:read")

    async with serving(service, database) as another:
        assert (await another.get("/cases", headers=bearing(key))).status_code == 200
        deadline = time.monotonic() + 30
        while not (await uses(client, customer_id))[key.partition(".")[0]]:
            assert time.monotonic() < deadline, "nothing was written"
            await asyncio.sleep(0.05)


async def test_calls_write_nothing(client: httpx.AsyncClient, service: Service, database: str, pool: Pool) -> None:
    customer_id = await a_customer(client)
    key = await a_key(client, customer_id, "cases:read")
    version = "SELECT xmin::text FROM api_keys WHERE key_id = $1"
    before = await pool.fetchval(version, key.partition(".")[0])

    async with serving(service, database) as another:
        for _ in range(50):
            await another.get("/cases", headers=bearing(key))
        assert await pool.fetchval(version, key.partition(".")[0]) == before


async def test_uses_are_for_admins_and_come_in_pages(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)
    mine = sorted([(await a_key(client, customer_id, "keys:write")) for _ in range(3)])

    refused = await client.get("/key-uses", headers=bearing(mine[0]))
    first = (await client.get("/key-uses", params={"customer_id": customer_id, "limit": 2})).json()
    rest = (await client.get("/key-uses", params={"customer_id": customer_id, "after": first["next"]})).json()

    assert refused.status_code == 403
    assert [use["key_id"] for use in first["items"] + rest["items"]] == [key.partition(".")[0] for key in mine]
    assert rest["next"] is None
    assert (await client.get("/key-uses", params={"after": "\x00"})).status_code == 422
