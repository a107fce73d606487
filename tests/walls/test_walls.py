"""Every table with a customer's rows keeps customers apart, by itself, whatever the statement asks for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import asyncpg
import pytest
from shared.walls import Role, entered_as

from tests.walls.holes import ENCLOSED, holes

DatabaseOf = Callable[[str], str]


async def test_customers_are_kept_apart_in_every_table(url: str, package: str) -> None:
    assert await holes(url, package) == []


@pytest.mark.parametrize("package", ["order_intake"])
async def test_tables_are_asked_beside_a_vacuum(url: str, package: str) -> None:
    """As the server does by itself: it holds a table, and waits for who has changed its row in the catalogue."""
    vacuuming = asyncio.create_task(_vacuum(entered_as(url, package, Role.OWNER)))
    try:
        found = [await holes(url, package) for _ in range(5)]
    finally:
        vacuuming.cancel()
    with suppress(asyncio.CancelledError):
        await vacuuming
    assert found == [[]] * 5


async def _vacuum(url: str) -> None:
    owner = await asyncpg.connect(url)
    try:
        while True:
            await owner.execute("VACUUM")
    finally:
        await owner.close()


MUTATIONS = {
    "without its policy for customers": "DROP POLICY customer ON {table}",
    "with a policy that lets everything through": "ALTER POLICY customer ON {table} USING (true)",
    "with row security off": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "not forced": "ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
    "without its policy for everyone else": "DROP POLICY everyone ON {table}",
}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
async def test_a_table_with_a_broken_wall_is_found(url: str, package: str, mutation: str) -> None:
    """Each table in turn, in a copy of the walls that is mended again."""
    owner = await asyncpg.connect(entered_as(url, package, Role.OWNER))
    tables = [row["name"] for row in await owner.fetch(ENCLOSED, Role.CUSTOMER.of(package)) if not row["is_leaf"]]
    try:
        for table in tables:
            before = await _policies(owner, table)
            await owner.execute(mutation.format(table=table))
            try:
                assert await holes(url, package, table), table
            finally:
                await _mended(owner, table, before)
    finally:
        await owner.close()
    assert len(tables) >= 6
    assert await holes(url, package) == []


async def _policies(owner: asyncpg.Connection, table: str) -> list[asyncpg.Record]:
    return await owner.fetch("SELECT policyname, roles::text[], qual FROM pg_policies WHERE tablename = $1", table)


async def _mended(owner: asyncpg.Connection, table: str, policies: list[asyncpg.Record]) -> None:
    for policy in policies:
        await owner.execute(f"DROP POLICY IF EXISTS {policy['policyname']} ON {table}")
        await owner.execute(f"CREATE POLICY {policy['policyname']} ON {table} TO {', '.join(policy['roles'])} USING ({policy['qual']})")
    await owner.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


async def test_no_role_of_a_service_passes_by_the_walls(url: str, package: str) -> None:
    login = await asyncpg.connect(url)
    roles = [package, *(role.of(package) for role in Role)]
    rows = await login.fetch("SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = ANY($1)", roles)
    await login.close()

    assert {row["rolname"] for row in rows} == set(roles)
    assert not any(row["rolsuper"] or row["rolbypassrls"] or row["rolcreaterole"] for row in rows)


async def test_a_login_without_a_role_has_no_rights(url: str, package: str) -> None:
    login = await asyncpg.connect(url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await login.fetch("SELECT * FROM outbox")
    await login.close()


async def test_a_login_enters_no_other_services_database(url: str, package: str, database_of: DatabaseOf) -> None:
    other = "kpi" if package != "kpi" else "crm"
    with ThreadPoolExecutor(1) as threads:
        threads.submit(database_of, other).result()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url.rpartition("/")[0] + f"/{other}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(entered_as(url, other, Role.STAFF))


UNREACHABLE = ("progress", "waiting", "consumer_offsets", "relay_lease")


@pytest.mark.parametrize("table", UNREACHABLE)
async def test_the_plumbing_is_out_of_customers_reach(url: str, package: str, table: str) -> None:
    customer = await asyncpg.connect(entered_as(url, package, Role.CUSTOMER))
    await customer.execute("SET app.customer_id = 'ACME'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await customer.fetch(f"SELECT * FROM {table}")
    await customer.close()


async def test_a_customer_says_events_but_reads_none(url: str, package: str) -> None:
    customer = await asyncpg.connect(entered_as(url, package, Role.CUSTOMER))
    await customer.execute("SET app.customer_id = 'ACME'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await customer.fetch("SELECT body FROM outbox")
    await customer.close()
