"""A log is lost with all that it has acknowledged, and filled again from the ledger."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest
from shared.bus import Bus, Record
from shared.database import open_pool, transaction
from shared.relay import replay
from shared.service import Service
from shared.settings import Settings
from uuid_utils.compat import uuid7

from tests.shared.plumbing import PACKAGE, World, drain, history, logged, quiet, until


@pytest.mark.parametrize("since", ["2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00"], ids=["with a zone", "by our clock"])
async def test_the_ledger_replaces_a_log_that_was_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], since: str
) -> None:
    order = uuid7()
    await world.say(*history(order, 4))
    await drain(world)
    monkeypatch.setenv("DATABASE_URL", world.url)

    await lose_log_and_replay(world, since)
    await drain(world)
    await quiet(world.consumer())

    assert await world.effects(order) == [1, 2, 3, 4]
    assert capsys.readouterr().out.startswith("4 events since 2020-01-01T00:00:00")
    assert await world.value("SELECT count(*) FROM audit WHERE action = 'relay replay'") == 1


RESTS = """
CREATE FUNCTION rests() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
CREATE TRIGGER rests BEFORE INSERT ON outbox_pending FOR EACH STATEMENT EXECUTE FUNCTION rests()
"""


async def test_a_large_ledger_is_queued_however_long_that_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than any other statement of a service may."""
    await world.say(*history(uuid7(), 2))
    await drain(world)
    monkeypatch.setenv("DATABASE_URL", world.url)
    monkeypatch.setattr("shared.relay.open_pool", partial(open_pool, settings={"statement_timeout": "500ms"}))
    owner = await world.owner()
    await owner.execute(RESTS)
    await owner.close()

    await lose_log_and_replay(world)

    assert await world.value("SELECT count(*) FROM outbox_pending") == 2


class Lost:
    """A log that acknowledges, and is gone with all that it held and queued anew before its leader hears of it."""

    def __init__(self, world: World, bus: Bus) -> None:
        self._world, self._bus = world, bus

    async def send(self, records: Sequence[Record]) -> None:
        await self._bus.send(records)
        await lose_log_and_replay(self._world)


async def test_what_a_lost_log_has_acknowledged_is_sent_to_the_new_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order = uuid7()
    monkeypatch.setenv("DATABASE_URL", world.url)
    await world.say(*history(order, 4))

    await world.relay(Lost(world, world.bus())).step()  # type: ignore[arg-type]  # only send is used
    await drain(world)

    assert (await logged(world))[f"order/{order}"] == [1, 2, 3, 4]
    assert await world.value("SELECT count(*) FROM outbox_pending") == 0


WAITING = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"


async def test_a_delete_that_is_under_way_ends_before_the_replay_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not come to yet would be found queued still, and then be deleted. Who says something meanwhile does not wait."""
    monkeypatch.setenv("DATABASE_URL", world.url)
    await world.say(*history(uuid7(), 2))
    relay = world.relay()
    assert await relay.leads()

    async def the_delete_waits() -> bool:
        return await world.value(WAITING) == 1

    async def the_replay_is_done_or_waits() -> bool:
        return replaying.done() or await world.value(WAITING) == 2

    async with transaction(world.pool) as other:
        ids = [row["id"] for row in await other.fetch("SELECT id FROM outbox_pending FOR UPDATE")]
        deleting = asyncio.create_task(relay.delete(ids))
        await until(the_delete_waits)
        replaying = asyncio.create_task(lose_log_and_replay(world))
        await until(the_replay_is_done_or_waits)
        await asyncio.wait_for(world.say(*history(uuid7(), 1)), 30)
    await asyncio.gather(deleting, replaying)

    assert await world.value("SELECT count(*) FROM outbox_pending") == 3


async def lose_log_and_replay(world: World, since: str = "2020-01-01T00:00:00+00:00") -> None:
    await world.pool.execute("DELETE FROM log")
    await world.pool.execute("UPDATE log_partitions SET next_offset = 0")
    service = Service("listener", PACKAGE, "Listener", Settings, None, None)  # type: ignore[arg-type]  # only its name is used
    await replay(service, Settings(), since)
