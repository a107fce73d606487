"""What a person does on the console is written down like what a caller does."""

import getpass

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationInfo
from uuid_utils.compat import uuid7

from shared.database import Transaction

_ENTRY = "INSERT INTO audit (caller, kind, action, subject, things, correlation_id) VALUES ({}, 'console', {}, {}, 1, {})"


async def record_command(tx: Transaction, action: str, subject: str) -> None:
    """In the transaction that does it."""
    await tx.execute(_ENTRY.format("$1", "$2", "$3", "$4"), caller(), action, subject, tx.cause.correlation_id)


def record_migration(ctx: MigrationContext, step: MigrationInfo, heads: object, run_args: object) -> None:
    """Called by Alembic for each version, in the transaction of its migration; the versions before there was an audit leave none."""
    assert ctx.connection
    if ctx.connection.scalar(sa.text("SELECT to_regclass('audit') IS NOT NULL")):
        action = "migrate" if step.is_upgrade else "migrate back"
        values = {"caller": caller(), "action": action, "subject": f"version {step.up_revision_id}", "chain": uuid7()}
        ctx.connection.execute(sa.text(_ENTRY.format(":caller", ":action", ":subject", ":chain")), values)


def caller() -> str:
    """The user of the operating system; a container may have a number only."""
    try:
        return f"console:{getpass.getuser()}"
    except (KeyError, OSError):
        return "console:nobody-known"
