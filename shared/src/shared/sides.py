"""The two sides of the API before its database: staff's, and the customers', where a transaction sees the rows of one customer."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.auth import Caller
from shared.database import Cause, Pool, Transaction, open_pool
from shared.reading import reader, reading_of
from shared.settings import Settings
from shared.walls import Role

LOCK_TIMEOUT = "2s"
"""How long a request waits for what another one holds."""


@dataclass(frozen=True, slots=True)
class Side:
    """Connections of one role, for commands and for queries."""

    pool: Pool
    reader: AsyncEngine

    @classmethod
    async def open(cls, settings: Settings, package: str, role: Role) -> Self:
        url = settings.database(package, role)
        return cls(await open_pool(url, settings.pool_size, settings={"lock_timeout": LOCK_TIMEOUT}), reader(url))

    async def close(self) -> None:
        await self.reader.dispose()
        await self.pool.close()


@dataclass(frozen=True, slots=True)
class Sides:
    """A role's connections never serve another's: nothing to reset, and every plan is made for one role."""

    staff: Side
    customers: Side

    @classmethod
    async def open(cls, settings: Settings, package: str) -> Self:
        return cls(await Side.open(settings, package, Role.STAFF), await Side.open(settings, package, Role.CUSTOMER))

    def transaction(self, caller: Caller, cause: Cause) -> Transaction:
        return Transaction(self._of(caller).pool, cause, caller.customer_id)

    def reading(self, caller: Caller) -> AbstractAsyncContextManager[AsyncConnection]:
        return reading_of(self._of(caller).reader, caller.customer_id)

    @property
    def connections(self) -> tuple[int, int]:
        """How many are open, and how many of them in use."""
        pools = (self.staff.pool, self.customers.pool)
        size = sum(pool.get_size() for pool in pools)
        return size, size - sum(pool.get_idle_size() for pool in pools)

    async def close(self) -> None:
        await self.staff.close()
        await self.customers.close()

    def _of(self, caller: Caller) -> Side:
        return self.staff if caller.customer_id is None else self.customers
