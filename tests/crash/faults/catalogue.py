import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from random import Random

import asyncpg
from shared.walls import Role

from deploy.local.demo.target import Target
from tests.crash.points import Points
from tests.crash.stage import Stage
from tests.crash.vigil import Vigil

_drawn: ContextVar[Random] = ContextVar("_drawn")
draw_from = _drawn.set
"""Whatever this task draws from now on comes from there."""


class Absent(Exception):
    """This machine cannot do that; the report says so."""


class InVain(Exception):
    """A strike that did no harm, because there was nothing to harm or another fault undid it."""


@dataclass(frozen=True)
class Poisoned:
    """A record that no service said; `parks` are the consumers that must park its aggregate, `buries` those that must bury it. When the
    broker loses it before everybody has read it, they may."""

    aggregate: str
    topic: str
    parks: frozenset[str]
    buries: frozenset[str]
    is_certain: bool = True


@dataclass
class Field:
    """Where faults strike, and what they leave word of. `full` = with the parameters of the full profile."""

    stage: Stage
    target: Target
    vigil: Vigil
    points: Points
    full: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    absent: dict[str, str] = field(default_factory=dict)
    poisoned: dict[str, Poisoned] = field(default_factory=dict)

    @property
    def drawn(self) -> Random:
        """That of the strike which asks."""
        return _drawn.get()

    def seconds(self, low: float, high: float) -> float:
        return self.drawn.uniform(low, high)

    def forget_poison(self) -> None:
        """The broker has lost it."""
        self.poisoned = {mark: replace(one, is_certain=False) for mark, one in self.poisoned.items()}

    async def as_owner(self, package: str, *statements: str) -> None:
        """Goes on until the database takes it: other faults may have it down at this moment."""
        while True:
            try:
                connection = await asyncpg.connect(self.target.database(package, Role.OWNER), timeout=5)
                try:
                    for statement in statements:
                        await connection.execute(statement, timeout=10)
                    return
                finally:
                    connection.terminate()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                await asyncio.sleep(0.5)

    async def ask(self, package: str, sql: str) -> object:
        connection = await asyncpg.connect(self.target.database(package, Role.STAFF), timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            connection.terminate()

    async def pending(self) -> int:
        """Events that wait for a relay, in all databases."""
        counts = [await self.ask(package, "SELECT count(*) FROM outbox_pending") for package in self.target.packages]
        return sum(count for count in counts if isinstance(count, int))


Strike = Callable[[Field], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """`needs` are taken before it begins, so that two faults never undo each other."""

    name: str
    needs: frozenset[str]
    strike: Strike


CATALOGUE: dict[str, Fault] = {}


def fault(name: str, *needs: str) -> Callable[[Strike], Strike]:
    def register(strike: Strike) -> Strike:
        CATALOGUE[name] = Fault(name, frozenset(needs), strike)
        return strike

    return register


@dataclass
class Turns:
    """Who has what for itself."""

    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def taken(self, needs: Iterable[str]) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name in sorted(needs):
                await stack.enter_async_context(self.locks.setdefault(name, asyncio.Lock()))
            yield
