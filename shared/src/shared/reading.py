"""Reading with SQLAlchemy, beside the transactions that write."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.walls import limited_to

WAIT_SECONDS = 5.0


def reader(url: str, size: int = 5) -> AsyncEngine:
    """The engine of `queries.py`: autocommit, reads only. A statement may take 30 s, and who finds no connection free waits 5 s for one."""
    limits = {"pool_size": size, "pool_timeout": WAIT_SECONDS, "command_timeout": 35.0}
    return engine(url, {"statement_timeout": "30s"}, pool_pre_ping=True, **limits).execution_options(isolation_level="AUTOCOMMIT")


def engine(url: str, session: Mapping[str, str] | None = None, *, command_timeout: float | None = None, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine for an address as asyncpg takes it: its query is `sslmode` and settings of the session."""
    address, _, query = url.replace("postgresql://", "postgresql+asyncpg://", 1).partition("?")
    settings = {**(session or {}), **dict(parse_qsl(query))}
    secured = {"ssl": settings.pop("sslmode")} if "sslmode" in settings else {}
    arguments = {"server_settings": settings, "command_timeout": command_timeout, **secured}
    return create_async_engine(address, connect_args=arguments, hide_parameters=True, **options)


@asynccontextmanager
async def reading_of(engine: AsyncEngine, customer_id: str | None) -> AsyncIterator[AsyncConnection]:
    """A connection that reads: all rows, or those of one customer."""
    async with engine.connect() as connection:
        if customer_id is None:
            yield connection
            return
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        await driver.execute(limited_to(customer_id))
        try:
            yield connection
        finally:
            await driver.execute("ROLLBACK")
