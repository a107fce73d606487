"""PostgreSQL goes down hard, loses its backends, and refuses what it would take a moment later."""

import asyncio
from contextlib import suppress

import asyncpg
import psutil
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, InVain, fault

STRANGERS = 20
FORCED = ("40001", "40P01", "55P03", "57014", "53300", "53100")
"""Serialization failure, deadlock, lock not available, query cancelled, too many connections, disk full."""


@fault("PostgreSQL stops at once and recovers", "postgres")
async def restart(ground: Field) -> None:
    await asyncio.to_thread(ground.stage.postgres.kill)
    await asyncio.sleep(ground.seconds(1, 10 if ground.full else 4))
    await asyncio.to_thread(ground.stage.postgres.start)


@fault("SIGSTOP of backends", "postgres")
async def stop_backends(ground: Field) -> None:
    """With whatever they have locked."""
    stopped = 0
    for _ in range(4):
        if (backend := await _caught(ground)) is None:
            continue
        stopped += 1
        try:
            await asyncio.sleep(ground.seconds(1, 6))
        finally:
            _let_go(backend)
    if not stopped:
        raise InVain("no backend was busy")


async def _caught(ground: Field) -> psutil.Process | None:
    """A backend that stands still in the middle of something: who has come to its end before it stood goes on. Looks for a second."""
    for _ in range(20):
        busy = [each for each in _backends(ground) if not is_idle(_title(each))]
        if busy and _is_stopped(backend := ground.drawn.choice(busy)):
            return backend
        await asyncio.sleep(0.05)
    return None


def _is_stopped(backend: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        backend.suspend()
        if not is_idle(_title(backend)):
            return True
        backend.resume()
    return False


def _let_go(backend: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        backend.resume()


def _backends(ground: Field) -> list[psutil.Process]:
    """Those that serve clients, by their titles, but for those that another fault needs."""
    postmaster = ground.stage.postgres.pid
    with suppress(psutil.NoSuchProcess):
        found = psutil.Process(postmaster).children() if postmaster else []
        return [each for each in found if each.pid not in ground.spared and "127.0.0.1(" in _title(each)]
    return []


def is_idle(title: str) -> bool:
    """In no transaction; or gone."""
    return not title or title.endswith(" idle")


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.NoSuchProcess:
        return ""


@fault("backends are terminated")
async def terminate(ground: Field) -> None:
    """One a second."""
    terminated = 0
    for _ in range(60 if ground.full else 15):
        if backend := await _caught(ground):
            with suppress(psutil.NoSuchProcess):
                backend.terminate()
                terminated += 1
            _let_go(backend)
        await asyncio.sleep(1)
    if not terminated:
        raise InVain("no backend was busy")


@fault("statements are refused: serialization, deadlock, lock, timeout, connections, disk", "refusals")
async def refusals(ground: Field) -> None:
    """A trigger below each outbox and each place of a consumer refuses one statement in eight."""
    codes = ", ".join(f"'{code}'" for code in FORCED)
    function = (
        "CREATE OR REPLACE FUNCTION crash_refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " IF random() < 0.12 THEN PERFORM nextval('crash_refused');"
        f" RAISE EXCEPTION 'forced' USING ERRCODE = (ARRAY[{codes}])[1 + floor(random() * {len(FORCED)})::int]; END IF;"
        " RETURN NULL; END $$"
    )
    triggers = [
        f"CREATE OR REPLACE TRIGGER crash_refuse BEFORE {when} FOR EACH STATEMENT EXECUTE FUNCTION crash_refuse()" for when in _WHERE
    ]
    try:
        for service in SERVICES:
            await ground.as_owner(service.package, *_COUNTED, function, *triggers)
        await asyncio.sleep(ground.seconds(4, 10))
        refused = [await ground.ask(service.package, "SELECT is_called FROM crash_refused") for service in SERVICES]
    finally:
        for service in SERVICES:
            await ground.as_owner(
                service.package, "DROP FUNCTION IF EXISTS crash_refuse() CASCADE", "DROP SEQUENCE IF EXISTS crash_refused"
            )
    if not any(refused):
        raise InVain("nobody came to where statements are refused")


_COUNTED = ("CREATE SEQUENCE IF NOT EXISTS crash_refused", "GRANT SELECT ON SEQUENCE crash_refused TO PUBLIC")
"""Not taken back with what was refused."""
_WHERE = ("INSERT OR DELETE ON outbox_pending", "UPDATE ON consumer_offsets", "DELETE ON timers")


@fault("deadlocks with somebody who locks in another order")
async def deadlocks(ground: Field) -> None:
    """A transaction beside the product takes the items of a customer in reverse, one by one."""
    customers, refused, before = ["NORTH", "EAST", "WEST"], 0, await _deadlocks(ground)
    for _ in range(STRANGERS):
        with suppress(asyncpg.PostgresError, OSError, TimeoutError):
            try:
                await _reverse(ground, ground.drawn.choice(customers))
            except asyncpg.DeadlockDetectedError:
                refused += 1
        await asyncio.sleep(ground.seconds(0.1, 0.4))
    if not refused and await _deadlocks(ground) <= before:
        raise InVain("nobody waited for the stranger while it waited for them")


async def _deadlocks(ground: Field) -> int:
    """In which PostgreSQL has refused one of those who waited for each other."""
    counted = await ground.ask("inventory", "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return counted if isinstance(counted, int) else 0


async def _reverse(ground: Field, customer: str) -> None:
    connection = await asyncpg.connect(ground.target.database("inventory", Role.WORKER), timeout=5)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '3s'")
            for sku in ("ITEM-7", "ITEM-4", "ITEM-1"):
                await connection.execute("SELECT FROM items WHERE customer_id = $1 AND sku = $2 FOR UPDATE", customer, sku)
                await asyncio.sleep(0.1)
    finally:
        connection.terminate()
