"""Reading with SQLAlchemy, beside the transactions that write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.walls import limited_to


def reader(url: str, size: int = 5) -> AsyncEngine:
    """The engine of `queries.py`: autocommit, reads only."""
    return engine(url, pool_size=size, pool_pre_ping=True).execution_options(isolation_level="AUTOCOMMIT")


def engine(url: str, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine for an address as asyncpg takes it: its query is `sslmode` and settings of the session."""
    address, _, query = url.replace("postgresql://", "postgresql+asyncpg://", 1).partition("?")
    settings = dict(parse_qsl(query))
    secured = {"ssl": settings.pop("sslmode")} if "sslmode" in settings else {}
    return create_async_engine(address, connect_args={"server_settings": settings, **secured}, **options)


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
