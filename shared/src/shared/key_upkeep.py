"""The key store's tables, what crashed processes left in it, and a new master key."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.crash import crash_point
from shared.database import Pool
from shared.key_store import GIVE_BACK, KeyStore
from shared.sealing import Wrapped

ABANDONED_AFTER_DAYS = 1
REWRAPPED_AT_ONCE = 1_000

TABLES = """
CREATE TABLE IF NOT EXISTS subject_keys (
    key_id uuid PRIMARY KEY, master_id text NOT NULL, wrapped bytea NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0);
CREATE TABLE IF NOT EXISTS mintings (
    minting_id uuid PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now(), key_ids uuid[] NOT NULL
);
"""
"""`mintings` are the keys that a process holds in memory: who crashes leaves its own behind. Vacuum follows soon on what is destroyed."""

_FORMER = """
SELECT key_id::text, master_id, wrapped FROM subject_keys WHERE key_id > $1 AND master_id <> $2 ORDER BY key_id LIMIT $3
"""
_REWRAP = """
UPDATE subject_keys k SET master_id = $3, wrapped = n.wrapped FROM unnest($1::uuid[], $2::bytea[]) AS n (key_id, wrapped)
WHERE k.key_id = n.key_id
"""
Used = Callable[[datetime, Sequence[str]], Awaitable[Collection[str]]]
"""Those of the keys made at that time under which something was stored."""


async def make_key_store(url: str, writers: Sequence[str] = (), readers: Sequence[str] = ()) -> None:
    """Its tables, and the logins that make and destroy keys, or may only read them; nobody else gets into the database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TABLES)
        crash_point("key_upkeep.tables_made")
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
        for login in (*writers, *readers):
            rights = "SELECT, INSERT, UPDATE, DELETE" if login in writers else "SELECT"
            name = await connection.fetchval("SELECT quote_ident($1)", login)
            await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")
            await connection.execute(f"GRANT {rights} ON {'subject_keys, mintings' if login in writers else 'subject_keys'} TO {name}")
    finally:
        await connection.close()


async def sweep(pool: Pool, used: Used) -> int:
    """Remove what crashed processes had in memory and never used."""
    sql = "SELECT minting_id, made_at, key_ids::text[] FROM mintings WHERE made_at < now() - make_interval(days => $1)"
    abandoned = await pool.fetch(sql, ABANDONED_AFTER_DAYS)
    for minting_id, made_at, key_ids in abandoned:
        unused = set(key_ids) - set(await used(made_at, key_ids))
        await pool.execute(GIVE_BACK, minting_id, sorted(unused))
        crash_point("key_upkeep.swept")
    return len(abandoned)


async def rewrap(store: KeyStore) -> int:
    """Wrap under the current master key what a former one has wrapped; says how many. Stopped on its way it goes on from there."""
    last, count, masters = str(UUID(int=0)), 0, store.masters
    while rows := await store.pool.fetch(_FORMER, last, masters.current, REWRAPPED_AT_ONCE):
        anew = [masters.wrap(masters.unwrap(Wrapped(*row))) for row in rows]
        await store.pool.execute(_REWRAP, [each.key_id for each in anew], [each.wrapped for each in anew], masters.current)
        crash_point("key_upkeep.rewrapped")
        last, count = anew[-1].key_id, count + len(anew)
    return count
