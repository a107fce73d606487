import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from random import Random

import asyncpg
from shared.walls import Role

from deploy.local.demo.target import Target
from deploy.local.watch import Program
from tests.crash.points import Points
from tests.crash.stage import Stage
from tests.crash.vigil import AWAY, Vigil

_drawn: ContextVar[Random] = ContextVar("_drawn")
draw_from = _drawn.set
"""Whatever this task draws from now on comes from there."""


class Absent(Exception):
    """This machine cannot do that; the report says so."""


class InVain(Exception):
    """A strike that did no harm, because there was nothing to harm or another fault undid it."""


ANSWER_SECONDS = 5.0
Places = Mapping[str, Mapping[tuple[str, int], int]]
"""By service, how far each partition is read; without those whose database does not answer."""


@dataclass(frozen=True)
class Spot:
    """Where the last record of a poison lies, and the services that were reading this log when it was said: a place beyond the end of
    the log is one of a log that is gone."""

    topic: str
    partition: int
    offset: int
    readers: frozenset[str]

    @classmethod
    def of(cls, topic: str, partition: int, offset: int, before: Places) -> "Spot":
        """`before`: the places just before it was said."""
        readers = frozenset(service for service, places in before.items() if places.get((topic, partition), 0) <= offset)
        return cls(topic, partition, offset, readers)

    def read_by(self, places: Places) -> frozenset[str]:
        """The services that have it behind them for certain."""
        return frozenset(service for service in self.readers if places.get(service, {}).get((self.topic, self.partition), 0) > self.offset)


@dataclass(frozen=True)
class Poisoned:
    """A record that no service said; `parks` are the consumers that must park its aggregate, `buries` those that must bury it, `certain`
    those of them that have no excuse. The others may: it was not said for certain, or the broker lost it before they had read it."""

    aggregate: str
    topic: str
    parks: frozenset[str]
    buries: frozenset[str]
    certain: frozenset[str] = frozenset()
    spot: Spot | None = None

    def said(self, spot: Spot) -> "Poisoned":
        return replace(self, certain=self.parks | self.buries, spot=spot)

    def lost(self, places: Places) -> "Poisoned":
        """With the log. What a service has parked and buried stays in its own tables, whatever becomes of the log."""
        return replace(self, certain=self.certain & self.spot.read_by(places), spot=None) if self.spot else self


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
    spared: set[int] = field(default_factory=set)
    """Backends that a fault has for itself."""

    @property
    def drawn(self) -> Random:
        """That of the strike which asks."""
        return _drawn.get()

    def seconds(self, low: float, high: float) -> float:
        return self.drawn.uniform(low, high)

    @asynccontextmanager
    async def alone_with(self, *programs: Program) -> AsyncIterator[None]:
        """Meanwhile nobody arms them, nor kills them at random; who is armed already is waited for."""
        names, points = {program.name for program in programs}, self.points
        while names & points.held:
            await asyncio.sleep(0.5)
        points.held |= names
        try:
            while names & points.armed:
                await asyncio.sleep(0.5)
            yield
        finally:
            points.held -= names

    def forget_poison(self, places: Places) -> None:
        """The broker has lost it, when the services had read so far."""
        self.poisoned = {mark: one.lost(places) for mark, one in self.poisoned.items()}

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
            except AWAY:
                await asyncio.sleep(0.5)

    async def ask(self, package: str, sql: str) -> object:
        connection = await asyncpg.connect(self.target.database(package, Role.STAFF), timeout=5)
        try:
            return await connection.fetchval(sql)
        finally:
            connection.terminate()

    async def places(self) -> Places:
        """All at once: who asks holds up other faults."""
        asked = [self._places_of(package) for package in self.target.packages]
        found = zip(self.target.packages, await asyncio.gather(*asked), strict=True)
        return {package.replace("_", "-"): places for package, places in found if places is not None}

    async def _places_of(self, package: str) -> Mapping[tuple[str, int], int] | None:
        with suppress(*AWAY):
            async with asyncio.timeout(ANSWER_SECONDS):
                connection = await asyncpg.connect(self.target.database(package, Role.STAFF))
                try:
                    rows = await connection.fetch("SELECT topic, partition, next_offset FROM consumer_offsets")
                finally:
                    connection.terminate()
            return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return None

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
