from datetime import datetime, timedelta
from typing import Any

from shared.database import Cause, Transaction
from shared.endings import Insert
from shared.events import Event

DAYS_AHEAD = 7

_TYPES = ("uuid", "text", "text", "text", "int", "text", "text", "timestamptz", "uuid", "uuid", "text", "bytea")
OUTBOX = Insert(
    "outbox_rows",
    _TYPES,
    """INSERT INTO outbox
        (event_id, topic, key, aggregate, version, type, customer_id, occurred_at, correlation_id, causation_id, traceparent, body)
        SELECT * FROM {rows} AS said RETURNING id, created_at""",
    then="INSERT INTO outbox_pending (id, created_at) SELECT id, created_at FROM outbox_rows",
)
"""The ledger and, beside each of its rows, the note that it is still to be sent."""


async def publish(tx: Transaction, *events: Event) -> None:
    """Say what has become true, in the transaction that made it true; it is written at its end.

    The aggregate's row is locked before, and its events stand in the order of their versions: then the ledger's ids are in commit order
    for every aggregate, and the relay needs no more than to read the lowest pending ones.
    """
    tx.gather(OUTBOX, [_row(tx, event) for event in events])


def _row(tx: Transaction, event: Event) -> tuple[Any, ...]:
    key = event.key
    cause = _cause(tx, event)
    return (
        event.event_id,
        event.topic,
        key,
        event.aggregate,
        event.version,
        event.type,
        event.customer_id,
        event.occurred_at,
        cause.correlation_id,
        cause.causation_id,
        cause.traceparent,
        event.__pydantic_serializer__.to_json(event),
    )


def _cause(tx: Transaction, event: Event) -> Cause:
    """An event has the cause of its own key, else of the order that it names, else that of the whole transaction."""
    if not tx.causes:
        return tx.cause
    because = tx.causes.get(event.key) or tx.causes.get(str(getattr(event, "order_id", None)))
    return because.cause if because else tx.cause


async def make_leaves(tx: Transaction) -> int:
    """Make the ledger's daily leaves from today on, DAYS_AHEAD days ahead; rows that fell into the default leaf move. Returns how many."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('outbox leaves'))")
    await _make("outbox_default", "DEFAULT", tx)
    today = (await tx.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    made = 0
    for day in [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]:
        made += await _make_day(tx, day)
    return made


async def _make_day(tx: Transaction, day: datetime) -> bool:
    leaf, bounds = f"outbox_{day:%Y%m%d}", f"FROM ('{day.isoformat()}') TO ('{(day + timedelta(days=1)).isoformat()}')"
    if await tx.fetchval("SELECT to_regclass($1) IS NOT NULL", leaf):
        return False
    await tx.execute(f"CREATE TABLE {leaf} (LIKE outbox INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    stray = "created_at >= $1 AND created_at < $1 + interval '1 day'"
    if await tx.fetchval(f"SELECT EXISTS (SELECT FROM outbox_default WHERE {stray})", day):
        await tx.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        await tx.execute(
            f"WITH moved AS (DELETE FROM outbox_default WHERE {stray} RETURNING *) INSERT INTO {leaf} SELECT * FROM moved", day
        )
    await tx.execute(f"ALTER TABLE outbox ATTACH PARTITION {leaf} FOR VALUES {bounds}")
    await _finish(tx, leaf)
    return True


async def _make(leaf: str, bounds: str, tx: Transaction) -> None:
    if not await tx.fetchval("SELECT to_regclass($1) IS NOT NULL", leaf):
        await tx.execute(f"CREATE TABLE {leaf} PARTITION OF outbox {bounds}")
        await _finish(tx, leaf)


async def _finish(tx: Transaction, leaf: str) -> None:
    """Its unique index, and the policies that the ledger has: whoever reads a leaf itself meets the same walls."""
    await tx.execute(f"CREATE UNIQUE INDEX {leaf}_versions ON {leaf} (aggregate, version)")
    policies = await tx.fetch("SELECT policyname, roles::text[], qual FROM pg_policies WHERE tablename = 'outbox'")
    for policy in policies:
        await tx.execute(f"CREATE POLICY {policy['policyname']} ON {leaf} TO {', '.join(policy['roles'])} USING ({policy['qual']})")
    if policies:
        await tx.execute(f"ALTER TABLE {leaf} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
