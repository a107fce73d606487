"""A service of the tests' own: it writes down what it hears, and refuses what the table `poison` names."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import from_json
from shared.bus import Bus, Heard, Partition, Record, partition_of
from shared.consumer import Consumer
from shared.database import Pool, Transaction, open_pool, transaction
from shared.envelope import headers
from shared.events import Event, OrderClosed, OrderRejected
from shared.events.orders import OrderEvent
from shared.locks import Lock, rows_of
from shared.outbox import publish
from shared.postgres_log import PostgresBus
from shared.registry import Handlers
from shared.relay import Relay
from shared.tables import add_plumbing
from shared.walls import Role, entered_as
from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from uuid_utils.compat import uuid7

PACKAGE = "shared"
TOPICS = ["orders", "listener.dead-letters"]
metadata = MetaData()
Table("effects", metadata, Column("id", BigInteger, primary_key=True), Column("aggregate", Text), Column("said", Text))
Table("poison", metadata, Column("reason", Text, primary_key=True))
Table("things", metadata, Column("order_id", Text, primary_key=True), Column("event_version", BigInteger, nullable=False))
add_plumbing(metadata)
THINGS = rows_of("things", 1, "order_id", "text")


class Refusal(Exception):
    pass


def listening(gate: asyncio.Event | None = None) -> Handlers:
    """Handlers that write an effect an event; with a gate they wait for it first."""
    handlers = Handlers()

    def things(events: Sequence[OrderEvent]) -> list[Lock]:
        return [Lock(THINGS, str(event.order_id)) for event in events]

    @handlers.on(OrderRejected, OrderClosed, rows=things)
    async def write_down(tx: Transaction, events: Sequence[OrderEvent]) -> None:
        if gate:
            await gate.wait()
        poison = {row["reason"] for row in await tx.fetch("SELECT reason FROM poison")}
        for event in events:
            if getattr(event, "reason", "") in poison:
                raise Refusal(f"{event.aggregate} version {event.version} is refused.")
            await tx.execute("INSERT INTO effects (aggregate, said) VALUES ($1, $2)", event.aggregate, f"{event.version} {event.type}")

    return handlers


def rejected(order_id: UUID, version: int, reason: str = "fine") -> OrderRejected:
    return OrderRejected(customer_id="ACME", version=version, occurred_at=datetime.now(UTC), order_id=order_id, reason=reason)


def history(order_id: UUID, versions: int, *, refused: int | None = None) -> list[OrderRejected]:
    return [rejected(order_id, version, "bad" if version == refused else "fine") for version in range(1, versions + 1)]


def record(event: Event) -> Record:
    """The message that the relay would send for this event."""
    row = {
        "event_id": event.event_id,
        "type": event.type,
        "aggregate": event.aggregate,
        "occurred_at": event.occurred_at,
        "created_at": event.occurred_at,
        "customer_id": event.customer_id,
        "version": event.version,
        "correlation_id": uuid7(),
        "causation_id": None,
        "traceparent": None,
    }
    return Record(event.topic, event.key, headers(row, "/order-intake"), event.model_dump_json().encode())  # type: ignore[arg-type]  # reads like a row


@dataclass
class World:
    """A database with the plumbing, a log beside it, and what reads and writes them; `url` has no role yet."""

    pool: Pool
    url: str
    buses: list[Bus] = field(default_factory=list)

    @property
    def log_url(self) -> str:
        return entered_as(self.url, PACKAGE, Role.OWNER)

    async def owner(self) -> Pool:
        """Of the tables; whoever asks closes it."""
        return await open_pool(self.log_url, 1)

    def bus(self, member: str = "one") -> Bus:
        made = PostgresBus(self.log_url, instance=member, group="listener", topics=["orders"])
        self.buses.append(made)
        return made

    def consumer(self, bus: Bus | None = None, handlers: Handlers | None = None) -> Consumer:
        return Consumer("listener", self.pool, bus or self.bus(), handlers or listening(), linger=0, patience=0.05)

    def relay(self, bus: Bus | None = None, owner: str = "one") -> Relay:
        return Relay(self.pool, bus or self.bus(), "/order-intake", owner)

    async def say(self, *events: Event) -> None:
        async with transaction(self.pool) as tx:
            await publish(tx, *events)

    async def effects(self, order_id: UUID) -> list[int]:
        """The versions whose effect was written, in that order."""
        rows = await self.pool.fetch("SELECT said FROM effects WHERE aggregate = $1 ORDER BY id", f"order/{order_id}")
        return [int(row["said"].split()[0]) for row in rows]

    async def poison(self, reason: str = "bad") -> None:
        await self.pool.execute("INSERT INTO poison VALUES ($1)", reason)

    async def cure(self) -> None:
        await self.pool.execute("DELETE FROM poison")

    async def value(self, sql: str, *values: object) -> object:
        return await self.pool.fetchval(sql, *values)


async def quiet(consumer: Consumer, *, after: int = 2) -> None:
    """Let it take what is there: until it heard nothing `after` times."""
    empty = 0
    while empty < after:
        empty = 0 if await consumer.step() else empty + 1


async def until(condition: object, seconds: float = 30) -> None:
    """Wait for an async condition; fails when it does not come true in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():  # type: ignore[operator]  # an async function without parameters
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


def heard(event: Event, offset: int) -> Heard:
    sent = record(event)
    return Heard(Partition(sent.topic, partition_of(sent.key)), offset, sent.key.encode(), sent.headers, sent.body)


async def drain(world: World, bus: Bus | None = None) -> None:
    relay = world.relay(bus)
    while await relay.step():
        pass


async def logged(world: World) -> dict[str, list[int]]:
    """Versions per aggregate as they stand on the log."""
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for row in await world.pool.fetch('SELECT headers FROM log ORDER BY topic, partition, "offset"'):
        said = dict(from_json(row["headers"]))
        seen[said["ce_subject"]].append(int(said["ce_aggregateversion"]))
    return seen
