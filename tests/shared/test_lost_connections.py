"""A connection that PostgreSQL closes amid a transaction: the caller hears what went wrong first, nothing stays, and the pool goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import pytest
from shared.database import Pool, Transaction, open_pool, passes, transaction
from shared.walls import Role, entered_as

from tests.shared.plumbing import PACKAGE, Refusal, World, until

if TYPE_CHECKING:
    Database = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection
Work = Callable[[Transaction, Database], Awaitable[None]]


@pytest.fixture
async def pool(world: World) -> AsyncIterator[Pool]:
    """Of one connection: whoever keeps it leaves none for the next."""
    async with await open_pool(entered_as(world.url, PACKAGE, Role.WORKER), 1) as made:
        yield made


@pytest.fixture
async def stranger(world: World) -> AsyncIterator[Database]:
    made = await asyncpg.connect(world.url)
    yield made
    await made.close()


async def lose(tx: Transaction, stranger: Database) -> None:
    """Closed in the middle of a statement."""
    backend = await tx.fetchval("SELECT pg_backend_pid()")
    statement = asyncio.create_task(tx.execute("SELECT pg_sleep(25)"))

    async def is_at_it() -> bool:
        return await stranger.fetchval("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1", backend) is True

    await until(is_at_it)
    await stranger.execute("SELECT pg_terminate_backend($1)", backend)
    await statement


async def lose_and_refuse(tx: Transaction, stranger: Database) -> None:
    try:
        await lose(tx, stranger)
    except asyncpg.PostgresConnectionError:
        raise Refusal("This is why.") from None


async def lose_and_refuse_behind_a_savepoint(tx: Transaction, stranger: Database) -> None:
    async with tx.savepoint():
        await lose_and_refuse(tx, stranger)


@pytest.mark.parametrize(
    ("work", "first"),
    [(lose, asyncpg.ConnectionDoesNotExistError), (lose_and_refuse, Refusal), (lose_and_refuse_behind_a_savepoint, Refusal)],
)
async def test_the_first_error_reaches_the_caller_and_the_pool_goes_on(
    world: World, pool: Pool, stranger: Database, work: Work, first: type[Exception]
) -> None:
    with pytest.raises(first):
        async with transaction(pool) as tx:
            await tx.execute("INSERT INTO effects (said) VALUES ('before')")
            await work(tx, stranger)

    async with transaction(pool) as tx:
        await tx.execute("INSERT INTO effects (said) VALUES ('after')")
    assert [row["said"] for row in await world.pool.fetch("SELECT said FROM effects")] == ["after"]


@pytest.mark.parametrize("error", [asyncpg.ReadOnlySQLTransactionError, asyncpg.InvalidCachedStatementError, asyncpg.PostgresIOError])
def test_a_failover_a_migration_beside_us_and_a_disk_pass_by_themselves(error: type[Exception]) -> None:
    assert passes(error("of this moment"))
