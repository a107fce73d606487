import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from shared.crash import crash_point
from shared.endings import Insert, cut, lengths, statement
from shared.walls import limited_ending, limited_select, limited_to

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Row = asyncpg.Record
else:
    Connection, Pool, Row = asyncpg.pool.PoolConnectionProxy, asyncpg.Pool, asyncpg.Record

log = structlog.get_logger()

TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.PostgresSystemError,
)
"""Faults that pass by themselves: what failed with them is tried again, for ever where it is an event."""


def passes(error: BaseException) -> bool:
    """Is this a fault that passes by itself? A value that PostgreSQL cannot take is one of asyncpg's interface errors, but stays wrong."""
    return isinstance(error, TRANSIENT) and not isinstance(error, ValueError)


def what_passes(error: BaseException) -> BaseException | None:
    """The fault that passes by itself and became this error, whoever has wrapped it."""
    said: BaseException | None = error
    while said and not passes(said):
        said = said.__cause__
    return said


RETRIED_AT_ONCE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError)
"""Somebody else was quicker: the next try sees what they did."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is said: the event or request before it, and the first of the chain."""

    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None


class Causing(Protocol):
    """An event that was heard; its `cause` is only worked out where something is said because of it."""

    @property
    def cause(self) -> Cause: ...


@dataclass(slots=True)
class Transaction:
    """One database transaction that begins with its first statement; who opened it commits it.

    What is gathered is written by one statement just before the commit; when nothing but a glance came before it, that statement is
    the whole transaction. `causes` maps the Kafka key of an event to what caused it; events of other keys have `cause`.
    `customer_id` is whose rows alone it sees, on a connection that entered as a customer.
    """

    pool: Pool
    cause: Cause = field(default_factory=lambda: Cause(uuid7()))
    customer_id: str | None = None
    causes: Mapping[str, Causing] = field(default_factory=dict)
    _connection: Connection | None = None
    _begun: bool = False
    _now: datetime | None = None
    _gathered: dict[Insert, list[Sequence[Any]]] = field(default_factory=dict)
    _writing: asyncio.Task[str] | None = None

    async def _acquired(self) -> Connection:
        await self._written()
        if self._connection is None:
            self._connection = await self.pool.acquire(timeout=5)
        return self._connection

    async def connection(self) -> Connection:
        connection = await self._acquired()
        if not self._begun:
            await connection.execute("BEGIN" if self.customer_id is None else limited_to(self.customer_id))
            self._begun = True
        return connection

    @property
    def _limits_itself(self) -> bool:
        """Does a statement of its own have to say whose rows it sees?"""
        return self.customer_id is not None and not self._begun

    async def glance(self, sql: str, *values: Any) -> Row | None:
        """Read a row without beginning: for what the writes that follow check again, by a unique key."""
        if self._limits_itself:
            sql, values = limited_select(sql, len(values)), (*values, self.customer_id)
        return await (await self._acquired()).fetchrow(sql, *values)

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        return await (await self.connection()).fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        return await (await self.connection()).fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        return await (await self.connection()).fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        return await (await self.connection()).execute(sql, *values)

    def gather(self, insert: Insert, rows: Iterable[Sequence[Any]]) -> None:
        """Write these rows at the end of the transaction, together with all others."""
        self._gathered.setdefault(insert, []).extend(rows)

    async def flush(self) -> None:
        """Write now what was gathered, for who must see it, or its faults, before the end."""
        await self.connection()
        await self._write_gathered()

    async def write_behind(self) -> None:
        """Send what was gathered and go on while it is written; the next statement waits for it, and raises what went wrong with it."""
        connection = await self.connection()
        if any(self._gathered.values()):
            sql, values = statement(self._gathered)
            self._gathered.clear()
            self._writing = asyncio.create_task(connection.execute(sql, *values))
            await asyncio.sleep(0)

    async def _written(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            await writing

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
        try:
            crash_point("transaction.before_writing")
            await self._written()
            await self._write_gathered()
            if self._begun:
                crash_point("transaction.written")
                await self._last("COMMIT")
            crash_point("transaction.committed")
        except BaseException:
            await self.rollback()
            raise
        await self._release()

    async def rollback(self) -> None:
        """Leaves nothing behind, whatever state the connection is in: one that cannot roll back is thrown away."""
        self._gathered.clear()
        connection = self._connection
        try:
            await self._abandoned()
            if self._begun and connection and not _is_lost(connection):
                await connection.execute("ROLLBACK")
        except TRANSIENT as error:
            log.warning("database.connection_dropped", error=repr(error))
            if connection:
                with suppress(*TRANSIENT):
                    connection.terminate()
        finally:
            await self._release()

    async def _abandoned(self) -> None:
        """What was still being written is of no interest any more, nor is what went wrong with it."""
        with suppress(Exception):
            await self._written()

    async def _write_gathered(self) -> None:
        if any(self._gathered.values()):
            sql, values = statement(self._gathered)
            if self._limits_itself:
                sql, values = limited_ending(sql, len(values)), [*values, self.customer_id]
            await (await self._acquired()).execute(sql, *values)
        self._gathered.clear()

    async def _last(self, end: str) -> None:
        if self._connection is None or _is_lost(self._connection):
            raise asyncpg.ConnectionDoesNotExistError("The connection was lost before the commit.")
        await self._connection.execute(end)

    async def _release(self) -> None:
        connection, self._connection, self._begun, self._now = self._connection, None, False, None
        if connection is not None:
            await self.pool.release(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        kept = lengths(self._gathered)
        await self.execute("SAVEPOINT here")
        try:
            yield
        except BaseException:
            cut(self._gathered, kept)
            await self._abandoned()
            if self._connection and not _is_lost(self._connection):
                await self.execute("ROLLBACK TO SAVEPOINT here")
            raise
        await self.execute("RELEASE SAVEPOINT here")


def _is_lost(connection: Connection) -> bool:
    """What was lost went back to the pool by itself, and cannot even be asked any more."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


@asynccontextmanager
async def transaction(pool: Pool, cause: Cause | None = None) -> AsyncIterator[Transaction]:
    """Commits at the end, rolls back on any exception; for the places that may commit."""
    tx = Transaction(pool, cause) if cause else Transaction(pool)
    try:
        yield tx
    except BaseException:
        await tx.rollback()
        raise
    crash_point("transaction.ending")
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


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows turned into `width` columns, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
