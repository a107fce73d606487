"""Runs a service's migrations; called by Alembic with the configuration that `shared.migrations` made."""

import asyncio
import sys

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from shared.audit.console import record_migration
from shared.crash import crash_point
from shared.migrations import GIVE_WAY
from shared.reading import engine
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import SchemaItem

_TURN = text("SELECT pg_try_advisory_lock(hashtext('migrations'))")
_LOOK_SECONDS = 1.0

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


async def _take_turn(connection: AsyncConnection) -> None:
    """It is the connection's, to its end. Asked for again and again: who waited in the database would hold a snapshot there."""
    is_told = False
    while not await _has_turn(connection):
        if not is_told:
            sys.stderr.write("Somebody else migrates this database: waiting for the end of it.\n")
            is_told = True
        await asyncio.sleep(_LOOK_SECONDS)


async def _has_turn(connection: AsyncConnection) -> bool:
    """The turn stays when the transaction that took it is undone."""
    taken = await connection.scalar(_TURN)
    await connection.rollback()
    return bool(taken)


async def _online() -> None:
    owner = engine(config.attributes["url"], GIVE_WAY, poolclass=pool.NullPool)
    async with owner.connect() as connection:
        await _take_turn(connection)
        await connection.run_sync(_run)
        crash_point("migration.before_last_commit")
        await connection.commit()
    await owner.dispose()


asyncio.run(_online())
