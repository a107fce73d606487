"""What persons do on the console is written down, and the command that looks whether all is as it was."""

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from shared.audit.chain import Head
from shared.database import Pool, open_pool
from shared.parked import discard, replay
from shared.registry import Handlers
from shared.relay import replay as replay_ledger
from shared.service import Service
from shared.settings import Settings
from shared.walls import Role, entered_as
from uuid_utils.compat import uuid7

from tests.shared.auditing import done, seal_all
from tests.shared.plumbing import World, history, listening, metadata, quiet, record

ME = f"console:{getpass.getuser()}"


async def commands(world: World) -> list[tuple[str, str, str]]:
    rows = await world.pool.fetch("SELECT caller, action, subject FROM audit WHERE kind = 'console' ORDER BY id")
    return [(row["caller"], row["action"], row["subject"]) for row in rows]


async def test_what_is_done_to_parked_events_is_written_down(world: World) -> None:
    await world.poison()
    order = uuid7()
    await world.bus().send([record(event) for event in history(order, 4, refused=2)])
    await quiet(world.consumer())

    await discard(world.pool, "listener", f"order/{order}")
    await discard(world.pool, "listener", "order/nothing-waits-here")
    await replay(world.pool, "listener", listening(), f"order/{order}")

    assert await commands(world) == [(ME, "parked discard", f"order/{order}"), (ME, "parked replay", f"order/{order}")]


async def test_a_ledger_that_is_sent_again_is_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", world.url)
    service = Service("things", "shared", "Things", Settings, metadata, None, Handlers())  # type: ignore[arg-type]  # it has no routes

    await replay_ledger(service, Settings(), "2020-01-01T00:00:00+00:00")

    assert await commands(world) == [(ME, "relay replay", "from 2020-01-01T00:00:00+00:00")]


@pytest.fixture
def crm(database_of: Callable[[str], str]) -> str:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(database_of, "crm").result()


@pytest.fixture
async def books(crm: str) -> AsyncIterator[Pool]:
    pool = await open_pool(entered_as(crm, "crm", Role.WORKER), 2)
    await done(pool, 3)
    yield pool
    await pool.close()


async def run(url: str, *arguments: str) -> tuple[int | None, str]:
    command = [sys.executable, "-m", "crm", *arguments]
    ran = await asyncio.create_subprocess_exec(*command, env=os.environ | {"DATABASE_URL": url}, stdout=-1, stderr=-1)
    said, fault = await ran.communicate()
    assert b"Traceback" not in fault, fault.decode()
    return ran.returncode, said.decode()


async def verify(url: str, *arguments: str) -> tuple[int | None, str]:
    return await run(url, "audit", "verify", *arguments)


async def test_keys_that_are_made_on_the_console_are_written_down(crm: str, books: Pool) -> None:
    _, key = await run(crm, "keys", "issue", "--role", "warehouse")
    key_id = key.partition(".")[0]
    code, _ = await run(crm, "keys", "revoke", key_id)
    assert code == 0

    entries = await books.fetch("SELECT caller, action FROM audit WHERE subject = $1 ORDER BY id", f"/keys/{key_id}")

    assert [tuple(entry) for entry in entries] == [(ME, "keys issue"), (ME, "keys revoke")]


async def test_the_command_says_that_all_is_as_it_was(crm: str, books: Pool) -> None:
    head = await seal_all(books)
    entries = await books.fetchval("SELECT max(entries) FROM audit_seals")

    assert await verify(crm, "--expect", str(head)) == (0, f"{entries} entries of crm are as they were sealed. Head: {head}\n")
    assert await verify(crm, "--from", str(head)) == (0, f"0 entries of crm are as they were sealed. Head: {head}\n")


async def test_the_command_names_what_was_changed(crm: str, books: Pool) -> None:
    head = await seal_all(books)
    entry, entries = await books.fetchrow("SELECT max(id), (SELECT max(entries) FROM audit_seals) FROM audit") or (0, 0)
    owner = await asyncpg.connect(entered_as(crm, "crm", Role.OWNER))
    await owner.execute(f"ALTER TABLE audit DISABLE TRIGGER only_grows; UPDATE audit SET caller = '[red]' || caller WHERE id = {entry}")

    code, said = await verify(crm)

    await owner.execute(
        f"UPDATE audit SET caller = substr(caller, 6) WHERE id = {entry}; ALTER TABLE audit ENABLE ALWAYS TRIGGER only_grows"
    )
    await owner.close()
    assert code == 1
    assert f"Entry {entry} is not what seal {head.position} says; now it is" in said
    assert "[red]lantern" in said
    assert said.endswith(f"1 faults in {entries} entries of crm.\n")


async def test_the_command_knows_when_the_end_was_cut_off(crm: str, books: Pool) -> None:
    head = await seal_all(books)

    code, said = await verify(crm, "--expect", str(Head(head.position + 1, head.hash)))

    assert (code, "its end is cut off" in said) == (1, True)


@pytest.mark.parametrize("head", ["812", "812:ab", "x"])
async def test_a_head_that_is_none_is_refused(crm: str, head: str) -> None:
    assert (await verify(crm, "--expect", head))[0] == 2
