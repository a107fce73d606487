"""Reading with SQLAlchemy, beside the transactions that write."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.walls import limited_to

WAIT_SECONDS = 5.0
ANSWER_SECONDS = 35.0
_SESSION = {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "15s"}


def reader(url: str, size: int = 5) -> AsyncEngine:
    """The engine of `queries.py`: autocommit, reads only. A statement may take 30 s; who finds no connection free waits 5 s for one, and
    as long for a new one to be opened."""
    limits = {"timeout": WAIT_SECONDS, "command_timeout": ANSWER_SECONDS}
    pooled = engine(url, _SESSION, limits, pool_pre_ping=True, pool_size=size, pool_timeout=WAIT_SECONDS)
    return pooled.execution_options(isolation_level="AUTOCOMMIT")


def patient_reader(url: str) -> AsyncEngine:
    """Without limits of time and without a pool: for commands that read all there is."""
    return engine(url, poolclass=NullPool).execution_options(isolation_level="AUTOCOMMIT")


def engine(url: str, session: Mapping[str, str] | None = None, limits: Mapping[str, float] | None = None, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine for an address as asyncpg takes it: its query is `sslmode` and settings of the session."""
    address, _, query = url.replace("postgresql://", "postgresql+asyncpg://", 1).partition("?")
    settings = {**(session or {}), **dict(parse_qsl(query))}
    secured = {"ssl": settings.pop("sslmode")} if "sslmode" in settings else {}
    arguments = {"server_settings": settings, **(limits or {}), **secured}
    return create_async_engine(address, connect_args=arguments, hide_parameters=True, **options)


@asynccontextmanager
async def reading_of(engine: AsyncEngine, customer_id: str | None) -> AsyncIterator[AsyncConnection]:
    """A connection that reads: all rows, or those of one customer."""
    async with engine.connect() as connection:
        if customer_id is None:
            yield connection
            return
        async with _limited(connection, customer_id):
            yield connection


@asynccontextmanager
async def _limited(connection: AsyncConnection, customer_id: str) -> AsyncIterator[None]:
    """In a transaction of its own. A connection of which nobody knows whether that is over is not used again."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver
    try:
        await driver.execute(limited_to(customer_id))
        yield
    finally:
        try:
            await driver.execute("ROLLBACK")
        except BaseException:
            await connection.invalidate()
            raise
