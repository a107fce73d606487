"""Records that no service sent: what was said in another order, and what nobody can read.

Each has a header of its own, so that the checks know them; no consumer looks at it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from random import Random
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer
from pydantic_core import to_json
from shared.bus import partition_of
from shared.envelope import headers
from shared.events import EVENTS, Topic
from shared.service import Service
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.contracts.catalogue import sample
from tests.crash.faults.catalogue import Field, InVain, Poisoned, Spot, fault

MARK = "crash-rig"
OURS = "deadbeef"
"""Things of injected records have ids that begin so, as the checks know."""
PATIENCE_SECONDS = 5.0
LONGEST_REST_SECONDS = 1.2
"""Before that a relay looks again, whatever it met."""
SWAPPED = ("order_intake", "inventory", "dispatch")
"""Whose things have several events within seconds."""

Headers = list[tuple[str, bytes | None]]
if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection


@asynccontextmanager
async def producing(ground: Field) -> AsyncIterator[AIOKafkaProducer]:
    assert ground.stage.kafka
    producer = AIOKafkaProducer(bootstrap_servers=ground.stage.kafka.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@fault("events of one thing are said in reverse", "kafka", "records", "swap")
async def swapped(ground: Field) -> None:
    """The relay of a service hangs; what waits for it is said by us, the later first; then the relay says it as well."""
    for package in ground.drawn.sample(SWAPPED, len(SWAPPED)):
        async with hanging_relay(ground.target.database(package, Role.WORKER)) as holder:
            rows = await waiting(holder, ground.seconds(1.0, 2.5))
            async with producing(ground) as producer:
                for row in [] if holder.is_closed() else rows:
                    said = [*headers(row, f"/{package.replace('_', '-')}"), (MARK, b"swapped")]
                    key = row["key"].encode()
                    await producer.send_and_wait(row["topic"], row["body"], key=key, headers=said, partition=partition_of(row["key"]))
                    ground.counts["events said in reverse"] += 1
            if rows and not holder.is_closed():
                return
    raise InVain("no two events of one thing waited anywhere")


@asynccontextmanager
async def hanging_relay(url: str) -> AsyncIterator[Connection]:
    """Whoever leads, or wants to, waits for its lease; what it has read last may be on the bus, nothing else gets there."""
    holder = await asyncpg.connect(url, timeout=5)
    try:
        await holder.execute("BEGIN; SELECT FROM relay_lease FOR UPDATE", timeout=5)
        yield holder
    finally:
        holder.terminate()


async def waiting(holder: Connection, seconds: float) -> list[asyncpg.Record]:
    """Several events of one thing that the relay cannot have read, the later first; collected so long, or a little longer."""
    until = monotonic() + PATIENCE_SECONDS
    while not await holder.fetchval("SELECT count(*) FROM outbox_pending") and monotonic() < until:
        await asyncio.sleep(0.1)
    await asyncio.sleep(LONGEST_REST_SECONDS)
    read: int = await holder.fetchval("SELECT coalesce(max(id), 0) FROM outbox_pending")
    if not read:
        return []
    await asyncio.sleep(seconds)
    while not (rows := _reversed_within(await holder.fetch(_PENDING, read))) and monotonic() < until:
        await asyncio.sleep(0.2)
    return rows


_PENDING = """
SELECT o.* FROM outbox o JOIN outbox_pending p USING (id, created_at)
WHERE id > $1 AND topic NOT LIKE '%.dead-letters' ORDER BY id LIMIT 400
"""


def _reversed_within(rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Of every thing with several events the later before the earlier."""
    things: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        things[row["aggregate"]].append(row)
    return [row for events in things.values() if len(events) > 1 for row in reversed(events)]


@fault("poison", "kafka", "records")
async def poison(ground: Field) -> None:
    """One record of each kind; those that park a key are followed by another event of it, which has to wait."""
    async with producing(ground) as producer:
        before = await ground.places()
        for name, make in KINDS.items():
            type_ = TYPES.get(name) or _some_type(ground.drawn)
            said = Said(f"{OURS}{str(uuid4())[8:]}", type_, uuid4().hex)
            expected = ground.poisoned[said.mark] = _expected(EVENTS[type_].topic, type_, said, name)
            place, offset = await _say(producer, expected, said, make(said))
            ground.poisoned[said.mark] = expected.said(Spot.of(expected.topic, place, offset, before))
            ground.counts[f"poison: {name}"] += 1


def _some_type(drawn: Random) -> str:
    topic = drawn.choice([Topic.ORDERS, Topic.FULFILMENT, Topic.SHIPMENTS])
    return drawn.choice(sorted(type_ for type_, event in EVENTS.items() if event.topic == topic))


async def _say(producer: AIOKafkaProducer, expected: Poisoned, said: "Said", made: "Made") -> tuple[int, int]:
    """Partition and offset of the last record."""
    key, body, written = made
    place = partition_of(said.thing)
    last = await producer.send_and_wait(expected.topic, body, key=key, headers=written, partition=place)
    if expected.parks:
        behind = said.headers(version=2, ce_type=b"order.pondered.v7")
        last = await producer.send_and_wait(expected.topic, b"{}", key=key, headers=behind, partition=place)
    return place, last.offset


class Said:
    """A record about a thing that nobody has."""

    def __init__(self, thing: str, type_: str, mark: str) -> None:
        self.thing, self.type, self.mark = thing, type_, mark

    def headers(self, *, version: int = 1, **changed: bytes | None) -> Headers:
        said: dict[str, bytes | None] = {
            "ce_id": str(uuid4()).encode(),
            "ce_type": self.type.encode(),
            "ce_subject": f"order/{self.thing}".encode(),
            "ce_time": b"2026-01-01T00:00:00+00:00",
            "ce_recordedtime": b"2026-01-01T00:00:00+00:00",
            "ce_customerid": b"NORTH",
            "ce_aggregateversion": b"%d" % version,
            "ce_correlationid": str(uuid4()).encode(),
            MARK: self.mark.encode(),
        }
        return [(name, value) for name, value in (said | changed).items() if value is not None]


Made = tuple[bytes | None, bytes | None, Headers]


def _bodied(body: bytes | None) -> Callable[[Said], Made]:
    return lambda said: (said.thing.encode(), body, said.headers())


def _refused_by_databases(said: Said) -> Made:
    """An event in good order, of which every service that listens stores a text that PostgreSQL does not take."""
    body = sample("order.received.v1/001-straight.json").body
    spoilt = {"order_id": said.thing, "customer_reference": "PO\0", "consignee_code": "A\0"}
    return said.thing.encode(), to_json(body | spoilt), said.headers()


KINDS: dict[str, Callable[[Said], Made]] = {
    "no JSON": _bodied(b'{"order_id": '),
    "no UTF-8": _bodied(b'{"order_id": "\xff\xfe"}'),
    "a tombstone": _bodied(None),
    "deep JSON": _bodied(b"[" * 100_000),
    "long JSON": _bodied(b'{"lines": [' + b"1," * 200_000 + b"1]}"),
    "another body": _bodied(b'{"order_id": 1}'),
    "no headers": lambda said: (said.thing.encode(), b"{}", [(MARK, said.mark.encode())]),
    "no version": lambda said: (said.thing.encode(), b"{}", said.headers(ce_aggregateversion=None)),
    "a header without a value": lambda said: (said.thing.encode(), b"{}", [*said.headers(ce_id=None), ("ce_id", None)]),
    "a version before the first": lambda said: (said.thing.encode(), b"{}", said.headers(version=0)),
    "a version in words": lambda said: (said.thing.encode(), b"{}", said.headers(ce_aggregateversion=b"first")),
    "headers that are no UTF-8": lambda said: (said.thing.encode(), b"{}", said.headers(ce_subject=b"order/\xff")),
    "a key that is no UTF-8": lambda said: (b"\xff\xfe", b"{}", said.headers()),
    "an unknown type": lambda said: (said.thing.encode(), b"{}", said.headers(ce_type=b"order.pondered.v7")),
    "a text that PostgreSQL refuses": _refused_by_databases,
    "an id that PostgreSQL refuses": lambda said: (said.thing.encode(), b"{}", said.headers(ce_id=b"\0", ce_customerid=b"NORTH\0")),
    "a subject that PostgreSQL refuses": lambda said: (said.thing.encode(), b"{}", said.headers(ce_subject=b"order/\0")),
    "a key that PostgreSQL refuses": lambda said: (b"\0", b"{}", said.headers()),
    "a version beyond every count": lambda said: (said.thing.encode(), b"{}", said.headers(version=2**31)),
}
TYPES = {"a text that PostgreSQL refuses": "order.received.v1"}
"""Of the kinds that are about one."""
UNREADABLE = {
    *(
        "no headers",
        "no version",
        "a header without a value",
        "a version before the first",
        "a version in words",
        "headers that are no UTF-8",
        "a key that is no UTF-8",
    ),
    *("an id that PostgreSQL refuses", "a subject that PostgreSQL refuses", "a key that PostgreSQL refuses"),
    "a version beyond every count",
}


def _expected(topic: Topic, type_: str, said: Said, kind: str) -> Poisoned:
    """Who subscribes to the topic buries what has no readable head; who listens to the type parks what has no readable body."""
    services: list[Service] = [import_module(f"{service.package}.app").SERVICE for service in SERVICES]
    subscribed = {service.name for service in services if topic in service.handlers.topics}
    listening = {service.name for service in services if type_ in service.handlers.types}
    buries = subscribed if kind in UNREADABLE else set()
    parks = set() if kind in UNREADABLE or kind == "an unknown type" else listening
    return Poisoned(f"order/{said.thing}", topic, frozenset(parks), frozenset(buries | parks))
