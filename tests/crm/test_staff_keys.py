"""Keys of our own people: roles, the key of the settings, the first key of an installation."""

import asyncio
import os
import subprocess
import sys
import time

import httpx
import pytest
from shared.database import Pool
from shared.roles import SCOPES_OF, StaffRole
from shared.scopes import FOR_CUSTOMERS, SCOPES

from tests.conftest import OPERATOR_KEY
from tests.crm.builders import a_customer, a_key, bearing

OPERATOR_ID = OPERATOR_KEY.partition(".")[0]


async def staff_key(client: httpx.AsyncClient, role: str) -> str:
    answer = await client.post("/keys", json={"role": role})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


@pytest.mark.parametrize(("role", "scopes"), SCOPES_OF.items())
def test_a_role_is_a_set_of_scopes_that_exist(role: StaffRole, scopes: frozenset[str]) -> None:
    assert scopes
    assert scopes == {"*"} or scopes <= set(SCOPES)
    assert "admin" not in scopes


def test_a_role_for_every_kind_of_work() -> None:
    assert set(SCOPES_OF) == set(StaffRole)
    assert SCOPES_OF[StaffRole.OPERATOR] >= FOR_CUSTOMERS - {"erasures:write"}
    assert all(scope.endswith(":read") for scope in SCOPES_OF[StaffRole.ANALYST])


async def test_a_staff_key_may_do_what_its_role_says_for_all_customers(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)
    agent, analyst = bearing(await staff_key(client, "agent")), bearing(await staff_key(client, "analyst"))
    profile = {"name": "New name"}

    statuses = [
        (await client.put(f"/customers/{customer_id}", json=profile, headers=agent)).status_code,
        (await client.put(f"/customers/{customer_id}", json=profile, headers=analyst)).status_code,
        (await client.get(f"/customers/{customer_id}", headers=analyst)).status_code,
        (await client.get("/keys", headers=agent)).status_code,
        (await client.post(f"/customers/{customer_id}/keys", json={"scopes": ["orders:read"]}, headers=agent)).status_code,
    ]

    assert statuses == [200, 403, 200, 403, 403]


async def test_an_admins_key_makes_keys_and_lists_those_of_staff_alone(client: httpx.AsyncClient) -> None:
    admin = bearing(await staff_key(client, "admin"))
    customers = (await a_key(client, await a_customer(client), "orders:read")).partition(".")[0]

    made = await client.post("/keys", json={"role": "dispatcher", "label": "Yard"}, headers=admin)

    assert made.status_code == 201
    shown = (await client.get(f"/keys/{made.json()['key_id']}", headers=admin)).json()
    assert (shown["role"], shown["label"], shown["from_settings"]) == ("dispatcher", "Yard", False)
    assert shown["scopes"] == sorted(SCOPES_OF[StaffRole.DISPATCHER])
    listed = {key["key_id"]: key["role"] for key in (await client.get("/keys", params={"limit": 200}, headers=admin)).json()["items"]}
    assert listed[OPERATOR_ID] == "admin"
    assert listed[shown["key_id"]] == "dispatcher"
    assert customers not in listed


async def test_a_staff_key_is_revoked_and_dead_at_once(client: httpx.AsyncClient) -> None:
    key = await staff_key(client, "admin")

    answers = [await client.delete(f"/keys/{key.partition('.')[0]}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (await client.get("/keys", headers=bearing(key))).status_code == 401


async def test_the_key_of_the_settings_cannot_be_deleted(client: httpx.AsyncClient) -> None:
    answer = await client.delete(f"/keys/{OPERATOR_ID}")

    assert answer.status_code == 409
    assert "LSC_OPERATOR_KEY" in answer.json()["detail"]
    assert (await client.get("/keys")).status_code == 200


async def test_keys_of_staff_stand_in_nobodys_timeline_but_are_said(client: httpx.AsyncClient, pool: Pool) -> None:
    key_id = (await staff_key(client, "agent")).partition(".")[0]

    said = await pool.fetchrow("SELECT key, customer_id FROM outbox WHERE aggregate = $1", f"api_key/{key_id}")

    assert said
    assert tuple(said) == ("/staff", "/staff")
    assert (await client.put("/customers/%2Fstaff", json={"name": "Nobody"})).status_code == 404


def command(database: str, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"DATABASE_URL": database}
    return subprocess.run([sys.executable, "-m", "crm", "keys", *words], env=environment, capture_output=True, text=True, check=False)


async def test_the_first_key_comes_from_the_command_line(client: httpx.AsyncClient, database: str, pool: Pool) -> None:
    customer_id = await a_customer(client)

    staff = command(database, "issue", "--role", "admin", "--label", "First")
    customers = command(database, "issue", "--customer", customer_id, "--scopes", "customers:read,cases:read", "--expires-in", "90d")

    assert [staff.returncode, customers.returncode] == [0, 0], staff.stderr + customers.stderr
    await opens(client, "/keys", staff.stdout.strip())
    await opens(client, f"/customers/{customer_id}", customers.stdout.strip())
    key_id = customers.stdout.partition(".")[0]
    assert await pool.fetchval(
        "SELECT count(*) FROM outbox_pending JOIN outbox USING (id, created_at) WHERE aggregate = $1", f"api_key/{key_id}"
    )
    assert customers.stdout.strip() not in customers.stderr
    assert f"customer {customer_id}" in customers.stderr


async def opens(client: httpx.AsyncClient, path: str, key: str) -> None:
    """The API reads what has changed every two seconds."""
    deadline = time.monotonic() + 30
    while (status := (await client.get(path, headers=bearing(key))).status_code) != 200:
        assert time.monotonic() < deadline, status
        await asyncio.sleep(0.5)


async def test_keys_are_listed_and_revoked_by_the_command_line(client: httpx.AsyncClient, database: str) -> None:
    customer_id = await a_customer(client)
    key = await a_key(client, customer_id, "orders:read")
    key_id, _, secret = key.partition(".")

    before = command(database, "list", "--customer", customer_id)
    revoked = [command(database, "revoke", key_id) for _ in range(2)]
    after = command(database, "list")

    assert [line.split("\t")[:3] for line in before.stdout.splitlines()[1:]] == [[key_id, customer_id, "orders:read"]]
    assert [done.returncode for done in revoked] == [0, 0]
    assert "before" in revoked[1].stderr
    [line] = [line.split("\t") for line in after.stdout.splitlines() if line.startswith(key_id)]
    assert line[6] != "-"
    assert secret not in before.stdout + after.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["issue", "--customer", "NOBODY-HERE", "--scopes", "orders:read"], "There is no customer NOBODY-HERE."),
        (["issue", "--customer", "C-1", "--scopes", "admin"], "is for staff alone"),
        (["issue", "--customer", "C-1"], "scopes: "),
        (["issue", "--role", "agent", "--expires-in", "soon"], "--expires-in is written like 12h or 90d"),
        (["revoke", "k_none"], "There is no key k_none"),
        (["revoke", OPERATOR_ID], "LSC_OPERATOR_KEY"),
    ],
)
def test_what_the_command_line_cannot_do_is_said_in_a_sentence(
    client: httpx.AsyncClient, database: str, words: list[str], said: str
) -> None:
    done = command(database, *words)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
