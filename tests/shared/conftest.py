from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from uuid import uuid4

import pytest
from shared.database import open_pool
from shared.migrations import keep_leaves
from shared.postgres_log import make_topics
from shared.reading import engine
from shared.walls import Role, enclose, entered_as, let_customers_say, open_to_customers, open_to_serving
from sqlalchemy import text

from deploy.local.postgres import Postgres
from deploy.local.postgres_settings import LOGIN
from tests.shared.clock import Clock
from tests.shared.plumbing import PACKAGE, TOPICS, World, metadata

ENCLOSED = ("api_keys", "audit", "idempotency_keys", "outbox")
CUSTOMERS_MAY = {"effects": "SELECT, INSERT", "SEQUENCE effects_id_seq": "USAGE", "audit": "INSERT"}
_numbers = count()


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    """A database with everything in it, to copy for each test."""
    name = f"plumbing_{uuid4().hex[:12]}"
    postgres.create_service(PACKAGE, name)
    postgres._psql(f"GRANT {Role.OWNER.of(PACKAGE)} TO {LOGIN}")
    url = entered_as(postgres.url(name, PACKAGE), PACKAGE, Role.OWNER)
    owner = engine(url)
    async with owner.begin() as connection:
        await connection.run_sync(metadata.create_all)
        rights = (*open_to_serving(PACKAGE), *let_customers_say(PACKAGE), *open_to_customers(PACKAGE, CUSTOMERS_MAY))
        for statement in (*rights, *enclose(PACKAGE, ENCLOSED)):
            await connection.execute(text(statement))
    await owner.dispose()
    await make_topics(url, TOPICS)
    await keep_leaves(url)
    return name


@asynccontextmanager
async def _a_world(postgres: Postgres, template: str) -> AsyncIterator[World]:
    name = f"{template}_{next(_numbers)}"
    admin = await open_pool(postgres.url("postgres"), 1)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {Role.OWNER.of(PACKAGE)} STRATEGY file_copy")
    url = postgres.url(name, PACKAGE)
    made = World(await open_pool(entered_as(url, PACKAGE, Role.WORKER), 8), url)
    yield made
    for bus in made.buses:
        await bus.close()
    await made.pool.close()
    await admin.execute(f"DROP DATABASE {name}")
    await admin.close()


@pytest.fixture
async def world(postgres: Postgres, template: str) -> AsyncIterator[World]:
    async with _a_world(postgres, template) as made:
        yield made


@pytest.fixture(scope="module")
async def common_world(postgres: Postgres, template: str) -> AsyncIterator[World]:
    """For tests that look at answers only."""
    async with _a_world(postgres, template) as made:
        yield made


@pytest.fixture
def relays_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """By which all relays of a test decide when to ask for a lease and when to renew theirs."""
    clock = Clock()
    monkeypatch.setattr("shared.relay.monotonic", clock)
    return clock
