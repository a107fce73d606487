"""Who leads, how it keeps that, how it notices that it was replaced, and what it says of itself."""

import asyncio
from datetime import datetime

import asyncpg
import pytest
from shared.observability import OUTBOX_PUBLISHED, RELAY_LEADER
from shared.relay import RENEW_SECONDS, Relay
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from tests.shared.clock import Clock
from tests.shared.plumbing import World, history, rejected

pytestmark = pytest.mark.usefixtures("relays_clock")


async def renewed_at(world: World) -> datetime:
    found = await world.value("SELECT renewed_at FROM relay_lease")
    assert isinstance(found, datetime)
    return found


async def a_leader(world: World) -> Relay:
    relay = world.relay(owner="leader")
    assert await relay.leads()
    return relay


async def test_a_lease_is_renewed_when_it_is_time_and_not_with_every_look(world: World, relays_clock: Clock) -> None:
    relay = await a_leader(world)
    epoch, taken_at = relay.epoch, await renewed_at(world)

    relays_clock.now += RENEW_SECONDS
    assert await relay.leads()
    assert await renewed_at(world) == taken_at

    relays_clock.now += 0.1
    assert await relay.leads()
    assert relay.epoch == epoch
    renewed = await renewed_at(world)
    assert renewed > taken_at

    assert await relay.leads()
    assert await renewed_at(world) == renewed


async def test_who_was_replaced_learns_it_when_it_renews(world: World, relays_clock: Clock) -> None:
    relay = await a_leader(world)
    await world.pool.execute("UPDATE relay_lease SET epoch = epoch + 1")

    relays_clock.now += RENEW_SECONDS + 0.1

    assert not await relay.leads()
    assert RELAY_LEADER._value.get() == 0


async def test_who_was_replaced_learns_it_by_its_next_delete(world: World) -> None:
    relay = await a_leader(world)
    await world.say(*history(uuid7(), 2))
    await world.pool.execute("UPDATE relay_lease SET epoch = epoch + 1, owner = 'another'")

    assert await relay.step() == 2
    assert await relay.step() == 0

    assert relay.epoch is None
    assert await world.value("SELECT count(*) FROM outbox_pending") == 2


async def test_who_deletes_what_it_sent_goes_on_without_a_look_at_its_lease(world: World) -> None:
    relay = await a_leader(world)
    before = await renewed_at(world)

    for _ in range(2):
        await world.say(rejected(uuid7(), 1))
        assert await relay.step() == 1

    assert await renewed_at(world) == before


async def test_who_does_not_lead_asks_now_and_then(world: World, relays_clock: Clock) -> None:
    await a_leader(world)
    other = world.relay(owner="other")
    assert not await other.leads()
    await world.pool.execute("UPDATE relay_lease SET renewed_at = '-infinity'")

    relays_clock.now += 1
    assert not await other.leads()

    relays_clock.now += 0.1
    assert await other.leads()


async def test_who_leads_takes_nothing_again(world: World, relays_clock: Clock) -> None:
    relay = await a_leader(world)
    epoch = relay.epoch

    for _ in range(3):
        relays_clock.now += RENEW_SECONDS + 0.1
        assert (await relay.leads(), relay.epoch) == (True, epoch)


async def test_what_is_sent_is_counted_by_topic_and_who_leads_says_so(world: World) -> None:
    counted = OUTBOX_PUBLISHED.labels("orders")._value
    before = counted.get()
    relay = await a_leader(world)
    await world.say(*history(uuid7(), 3))

    await relay.step()

    assert (RELAY_LEADER._value.get(), counted.get() - before) == (1, 3)


@pytest.mark.parametrize("missing", [0, 1])
async def test_what_the_ledger_does_not_have_is_told_of(world: World, missing: int) -> None:
    relay = await a_leader(world)
    await world.say(*history(uuid7(), 3))
    owner = await world.owner()
    await owner.execute("DELETE FROM outbox WHERE version > $1", 3 - missing)
    await owner.close()

    with capture_logs() as logs:
        assert await relay.step() == 3 - missing

    assert logs == [{"event": "relay.ledger_incomplete", "log_level": "error", "pending": 3, "found": 2}] * missing


async def test_who_stops_while_the_database_is_away_goes_in_peace(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    stopping = asyncio.Event()
    stopping.set()
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/things", min_size=0) as away:
        await Relay(away, world.bus(), "/tests", "leader", epoch=1).run(stopping)

    assert "relay.lease_kept" in capsys.readouterr().out
