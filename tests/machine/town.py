"""The five services in one process, without HTTP and Kafka: their databases, their handlers, relays and consumers as they are."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Self

from shared.bus import BusUnavailable
from shared.consumer import Consumer
from shared.database import Pool, Transaction, open_pool
from shared.envelope import opened
from shared.events import EVENTS, Event
from shared.registry import Handler, Handlers
from shared.relay import Relay
from shared.service import Service
from shared.timers import fire_due
from shared.walls import Role

from deploy.local.demo.evidence import evidence
from deploy.local.demo.invariants import INVARIANTS, Verdict, judge_each
from deploy.local.demo.journal import Acknowledged
from deploy.local.demo.log_dump import Logged
from deploy.local.demo.target import Target
from tests.crash.losses import Losses
from tests.crash.places import NOTED, Places
from tests.crash.vigil import ACKNOWLEDGED, ALWAYS
from tests.machine.memory_bus import Log, MemoryBus, Way

ROUNDS_AT_MOST = 60
_OF_THE_BUS = "I9"
"""The order of first appearances is the test's own work here."""
_TABLES = """
SELECT string_agg(quote_ident(relname), ', ') FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version' AND relname NOT LIKE 'audit%'
"""


@dataclass
class House:
    """A service. What it remembers can be lost at any time; `ghost` is who heard for it before and does not know that it was replaced."""

    service: Service
    pool: Pool
    owner: Pool
    log: Log = field(default_factory=Log)
    relay: Relay = field(init=False)
    consumer: Consumer = field(init=False)
    ghost: tuple[Consumer, MemoryBus] | None = None
    _is_cut_off: bool = False

    @property
    def name(self) -> str:
        return self.service.name

    async def open(self, log: Log) -> None:
        """Everything that was here before is gone."""
        for statement in NOTED:
            await self.owner.execute(statement)
        await self.owner.execute(f"TRUNCATE {await self.owner.fetchval(_TABLES)} RESTART IDENTITY")
        self.log, self.ghost = log, None
        self._begin()

    def restart(self) -> None:
        self.ghost = self.consumer, self._ear
        self._begin()

    def _begin(self) -> None:
        self._mouth, self._ear = MemoryBus(self.log), MemoryBus(self.log, self.service.handlers.topics)
        self.relay = Relay(self.pool, self._mouth, f"/{self.name}", self.name)
        self.consumer = Consumer(self.name, self.pool, self._ear, self._handlers(), linger=0, patience=0)

    async def speak(self, way: Way = Way.STRAIGHT) -> int:
        self._mouth.way = way
        with suppress(BusUnavailable):
            return await self.relay.step()
        return 0

    async def hear(self, at_once: int = 1000) -> int:
        """Up to so many records; before that a consumer that has just begun takes its place."""
        self._ear.at_once = at_once
        return await self.consumer.step() or await self.consumer.step()

    async def hear_in_vain(self) -> None:
        """The connection is lost when all handlers are done; who hears next begins where our database says."""
        self._is_cut_off = True
        with suppress(ConnectionError):
            await self.hear()
        self._is_cut_off = False
        self.restart()

    def _handlers(self) -> Handlers:
        """Those of the service, and in the end one of our own."""

        async def lose_connection(tx: Transaction, events: Sequence[Event]) -> None:
            if self._is_cut_off:
                raise ConnectionError

        made, known = Handlers(), self.service.handlers
        made.types = known.types
        made.all = [*known.all, Handler(tuple(EVENTS.values()), lose_connection, None, unordered=True)]
        return made

    async def haunt(self, at_once: int) -> None:
        if self.ghost:
            consumer, ear = self.ghost
            ear.at_once = at_once
            await consumer.step()

    async def fire(self) -> int:
        return await fire_due(self.pool, self.service.timers)


@dataclass
class Town:
    target: Target
    houses: dict[str, House] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    places: Places = field(default_factory=Places)
    begun: Counter[str] = field(default_factory=Counter)
    """How often an operator has set the places of a service back."""

    @classmethod
    async def built(cls, target: Target) -> Self:
        town = cls(target)
        for package in target.packages:
            worker, owner = [await open_pool(target.database(package, role), 3) for role in (Role.WORKER, Role.OWNER)]
            town.houses[package] = House(import_module(f"{package}.app").SERVICE, worker, owner)
        return town

    def __getitem__(self, package: str) -> Pool:
        return self.houses[package].pool

    async def open(self) -> None:
        self.log, self.places, self.begun = Log(), Places(), Counter()
        for house in self.houses.values():
            await house.open(self.log)

    async def close(self) -> None:
        for house in self.houses.values():
            await house.pool.close()
            await house.owner.close()

    async def take_over(self, package: str, at_once: int) -> None:
        """Somebody new reads on; who was replaced does not know, and goes on with a few records."""
        for house in self.houses.values():
            await house.speak()
        self.houses[package].restart()
        await self.houses[package].hear()
        await self.houses[package].haunt(at_once)
        assert await self._moved_back(package) == []

    async def begin_again(self, package: str) -> None:
        await self[package].execute("UPDATE consumer_offsets SET next_offset = 0, last_event_id = NULL")
        self.begun[package] += 1
        self.houses[package].restart()

    async def settle(self, way: Way = Way.STRAIGHT) -> None:
        """Everybody says and hears all there is, until nothing moves."""
        for _ in range(ROUNDS_AT_MOST):
            if not sum([await house.fire() + await house.speak(way) + await house.hear() for house in self.houses.values()]):
                return
        raise AssertionError(f"It does not come to rest in {ROUNDS_AT_MOST} rounds.")

    async def broken_now(self, acknowledged: Sequence[Acknowledged]) -> list[str]:
        """What has to hold at every moment and does not."""
        found: list[str] = []
        for package, invariants in ALWAYS.items():
            found += _told(await judge_each(self[package], invariants))
            found += await self._moved_back(package)
        known = [one.order_id for one in acknowledged]
        lost = await self["order_intake"].fetch(ACKNOWLEDGED.offenders, known)
        return found + [f"{ACKNOWLEDGED.sentence}: {row}" for row in lost]

    async def _moved_back(self, package: str) -> list[str]:
        return await self.places.moved_back(package, self[package], Losses(self.begun[package]))

    async def broken_at_rest(self, acknowledged: Sequence[Acknowledged]) -> list[str]:
        invariants = [invariant for invariant in INVARIANTS if invariant.name != _OF_THE_BUS]
        async with evidence(self.target, acknowledged, self._logged()) as checker:
            return _told(await judge_each(checker, invariants))

    async def _logged(self) -> AsyncIterator[Sequence[Logged]]:
        envelopes = [(one, opened(one)) for one in self.log.records]
        yield [Logged(*one.partition, one.offset, e.event_id, e.aggregate, e.version, e.customer_id, e.key) for one, e in envelopes]


def _told(verdicts: Sequence[Verdict]) -> list[str]:
    return [f"{each.invariant.name} {each.invariant.sentence}: {each.first}" for each in verdicts if each.broken]
