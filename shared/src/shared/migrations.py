"""Alembic for every service: the same environment, each with its own versions."""

import asyncio
import importlib.util
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from time import sleep

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from shared.crash import crash_point
from shared.database import Pool, open_pool, transaction, what_passes
from shared.outbox import make_leaves

GIVE_WAY = {"lock_timeout": "2s"}
"""The session's setting of whoever changes tables that others use."""
PAUSE_SECONDS = 3.0
TRIES = 120
_IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


def config(package: str, url: str, metadata: MetaData | None = None) -> Config:
    """The service's versions lie in its `migrations/`; `url` as asyncpg takes it, entering as the owner."""
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.origin
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    made.set_main_option("version_locations", str(Path(spec.origin).parent / "migrations"))
    made.set_main_option("path_separator", "newline")
    made.attributes["url"] = url
    made.attributes["metadata"] = metadata if metadata is not None else import_module(f"{package}.models").metadata
    return made


def migrate(package: str, url: str) -> None:
    """Bring the database to the newest version and make the ledger's leaves; `url` enters as the owner. Not from within an event loop.

    Who waits for a table keeps everybody else from it: so a step that finds one in use gives way, and is tried again, TRIES times in all.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            _migrate(package, url)
            break
        except Exception as error:
            fault = what_passes(error)
            if not tries_left or not isinstance(fault, _IN_THE_WAY):
                raise
            sys.stderr.write(f"Somebody is in the way ({fault.message}): tried again in {PAUSE_SECONDS:.0f} s.\n")
        sleep(PAUSE_SECONDS)


def _migrate(package: str, url: str) -> None:
    command.upgrade(config(package, url), "head")
    crash_point("migration.upgraded")
    asyncio.run(keep_leaves(url))


async def keep_leaves(url: str) -> None:
    """Make the ledger's leaves of the days to come; `url` enters as the owner."""
    pool = await open_pool(url, 1, settings=GIVE_WAY)
    try:
        async with transaction(pool) as tx:
            await make_leaves(tx)
            crash_point("migration.leaves_made")
    finally:
        await pool.close()


@cache
def head(package: str) -> str | None:
    return ScriptDirectory.from_config(config(package, "")).get_current_head()


async def at_head(pool: Pool, package: str) -> bool:
    """Does the database answer, and is it at the version that this code needs?"""
    try:
        return bool(await pool.fetchval("SELECT version_num FROM alembic_version", timeout=2) == head(package))
    except Exception:  # noqa: BLE001 - not ready is the answer
        return False
