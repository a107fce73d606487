from collections.abc import AsyncIterator
from itertools import count

import pytest
from shared.database import open_pool, transaction
from shared.outbox import make_leaves
from shared.postgres_log import make_topics
from shared.tables import add_plumbing
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.postgres import Postgres
from tests.shared.plumbing import TOPICS, World, metadata

_numbers = count()


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    """A database with everything in it, to copy for each test."""
    add_plumbing(metadata)
    postgres.create_database("plumbing")
    engine = create_async_engine(postgres.url("plumbing").replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    await make_topics(postgres.url("plumbing"), TOPICS)
    pool = await open_pool(postgres.url("plumbing"), 1)
    async with transaction(pool) as tx:
        await make_leaves(tx)
    await pool.close()
    return "plumbing"


@pytest.fixture
async def world(postgres: Postgres, template: str) -> AsyncIterator[World]:
    name = f"plumbing_{next(_numbers)}"
    admin = await open_pool(postgres.url("postgres"), 1)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    made = World(await open_pool(postgres.url(name), 8), postgres.url(name))
    yield made
    for bus in made.buses:
        await bus.close()
    await made.pool.close()
    await admin.execute(f"DROP DATABASE {name}")
    await admin.close()
