"""Migrations find every row, before the walls stand and after."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from shared.migrations import config
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
