"""PostgreSQL goes down hard, loses its backends, and refuses what it would take a moment later."""

import asyncio
from contextlib import suppress

import asyncpg
import psutil
from shared.walls import Role

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, InVain, fault

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
        if not (backends := _backends(ground.stage.postgres.pid)):
            continue
        backend = ground.drawn.choice(backends)
        backend.suspend()
        stopped += 1
        try:
            await asyncio.sleep(ground.seconds(1, 6))
        finally:
            with suppress(psutil.NoSuchProcess):
                backend.resume()
    if not stopped:
        raise InVain("no backend was there")


def _backends(postmaster: int | None) -> list[psutil.Process]:
    """Those that serve clients, by their titles; if there are any, those in the middle of something."""
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        found = [each for each in psutil.Process(postmaster).children() if "127.0.0.1(" in _title(each)] if postmaster else []
    return [each for each in found if not _title(each).endswith("idle")] or found


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
        if backends := _backends(ground.stage.postgres.pid):
            with suppress(psutil.NoSuchProcess):
                ground.drawn.choice(backends).terminate()
                terminated += 1
        await asyncio.sleep(1)
    if not terminated:
        raise InVain("no backend was there")


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
    customers, locked = ["NORTH", "EAST", "WEST"], 0
    for _ in range(20):
        with suppress(asyncpg.PostgresError, OSError, TimeoutError):
            with suppress(asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
                await _reverse(ground, ground.drawn.choice(customers))
            locked += 1
        await asyncio.sleep(ground.seconds(0.1, 0.4))
    if not locked:
        raise InVain("the stranger was never let in")


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
