"""What the worker does about interchanges that speak of no order: their bytes are destroyed when their time is over, some at a time.

An interchange that speaks of orders goes with these. What stays of both is the verdict, which holds no value of an element.
"""

from shared.crash import crash_point
from shared.database import Pool, transaction
from shared.jobs import Job
from shared.key_store import KeyStore

from order_intake.queries import first_id
from order_intake.settings import terms

AT_ONCE = 200

_OLD = """
SELECT interchange_id, key_id FROM edi_interchanges WHERE key_id IS NOT NULL AND interchange_id < $1 ORDER BY interchange_id LIMIT $2
"""
_DESTROYED = """
UPDATE edi_interchanges SET key_id = NULL, body = NULL, acknowledgement = CASE WHEN acknowledgement IS NOT NULL THEN ''::bytea END
WHERE interchange_id = ANY($1::uuid[])
"""


async def destroy_old_bytes(pool: Pool, store: KeyStore) -> int:
    """First the keys, which lie in another database; whatever ends in between is done again."""
    now = await pool.fetchval("SELECT now()")
    old = await pool.fetch(_OLD, first_id(now - terms().edi_kept), AT_ONCE)
    if not old:
        return 0
    await store.destroy(row["key_id"] for row in old)
    crash_point("edi.keys_destroyed")
    async with transaction(pool) as tx:
        await tx.execute(_DESTROYED, [row["interchange_id"] for row in old])
        crash_point("edi.bytes_destroyed")
    return len(old)


JOBS = (Job("edi.keep", 600, destroy_old_bytes),)
