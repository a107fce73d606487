import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import NamedTuple

import asyncpg
import pytest
from shared.bus import Bus, BusUnavailable, Record
from shared.database import Cause, transaction
from shared.events import CaseKind, CaseOpened
from shared.locks import Lock, lock
from shared.observability import RELAY_LEADER
from shared.outbox import make_leaves, publish
from shared.relay import Relay
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from tests.shared.clock import Clock
from tests.shared.plumbing import THINGS, World, drain, history, logged, quiet, rejected, until


async def test_order_within_an_aggregate_survives_concurrent_batches(world: World) -> None:
    orders = [uuid7() for _ in range(12)]
    await world.pool.executemany("INSERT INTO things VALUES ($1, 0)", [(str(order),) for order in orders])
    stopping = asyncio.Event()
    relaying = asyncio.create_task(world.relay().run(stopping))

    async def batch(turn: int) -> None:
        mine = sorted(orders[turn % 3 :: 3] + orders[:2], key=str)
        async with transaction(world.pool) as tx:
            await lock(tx, [Lock(THINGS, str(order)) for order in mine])
            sql = "UPDATE things SET event_version = event_version + 2 WHERE order_id = ANY($1) RETURNING order_id, event_version"
            rows = await tx.fetch(sql, [str(order) for order in mine])
            versions = {row["order_id"]: row["event_version"] for row in rows}
            await publish(tx, *[rejected(order, versions[str(order)] - back) for back in (1, 0) for order in dict.fromkeys(mine)])

    await asyncio.gather(*[batch(turn) for turn in range(60)])
    stopping.set()
    await relaying
    await drain(world)

    on_log = await logged(world)
    assert sum(map(len, on_log.values())) > 300
    assert all(versions == list(range(1, len(versions) + 1)) for versions in on_log.values())


async def test_nothing_is_said_when_the_transaction_rolls_back(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(world.pool) as tx:
            await publish(tx, rejected(uuid7(), 1))
            raise ZeroDivisionError

    assert await world.value("SELECT count(*) FROM outbox_pending") == 0


async def test_a_version_cannot_be_said_twice(world: World) -> None:
    order = uuid7()
    await world.say(rejected(order, 1))

    with pytest.raises(asyncpg.UniqueViolationError):
        await world.say(rejected(order, 1))


class Forgetful:
    """Wraps a bus: the messages arrive, but the sender dies before it learns so."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def send(self, records: Sequence[Record]) -> None:
        await self._bus.send(records)
        raise BusUnavailable("the answer was lost")


async def test_a_relay_killed_between_send_and_delete_repeats_and_nobody_notices(world: World) -> None:
    order = uuid7()
    await world.say(*history(order, 5))
    with pytest.raises(BusUnavailable):
        await world.relay(Forgetful(world.bus())).step()  # type: ignore[arg-type]  # only send is used

    await drain(world)
    await quiet(world.consumer())

    assert (await logged(world))[f"order/{order}"] == [1, 2, 3, 4, 5] * 2
    assert await world.effects(order) == [1, 2, 3, 4, 5]


async def test_a_stopped_leader_is_replaced_after_its_lease_and_deletes_nothing_more(world: World, relays_clock: Clock) -> None:
    order = uuid7()
    old, new = world.relay(owner="old"), world.relay(owner="new")
    assert await old.leads()
    assert not await new.leads()

    await world.pool.execute("UPDATE relay_lease SET renewed_at = now() - interval '11 s'")
    relays_clock.now += 2
    assert await new.leads()
    await world.say(*history(order, 3))
    await old.delete([row["id"] for row in await world.pool.fetch("SELECT id FROM outbox_pending")])

    assert await world.value("SELECT count(*) FROM outbox_pending") == 3
    assert await new.step() == 3


async def test_a_restarted_process_takes_its_own_lease_back_at_once(world: World) -> None:
    before, after = world.relay(), world.relay()
    assert await before.leads()

    assert await after.leads()

    assert (after.epoch or 0) > (before.epoch or 0)


async def test_who_does_not_lead_sends_nothing_and_who_leads_so_much_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.relay.MOST", 2)
    leader, other = world.relay(owner="leader"), world.relay(owner="other")
    await world.say(*history(uuid7(), 3))
    assert await leader.leads()

    assert [await other.step(), await leader.step(), await leader.step(), await leader.step()] == [0, 2, 1, 0]


async def test_what_is_said_in_this_process_wakes_its_relay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.relay.SHORTEST", 600)
    monkeypatch.setattr("shared.relay.LONGEST", 600)
    relay, stopping = Counted(world.pool, world.bus(), "/order-intake", "one"), asyncio.Event()
    running = asyncio.create_task(relay.run(stopping))
    await until(partial(_has_looked, relay, 1))
    await world.say(rejected(uuid7(), 1))

    async def woken() -> bool:
        relay.wake.set()
        return await _has_sent(world, running)

    await until(woken)
    stopping.set()
    await running
    assert RELAY_LEADER._value.get() == 0


async def test_a_relay_that_stops_gives_its_lease_back(world: World) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(world.relay(owner="leaving").run(stopping))
    await world.say(rejected(uuid7(), 1))
    while await world.value("SELECT count(*) FROM outbox_pending"):
        await asyncio.sleep(0.01)
    stopping.set()
    await running

    assert await world.relay(owner="next").leads()


class Counted(Relay):
    """How often it looked."""

    steps = 0

    async def step(self) -> int:
        self.steps += 1
        return await super().step()


class Sometimes:
    """A bus that fails with these, one a call, before it takes anything."""

    def __init__(self, bus: Bus, *faults: Exception) -> None:
        self._bus, self._faults = bus, list(faults)

    async def send(self, records: Sequence[Record]) -> None:
        if self._faults:
            raise self._faults.pop()
        await self._bus.send(records)


async def test_a_relay_that_had_nothing_to_say_sends_what_is_said_later_elsewhere(world: World) -> None:
    order, stopping = uuid7(), asyncio.Event()
    relay = Counted(world.pool, world.bus(), "/order-intake", "one")
    running = asyncio.create_task(relay.run(stopping))
    for event in history(order, 3):
        idle = relay.steps + 4
        await until(partial(_has_looked, relay, idle))
        await world.say(event)
        await until(partial(_has_sent, world, running))
    stopping.set()
    await running

    assert (await logged(world))[f"order/{order}"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "line", "error"),
    [
        (BusUnavailable("away"), "relay.bus_unavailable", "away"),
        (OSError("the connection was cut"), "relay.retries", "OSError('the connection was cut')"),
    ],
    ids=["the bus", "the connection"],
)
async def test_a_relay_goes_on_when_what_was_away_is_back(world: World, fault: Exception, line: str, error: str) -> None:
    order, stopping = uuid7(), asyncio.Event()
    await world.say(*history(order, 3))
    relay = world.relay(Sometimes(world.bus(), fault, fault))  # type: ignore[arg-type]  # only send is used

    with capture_logs() as logs:
        running = asyncio.create_task(relay.run(stopping))
        await until(partial(_has_sent, world, running))
        stopping.set()
        await running

    assert (await logged(world))[f"order/{order}"] == [1, 2, 3]
    assert logs == [{"event": line, "log_level": "warning", "error": error}] * 2


async def _has_looked(relay: Counted, times: int) -> bool:
    return relay.steps >= times


async def _has_sent(world: World, running: asyncio.Task[None]) -> bool:
    if running.done():
        running.result()
    return await world.value("SELECT count(*) FROM outbox_pending") == 0


async def test_a_missing_leaf_loses_nothing_and_is_made_good(world: World) -> None:
    order = uuid7()
    today = f"outbox_{datetime.now(UTC):%Y%m%d}"
    owner = await world.owner()
    await owner.execute(f"DROP TABLE {today}")
    await world.say(*history(order, 3))
    strays = await world.value("SELECT count(*) FROM outbox_default")

    await drain(world)
    async with transaction(owner) as tx:
        made = await make_leaves(tx)
    await owner.close()

    assert (strays, made) == (3, 1)
    assert (await logged(world))[f"order/{order}"] == [1, 2, 3]
    assert await world.value("SELECT count(*) FROM outbox_default") == 0
    assert await world.value(f"SELECT count(*) FROM {today}") == 3


async def test_leaves_are_made_from_midnight_to_midnight_and_a_week_ahead(world: World) -> None:
    owner = await world.owner()
    for leaf in await owner.fetch(f"SELECT relname FROM {LEAVES}"):
        await owner.execute(f"DROP TABLE {leaf['relname']}")
    async with transaction(owner) as tx:
        made = await make_leaves(tx)
    rows = await owner.fetch(f"SELECT pg_get_expr(relpartbound, oid) AS bounds FROM {LEAVES} ORDER BY relname")
    await owner.close()

    leaves = [re.findall("'([^']+)'", row["bounds"]) for row in rows]
    days = [[datetime.fromisoformat(bound).astimezone(UTC) for bound in leaf] for leaf in leaves]
    first = days[0][0]
    assert datetime.now(UTC).date() - first.date() <= timedelta(days=1)
    assert (first.time(), made) == (time(), 8)
    assert days == [[first + timedelta(days=ahead), first + timedelta(days=ahead + 1)] for ahead in range(8)]


LEAVES = "pg_class WHERE relpartbound IS NOT NULL AND relname ~ '^outbox_[0-9]{8}$'"


async def test_an_event_has_the_cause_of_its_thing_or_of_the_order_that_it_names(world: World) -> None:
    order, other, case, nobody = uuid7(), uuid7(), uuid7(), uuid7()
    causes = {str(thing): Because(Cause(uuid7(), uuid7(), None)) for thing in (order, other, case)}
    own = Cause(uuid7(), uuid7(), None)
    opened = {
        name: CaseOpened(
            customer_id="ACME", version=1, occurred_at=NOW, received_at=NOW, kind=CaseKind.CLAIM, case_id=name, order_id=order_id
        )
        for name, order_id in ((case, other), (nobody, order), (uuid7(), uuid7()))
    }
    async with transaction(world.pool, own) as tx:
        tx.causes = causes
        await publish(tx, rejected(order, 1), *opened.values())
    async with transaction(world.pool, own) as tx:
        await publish(tx, rejected(other, 1))

    said = {row["key"]: (row["correlation_id"], row["causation_id"]) for row in await world.pool.fetch("SELECT * FROM outbox")}
    told = {**{key: because.cause for key, because in causes.items()}, str(nobody): causes[str(order)].cause, str(other): own}
    assert said == {key: (told.get(key, own).correlation_id, told.get(key, own).causation_id) for key in map(str, [order, other, *opened])}


class Because(NamedTuple):
    cause: Cause


NOW = datetime.now(UTC)
