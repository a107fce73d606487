"""A second set of kpi's tables in a schema of its own, filled beside the running system and then put in place of the first."""

from shared.database import Transaction
from shared.key_tables import THIS_TRANSACTION
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from kpi.models import metadata

SCHEMA = "rebuilt"
FACTS = ("order_facts", "line_facts", "case_facts")
PLACES = ("consumer_offsets", "progress", "waiting")
"""How far the consumer is; locked first, as the worker does."""
KEYS = "api_keys"
"""Heard on the same topics: what the replay heard before the worker did is added to the real ones."""
_LETTERS = ("outbox", "outbox_pending")
"""What a handler refuses here was said before: it is written down and thrown away with the schema."""

_ADD_KEYS = f"""
INSERT INTO {KEYS} AS k (key_id, secret_hash, customer_id, scopes, expires_at, issued_at, revoked_at)
SELECT key_id, secret_hash, customer_id, scopes, expires_at, issued_at, revoked_at FROM {SCHEMA}.{KEYS}
ON CONFLICT (key_id) DO UPDATE SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, expires_at = excluded.expires_at,
    issued_at = excluded.issued_at, revoked_at = excluded.revoked_at, changed_in = {THIS_TRANSACTION}
WHERE NOT k.from_settings AND (k.issued_at, k.revoked_at) IS DISTINCT FROM (excluded.issued_at, excluded.revoked_at)
"""


async def make(tx: Transaction) -> None:
    """Make the tables empty, whatever an interrupted rebuild left."""
    await drop(tx)
    await tx.execute(f"CREATE SCHEMA {SCHEMA}")
    await tx.execute(f"SET LOCAL search_path = {SCHEMA}")
    for name in (*PLACES, *FACTS, KEYS):
        for statement in _statements(metadata.tables[name]):
            await tx.execute(statement)
    for name in _LETTERS:
        await tx.execute(f"CREATE TABLE {name} (LIKE public.{name} INCLUDING DEFAULTS)")
    await tx.execute("SET LOCAL search_path = DEFAULT")


def _statements(table: Table) -> list[str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made: list[CreateTable | CreateIndex] = [
        CreateTable(table),
        *(CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))),
    ]
    return [str(each.compile(dialect=dialect)) for each in made]


async def drop(tx: Transaction) -> None:
    await tx.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


async def hold_writers(tx: Transaction) -> None:
    """From here to the end of the transaction the worker waits, and whoever reads goes on reading."""
    await tx.execute("SET LOCAL statement_timeout = 0")
    await tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    await tx.execute(f"LOCK TABLE {', '.join((*PLACES, *FACTS))} IN EXCLUSIVE MODE")


async def refused_anew(tx: Transaction, consumer: str) -> int:
    """So many things are parked here that are not parked in the first set: all that was ever refused comes at once, and looks like a bad
    deploy where it is not."""
    parked = "SELECT aggregate FROM {schema}.progress WHERE consumer = $1 AND parked_at IS NOT NULL"
    anew = f"{parked.format(schema=SCHEMA)} EXCEPT {parked.format(schema='public')}"
    found: int = await tx.fetchval(f"SELECT count(*) FROM ({anew}) AS anew", consumer)
    return found


async def put_in_place(tx: Transaction, consumer: str) -> None:
    """Replace the facts and the consumer's place by the rebuilt ones."""
    for name in PLACES:
        await tx.execute(f"DELETE FROM {name} WHERE consumer = $1", consumer)
        await _copy(tx, name)
    for name in FACTS:
        await tx.execute(f"DELETE FROM {name}")
        await _copy(tx, name)
    await tx.execute(_ADD_KEYS)


async def _copy(tx: Transaction, name: str) -> None:
    columns = ", ".join(f'"{column.name}"' for column in metadata.tables[name].columns)
    await tx.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {SCHEMA}.{name}")


async def same_place(tx: Transaction, consumer: str) -> bool:
    """Do both sets stand at the same offsets, so that their figures can be compared?"""
    at = "SELECT topic, partition, next_offset FROM {schema}.consumer_offsets WHERE consumer = $1"
    both = (at.format(schema="public"), at.format(schema=SCHEMA))
    differing = " UNION ALL ".join(f"(({one}) EXCEPT ({other}))" for one, other in (both, both[::-1]))
    return not await tx.fetchval(f"SELECT EXISTS ({differing})", consumer)
