from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Row = asyncpg.Record
else:
    Connection, Pool, Row = asyncpg.pool.PoolConnectionProxy, asyncpg.Pool, asyncpg.Record

TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""Faults that pass by themselves: what failed with them is tried again, for ever where it is an event."""


def passes(error: BaseException) -> bool:
    """Is this a fault that passes by itself? A value that PostgreSQL cannot take is one of asyncpg's interface errors, but stays wrong."""
    return isinstance(error, TRANSIENT) and not isinstance(error, ValueError)


RETRIED_AT_ONCE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is said: the event or request before it, and the first of the chain."""

    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None


@dataclass(slots=True)
class Transaction:
    """One database transaction that begins with its first statement; who opened it commits it.

    `causes` maps the Kafka key of an event to what caused it; events of other keys have `cause`.
    """

    pool: Pool
    cause: Cause = field(default_factory=lambda: Cause(uuid7()))
    causes: Mapping[str, Cause] = field(default_factory=dict)
    _connection: Connection | None = None
    _now: datetime | None = None

    async def connection(self) -> Connection:
        if self._connection is None:
            connection = await self.pool.acquire(timeout=5)
            try:
                await connection.execute("BEGIN")
            except BaseException:
                await self.pool.release(connection)
                raise
            self._connection = connection
        return self._connection

    async def fetch(self, sql: str, *values: Any) -> list[Row]:  # what asyncpg takes
        return await (await self.connection()).fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        return await (await self.connection()).fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        return await (await self.connection()).fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        return await (await self.connection()).execute(sql, *values)

    async def now(self) -> datetime:
        """The database's clock at the beginning of the transaction: the time of our own decisions."""
        if self._now is None:
            self._now = await self.fetchval("SELECT now()")
        assert self._now is not None
        return self._now

    def saw_now(self, now: datetime) -> None:
        """A statement has brought the database's clock along, so that `now` need not ask."""
        self._now = now

    async def commit(self) -> None:
        await self._end("COMMIT")

    async def rollback(self) -> None:
        await self._end("ROLLBACK")

    async def _end(self, statement: str) -> None:
        connection, self._connection, self._now = self._connection, None, None
        if connection is None:
            return
        try:
            if not connection.is_closed():
                await connection.execute(statement)
            elif statement == "COMMIT":
                raise asyncpg.ConnectionDoesNotExistError("The connection was lost before the commit.")
        finally:
            await self.pool.release(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        await self.execute("SAVEPOINT here")
        try:
            yield
        except BaseException:
            if self._connection and not self._connection.is_closed():
                await self.execute("ROLLBACK TO SAVEPOINT here")
            raise
        await self.execute("RELEASE SAVEPOINT here")


@asynccontextmanager
async def transaction(pool: Pool, cause: Cause | None = None) -> AsyncIterator[Transaction]:
    """Commits at the end, rolls back on any exception; for the places that may commit."""
    tx = Transaction(pool, cause) if cause else Transaction(pool)
    try:
        yield tx
    except BaseException:
        await tx.rollback()
        raise
    await tx.commit()


_SESSION = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",
    # Every statement of commands and handlers goes by an index, whatever a young table's statistics say, and is planned once.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
}


async def open_pool(url: str, size: int, *, settings: Mapping[str, str] | None = None) -> Pool:
    """Opens with `size` connections at most; a statement may take 30 s, an idle transaction 15 s."""
    return await asyncpg.create_pool(
        url, min_size=1, max_size=size, server_settings={**_SESSION, **(settings or {})}, command_timeout=35, reset=_left_clean
    )


async def _left_clean(connection: object) -> None:
    """Nothing to reset: who takes a connection ends its transaction and sets nothing for the session. Saves a round trip a request."""


def reader(url: str, size: int = 5) -> AsyncEngine:
    """The engine of `queries.py`: autocommit, reads only."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=size, pool_pre_ping=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned into `width` columns, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
