import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from itertools import count
from secrets import token_urlsafe

import asyncpg
import pytest
from shared.key_store import AHEAD, CLOCK, MADE_AT_ONCE, READ_AT_MOST, READ_FOR, UNUSED_FOR, KeyStore, open_key_store
from shared.key_upkeep import make_key_store, rewrap, sweep
from shared.sealing import MasterKeys, Unopenable, new_master_key
from shared.settings import Settings

from deploy.local.postgres import Postgres
from tests.shared.plumbing import until

OLD, NEW = new_master_key("old"), new_master_key("new")
_numbers = count()


@pytest.fixture
async def url(postgres: Postgres) -> str:
    name = f"keys_{next(_numbers)}"
    postgres.create_database(name)
    await make_key_store(postgres.url(name))
    return postgres.url(name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[KeyStore]:
    made = await open_key_store(url, MasterKeys(OLD))
    yield made
    await made.close()


async def ready(store: KeyStore) -> bool:
    return store.ready >= AHEAD


async def test_a_key_is_handed_out_once_and_can_be_read(store: KeyStore) -> None:
    taken = [key for keys in await asyncio.gather(*[store.take(7) for _ in range(200)]) for key in keys]

    assert len({key.key_id for key in taken}) == len({key.secret for key in taken}) == 1400
    assert await store.read(key.key_id for key in taken) == {key.key_id: key for key in taken}


async def test_two_processes_never_hand_out_the_same(store: KeyStore, url: str) -> None:
    other = await open_key_store(url, MasterKeys(OLD))

    mine, theirs = await store.take(600), await other.take(600)

    assert not {key.key_id for key in mine} & {key.key_id for key in theirs}
    await other.close()
    assert len(await store.read(key.key_id for key in theirs)) == 600


async def test_taking_a_key_asks_nobody(store: KeyStore) -> None:
    await store.take()
    made = await store.pool.fetchval("SELECT count(*) FROM subject_keys")

    held = [await store.pool.acquire() for _ in range(3)]
    taken = await asyncio.wait_for(store.take(MADE_AT_ONCE // 3), 4)
    for connection in held:
        await store.pool.release(connection)

    assert (made, len(taken)) == (MADE_AT_ONCE, MADE_AT_ONCE // 3)


async def test_keys_that_lay_through_a_sleep_of_the_machine_are_not_handed_out(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.take(1)
    assert store.ready
    awake, slept = time.clock_gettime, {CLOCK: UNUSED_FOR}
    monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + slept.get(clock, 0.0))

    assert not store.ready


async def test_what_lay_too_long_is_given_back_and_made_anew_before_anybody_has_to_wait_for_it(store: KeyStore) -> None:
    await store.take()
    await until(lambda: ready(store))
    for minting in store._stock:
        minting.made_at -= UNUSED_FOR
    old = {key.key_id for minting in store._stock for key in minting.keys}

    [key] = await store.take()

    assert key.key_id not in old
    await until(lambda: ready(store))
    assert await store.read_now(old) == {}


async def test_what_was_not_used_is_given_back_in_the_end(url: str) -> None:
    store = await open_key_store(url, MasterKeys(OLD))
    used = {key.key_id for key in await store.take(3)}

    await store.close()

    connection = await asyncpg.connect(url)
    assert {str(row[0]) for row in await connection.fetch("SELECT key_id FROM subject_keys")} == used
    assert await connection.fetchval("SELECT count(*) FROM mintings") == 0
    await connection.close()


async def test_a_key_that_was_destroyed_is_absent_at_once_here_and_soon_elsewhere(
    store: KeyStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = await open_key_store(url, MasterKeys(OLD))
    [gone, stays] = await store.take(2)
    assert len(await elsewhere.read([gone.key_id, stays.key_id])) == 2

    await store.destroy([gone.key_id])
    await store.destroy([gone.key_id])

    assert list(await store.read([gone.key_id, stays.key_id, None])) == [stays.key_id]
    assert READ_FOR < 5
    monkeypatch.setattr("shared.key_store.READ_FOR", 0)
    assert list(await elsewhere.read([gone.key_id, stays.key_id])) == [stays.key_id]
    await elsewhere.close()


async def test_what_is_remembered_is_bounded(store: KeyStore) -> None:
    for _ in range(3):
        await store.read(key.key_id for key in await store.take(READ_AT_MOST // 2 + 1))

    assert len(store._read) <= READ_AT_MOST


async def test_who_may_only_read_neither_makes_nor_destroys_keys_and_others_stay_out(postgres: Postgres) -> None:
    name = f"keys_{next(_numbers)}"
    postgres.create_database(name)
    for login in ("order_intake", "dispatch", "inventory"):
        postgres.create_service(login)
    await make_key_store(postgres.url(name), ["order_intake"], ["dispatch"])
    writer = await open_key_store(postgres.url(name, "order_intake"), MasterKeys(OLD))
    reader = await open_key_store(postgres.url(name, "dispatch"), MasterKeys(OLD))

    [key] = await writer.take()

    assert await reader.read([key.key_id]) == {key.key_id: key}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.destroy([key.key_id])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.take()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(postgres.url(name, "inventory"))
    for store in (writer, reader):
        await store.close()


async def test_a_new_master_key_takes_over_all_keys(store: KeyStore, url: str) -> None:
    keys = await store.take(1200)
    between = await open_key_store(url, MasterKeys(NEW, [OLD]))

    assert await between.read(key.key_id for key in keys) == {key.key_id: key for key in keys}
    assert await rewrap(between) == await between.pool.fetchval("SELECT count(*) FROM subject_keys")
    assert await rewrap(between) == 0

    alone = await open_key_store(url, MasterKeys(NEW))
    assert await alone.read(key.key_id for key in keys) == {key.key_id: key for key in keys}
    without = await open_key_store(url, MasterKeys(new_master_key("other")))
    with pytest.raises(Unopenable):
        await without.read([keys[0].key_id])
    for each in (between, alone, without):
        await each.close()


async def test_what_a_crashed_process_left_is_swept_but_for_what_was_used(store: KeyStore) -> None:
    used, unused = await store.take(2)
    asked: list[str] = []

    async def known(made_at: datetime, key_ids: Sequence[str]) -> Collection[str]:
        asked.extend(key_ids)
        return [used.key_id]

    assert await sweep(store.pool, known) == 0
    await store.pool.execute("UPDATE mintings SET made_at = now() - interval '25 hours'")
    assert await sweep(store.pool, known) == 1

    assert {used.key_id, unused.key_id} < set(asked)
    assert [str(row[0]) for row in await store.pool.fetch("SELECT key_id FROM subject_keys")] == [used.key_id]
    assert await sweep(store.pool, known) == 0


def test_the_key_store_lies_beside_the_other_databases_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    password = token_urlsafe(16)
    monkeypatch.delenv("LSC_KEYS_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{{database}}:{password}@db:5432/{{database}}?sslmode=require")

    assert Settings().key_store("dispatch") == f"postgresql://dispatch:{password}@db:5432/lsc_keys?sslmode=require"
    monkeypatch.setenv("LSC_KEYS_URL", f"postgresql://{{database}}:{password}@keys/k")
    assert Settings().key_store("dispatch") == f"postgresql://dispatch:{password}@keys/k"


def test_without_a_master_key_nothing_that_seals_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSC_MASTER_KEY")

    with pytest.raises(SystemExit, match="python -m shared master-key"):
        Settings().masters()


def test_a_weak_master_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSC_MASTER_KEY", "main.hunter2hunter2")

    with pytest.raises(ValueError, match="python -m shared master-key") as refused:
        Settings()

    assert "hunter2" not in str(refused.value)
