"""A strike counts when its harm was seen, and not because it was tried."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, count, repeat
from random import Random
from time import monotonic
from typing import cast
from uuid import uuid4

import asyncpg
import pytest
from shared.walls import Role

from deploy.local.demo.target import Target
from deploy.local.postgres import Postgres
from deploy.local.watch import Program
from tests.conftest import OPERATOR_KEY
from tests.crash.faults import Field, database, load, processes
from tests.crash.faults.catalogue import InVain, draw_from
from tests.crash.points import Cell
from tests.crash.profiles import ALL_PENDING, Profile
from tests.crash.result import Result
from tests.crash.stage import SECOND_INSTANCE


@pytest.fixture
async def stock(ground: Field, postgres: Postgres, database_of: Callable[[str], str]) -> AsyncIterator[asyncpg.Connection]:
    """A session of the worker's in inventory's database, which the faults reach as well."""
    await asyncio.to_thread(database_of, "inventory")
    ground.target = Target.of({"DATABASE_URL": postgres.url("{database}", "{database}"), "LSC_OPERATOR_KEY": OPERATOR_KEY}, 1)
    ground.stage.postgres = postgres
    draw_from(Random(1))
    session = await asyncpg.connect(ground.target.database("inventory", Role.WORKER))
    yield session
    session.terminate()


async def test_a_backend_is_struck_in_the_middle_of_something(ground: Field, stock: asyncpg.Connection) -> None:
    assert await database._caught(ground) is None

    await stock.execute("BEGIN")
    caught = await database._caught(ground)
    assert caught
    database._let_go(caught)
    assert caught.pid == stock.get_server_pid()

    ground.spared.add(caught.pid)
    assert await database._caught(ground) is None


async def test_a_stranger_whom_nobody_meets_makes_no_deadlock(
    ground: Field, stock: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STRANGERS", 1)

    with pytest.raises(InVain, match="stranger"):
        await database.deadlocks(ground)


@pytest.mark.parametrize(("owner", "epoch", "is_replaced"), [(SECOND_INSTANCE, 8, True), (SECOND_INSTANCE, 7, False), ("first", 8, False)])
async def test_who_stands_still_is_replaced_when_the_second_leads(
    ground: Field, stock: asyncpg.Connection, owner: str, epoch: int, is_replaced: bool
) -> None:
    await stock.execute("DELETE FROM relay_lease")
    await stock.execute("INSERT INTO relay_lease VALUES ('outbox', $1, $2, now())", owner, epoch)

    until = monotonic() + 0.1
    assert await processes._is_replaced(ground, "inventory", 7, until) == is_replaced


HEARD, SILENT, SLOW_TO_START = "y", "n" * 100, "nnn"


@pytest.mark.parametrize(
    ("heard", "pids", "became"),
    [
        (SLOW_TO_START + HEARD + SILENT, repeat(7), ""),
        (HEARD * 100, repeat(7), "did not hang"),
        (SILENT, repeat(7), "did not hang"),
        (HEARD + SILENT, chain([7] * 6, repeat(8)), "was ended by somebody else"),
    ],
    ids=["hangs", "has no batch", "never starts", "is killed"],
)
async def test_who_hangs_is_alive_and_was_heard_before(
    heard: str, pids: Iterator[int], became: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Worker:
        pid = property(lambda self: next(pids))

    answers, asked = iter(heard), []
    monkeypatch.setattr(processes, "answers", lambda port, path: next(answers, "n") == "y")
    monkeypatch.setattr(os, "kill", lambda pid, which: asked.append((pid, which)))
    monkeypatch.setattr(processes, "LOOKS_SECONDS", 0)
    monkeypatch.setattr(processes, "monotonic", count(step=0.5).__next__)

    assert await processes._hung(cast(Program, Worker()), 0) == became
    assert asked == ([(7, signal.SIGUSR2)] if "y" in heard else [])


class Process:
    """Of a program, what the faults use."""

    pid = 7

    def __init__(self, name: str) -> None:
        self.name, self.kills = name, 0

    def kill(self) -> None:
        self.kills += 1


async def test_whom_a_fault_has_for_itself_nobody_else_arms_or_kills(ground: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    api, worker = Process("crm-api"), Process("crm-worker")
    drawn = iter([worker, worker, api])
    monkeypatch.setattr(processes, "_any_program", lambda ground: next(drawn))
    ground.points.left = [Cell("relay.stored", "crm", "worker")]

    async with ground.alone_with(cast(Program, worker)):
        assert ground.points.is_idle
        assert ground.points.next(Random(1)) is None
        await processes.kill(ground)

    assert (api.kills, worker.kills) == (1, 0)
    assert ground.points.next(Random(1))


async def test_who_is_armed_already_is_waited_for(ground: Field) -> None:
    worker, cell = cast(Program, Process("crm-worker")), Cell("relay.stored", "crm", "worker")
    ground.points.left = [cell]
    ground.points.next(Random(1))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), ground.alone_with(worker):
            pass
    assert not ground.points.held

    ground.points.note(cell, reached=True)
    async with ground.alone_with(worker):
        assert ground.points.held == {"crm-worker"}


SAID = """
INSERT INTO outbox (event_id, topic, key, aggregate, version, type, customer_id, occurred_at, correlation_id, body)
VALUES ($1, 'stock', $2, 'stock/' || $2, 1, 'stock.counted.v1', 'NORTH', now(), $1, $3)
"""


async def test_the_next_release_has_to_say_something_new(ground: Field, stock: asyncpg.Connection) -> None:
    began = await stock.fetchval("SELECT now()")
    await stock.execute(SAID, uuid4(), str(uuid4()), b'{"units": 1}')
    assert not await processes._has_said_something_new(ground, str(began))

    await stock.execute(SAID, uuid4(), str(uuid4()), b'{"units": 1,"added_in_the_next_release": {}}')
    assert await processes._has_said_something_new(ground, str(began))
    later = await stock.fetchval("SELECT now()")
    assert not await processes._has_said_something_new(ground, str(later))


@pytest.mark.parametrize(("pending", "pins"), [(89, [True, True]), (100, [True, False])], ids=["a part", "a pin is gone"])
def test_all_of_the_ledger_waits_until_the_last_pin(pending: int, pins: list[bool]) -> None:
    load.judge(90, 100, [True, True])

    with pytest.raises(InVain):
        load.judge(pending, 100, pins)


def test_in_the_full_profile_ten_events_an_order_wait_at_once(ground: Field) -> None:
    result = Result(Profile("tried", 10, 1.0, {ALL_PENDING: 1}, full=True), 1, ground=ground)

    ground.counts[load.PENDING] = 99
    assert result._few_pending() == ["rows pending at once (99 of 100)"]
    ground.counts[load.PENDING] = 100
    assert result._few_pending() == []
