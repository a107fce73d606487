"""Runs a service's migrations; called by Alembic with the configuration that `shared.migrations` made."""

import asyncio
import sys
from time import monotonic

import asyncpg
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from shared.audit.console import record_migration
from shared.crash import crash_point
from shared.database import what_passes
from shared.reading import engine
from sqlalchemy import Connection, pool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import SchemaItem

LOCK_SECONDS = 2
PAUSE_SECONDS = 3.0
PATIENCE_SECONDS = 600.0
_SESSION = {"lock_timeout": f"{LOCK_SECONDS}s", "idle_in_transaction_session_timeout": "0"}
_TURN = text("SELECT pg_advisory_xact_lock(hashtext('migrations'))")
_IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)

config = context.config
metadata = config.attributes["metadata"]


def _ours(item: SchemaItem, name: str | None, kind: str, reflected: bool, compared: SchemaItem | None) -> bool:  # Alembic's signature
    """Skips the ledger's daily leaves and their indexes, which the service makes itself."""
    return not (reflected and (name or "").startswith("outbox_") and (name or "") not in ("outbox_pending", "outbox_pkey"))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=_ours,
        transaction_per_migration=True,
        on_version_apply=_applied,
    )
    with context.begin_transaction():
        context.run_migrations()
        crash_point("migration.all_applied")


def _applied(ctx: MigrationContext, step: MigrationInfo, heads: object, run_args: object) -> None:  # Alembic's signature
    record_migration(ctx, step, heads, run_args)
    crash_point("migration.applied")


async def _online() -> None:
    """One process at a time. Whoever waits for a table keeps everybody else from it, so a step that waits gives way and is tried again."""
    owner = engine(config.attributes["url"], _SESSION, poolclass=pool.NullPool)
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await _in_turn(owner)
        except DBAPIError as error:
            fault = what_passes(error)
            if not isinstance(fault, _IN_THE_WAY) or monotonic() > until:
                raise
            sys.stderr.write(f"Somebody is in the way ({fault.message}): tried again in {PAUSE_SECONDS:.0f} s.\n")
        await asyncio.sleep(PAUSE_SECONDS)


async def _in_turn(owner: AsyncEngine) -> None:
    """The turn is a transaction of its own, because each version has one as well."""
    async with owner.connect() as turn, owner.connect() as connection:
        await turn.execute(_TURN)
        await connection.run_sync(_run)
        crash_point("migration.before_last_commit")
        await connection.commit()


asyncio.run(_online())
