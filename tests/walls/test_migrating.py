"""Migrations find every row, before the walls stand and after, and get along with whoever is there."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from shared.migrations import config, head, migrate
from shared.walls import Role, entered_as

from deploy.local.postgres import Postgres

_ORDERS = """
INSERT INTO orders (order_id, customer_id, customer_reference, fingerprint, status, service_level, allow_partial, submitted_at, received_at,
    ship_to, open_holds, event_version)
SELECT gen_random_uuid(), customer, 'R-1', '', 'received', 'standard', false, now(), now(), '{}', 1, 1 FROM unnest($1::text[]) AS customer
"""
_BELOW = (
    "INSERT INTO order_lines (order_id, line_no, sku, ordered, waiting) SELECT order_id, 1, 'SKU-1', 1, 1 FROM orders",
    "INSERT INTO order_history (order_id, at, what) SELECT order_id, now(), 'received' FROM orders",
    "INSERT INTO holds (hold_id, order_id, reason, placed_at) SELECT gen_random_uuid(), order_id, 'credit', now() FROM orders",
    "INSERT INTO reservations (order_id, warehouse, line_no, quantity) SELECT order_id, 'SH', 1, 1 FROM orders",
)
CUSTOMERS = ["ACME", "LANTERN"]


@pytest.fixture
def owner(postgres: Postgres) -> Iterator[str]:
    """The address of an empty database, as its owner enters it."""
    name = f"old_{uuid4().hex[:8]}"
    postgres.create_service("order_intake", name)
    yield entered_as(postgres.url(name, "order_intake"), "order_intake", Role.OWNER)
    postgres._psql(f"DROP DATABASE {name}")


async def to(version: str, url: str) -> None:
    with ThreadPoolExecutor(1) as threads:
        threads.submit(command.upgrade, config("order_intake", url), version).result()


async def test_rows_of_an_older_database_are_given_their_customer(owner: str) -> None:
    await to("0001", owner)
    old = await asyncpg.connect(owner)
    await old.execute(_ORDERS, CUSTOMERS)
    for statement in _BELOW:
        await old.execute(statement)
    await old.close()

    await to("head", owner)

    now = await asyncpg.connect(owner)
    for table in ("order_lines", "order_history", "holds", "reservations"):
        right = f"SELECT count(*) FROM {table} JOIN orders USING (order_id, customer_id)"
        assert await now.fetchval(right) == len(CUSTOMERS), table
    await now.close()


async def test_a_later_migration_of_data_finds_every_row_though_its_owner_is_not_exempt(owner: str) -> None:
    await to("head", owner)
    migrating = await asyncpg.connect(owner)
    await migrating.execute(_ORDERS, CUSTOMERS)
    forced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'orders'::regclass"

    changed = await migrating.execute("UPDATE orders SET service_level = 'express'")

    assert (await migrating.fetchval(forced), changed) == (True, f"UPDATE {len(CUSTOMERS)}")
    await migrating.close()


async def test_there_is_a_way_back_to_the_first_version(owner: str) -> None:
    await to("head", owner)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(command.downgrade, config("order_intake", owner), "0001").result()
    await to("head", owner)


async def test_of_those_who_migrate_at_once_one_does_it_and_the_others_wait(owner: str) -> None:
    command, address = (sys.executable, "-m", "order_intake", "migrate"), {"DATABASE_URL": owner.partition("?")[0]}
    first = await asyncpg.connect(owner)
    await first.execute("SELECT pg_advisory_lock(hashtext('migrations'))")
    others = [await asyncio.create_subprocess_exec(*command, env=os.environ | address, stderr=PIPE) for _ in range(2)]
    assert ["Somebody else migrates" in (await _said(each)) for each in others] == [True, True]
    assert await first.fetchval("SELECT to_regclass('alembic_version')") is None

    await first.execute("SELECT pg_advisory_unlock(hashtext('migrations'))")

    assert [await each.wait() for each in others] == [0, 0]
    entries = await first.fetch("SELECT subject FROM audit WHERE action = 'migrate'")
    assert len(entries) == len(set(entries)) > 0
    await first.close()


async def _said(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    return (await asyncio.wait_for(process.stderr.readline(), 60)).decode()


@pytest.mark.parametrize(("version", "table"), [("0001", "order_lines"), ("head", "outbox")], ids=["a step", "the leaves"])
async def test_who_uses_a_table_is_waited_for_and_nobody_queues_behind_for_long(owner: str, version: str, table: str) -> None:
    await to(version, owner)
    async with _beside_a_reader(owner, table) as (_, other, migrating):
        await asyncio.wait_for(other.execute(f"SELECT FROM {table}"), 15)
        assert not migrating.done()


async def test_who_takes_tables_in_another_order_is_no_fault(owner: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It waits for what the migration has taken. Who waits for longer gives way: the migration, unless this test stood still."""
    is_victim = False
    await to("0001", owner)
    async with _beside_a_reader(owner, "holds") as (reader, _, _):
        try:
            await asyncio.wait_for(reader.execute("SELECT FROM order_lines"), 15)
        except asyncpg.DeadlockDetectedError:
            is_victim = True
    assert is_victim or "Somebody is in the way (" in capfd.readouterr().err


_IS_WAITED_FOR = """
SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE NOT granted AND relation = $1::regclass AND datname = current_database())
"""
Beside = tuple[asyncpg.Connection, asyncpg.Connection, "asyncio.Task[None]"]


@asynccontextmanager
async def _beside_a_reader(owner: str, table: str) -> AsyncIterator[Beside]:
    """A migration that waits for the table, of which a reader has just read; it comes to its end when the reader does."""
    reader, other = await asyncpg.connect(owner), await asyncpg.connect(owner)
    await reader.execute(f"BEGIN; SELECT FROM {table}")
    migrating = asyncio.create_task(asyncio.to_thread(migrate, "order_intake", owner))
    try:
        async with asyncio.timeout(30):
            while not await other.fetchval(_IS_WAITED_FOR, table):
                await asyncio.sleep(0.02)
        yield reader, other, migrating
    finally:
        await asyncio.gather(reader.close(), other.close(), migrating)
    now = await asyncpg.connect(owner)
    assert await now.fetchval("SELECT version_num FROM alembic_version") == head("order_intake")
    await now.close()
