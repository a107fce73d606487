"""What the worker does about consignees, some at a time: finds whom an erasure means, destroys keys, seals what older versions stored.

The keys lie in another database: first they are destroyed, then it is written down. Whatever ends in between is done again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared.crash import crash_point
from shared.database import Pool, Row, columns, transaction
from shared.events import ShipTo
from shared.jobs import Job
from shared.key_store import UNUSED_FOR, KeyStore
from shared.key_upkeep import sweep
from shared.locks import lock
from shared.sealing import SubjectKey

from order_intake.commands.erasures import WANTED, finish_erasures, forget_consignees, mean_orders
from order_intake.commands.storage import order_locks
from order_intake.consignee import is_meant, opened, seal
from order_intake.erasure_schemas import WantedConsignee
from order_intake.lifecycle import ARRIVED_OR_ENDED
from order_intake.queries import first_id

AT_ONCE = 200
CLOCKS_DIFFER = timedelta(hours=1)

_SEARCH = "SELECT * FROM erasures WHERE finished_at IS NULL AND status = 'searching' ORDER BY erasure_id LIMIT 1"
_ORDERS = """
SELECT order_id, customer_id, ship_to_key_id,
    consignee_code || ARRAY(SELECT former_consignee_code FROM order_amendments a WHERE a.order_id = orders.order_id) AS codes,
    ship_to || ARRAY(
        SELECT former_ship_to FROM order_amendments a WHERE a.order_id = orders.order_id AND former_ship_to IS NOT NULL
    ) AS ship_tos
FROM orders
WHERE customer_id = $1 AND order_id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid) AND received_at <= $3 AND erased_at IS NULL
ORDER BY order_id LIMIT $4
"""
_SEARCHED = """
UPDATE erasures SET searched_to = $3, status = CASE WHEN $4 THEN 'erasing' ELSE status END,
    wanted = CASE WHEN $4 THEN NULL ELSE wanted END, wanted_key_id = CASE WHEN $4 THEN NULL ELSE wanted_key_id END
WHERE erasure_id = $1 AND status = 'searching' AND searched_to IS NOT DISTINCT FROM $2 RETURNING true
"""
_DUE = """
SELECT DISTINCT order_id, ship_to_key_id FROM erasure_orders e JOIN orders o USING (order_id)
WHERE e.erased_at IS NULL AND o.status = ANY($1::text[]) ORDER BY order_id LIMIT $2
"""
_PLAIN = """
SELECT order_id, customer_id, ship_to FROM orders WHERE ship_to_key_id IS NULL AND ship_to IS NOT NULL ORDER BY order_id LIMIT $1
"""
_SEAL = """
UPDATE orders SET ship_to_key_id = new.key_id, ship_to = new.sealed
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS new (order_id, key_id, sealed)
WHERE orders.order_id = new.order_id AND ship_to_key_id IS NULL AND ship_to IS NOT NULL
"""
_USED = """
SELECT ship_to_key_id FROM orders WHERE order_id BETWEEN $1 AND $2 AND ship_to_key_id = ANY($3::text[])
UNION SELECT wanted_key_id FROM erasures WHERE wanted_key_id = ANY($3::text[])
UNION SELECT key_id FROM edi_interchanges WHERE interchange_id BETWEEN $1 AND $2 AND key_id = ANY($3::text[])
"""


async def search_orders(pool: Pool, store: KeyStore) -> int:
    """Of one erasure that names a consignee, look at some more orders of the customer; at none any more it goes over to erasing."""
    erasure = await pool.fetchrow(_SEARCH)
    if erasure is None:
        return 0
    searched_to = erasure["searched_to"]
    rows = await pool.fetch(_ORDERS, erasure["customer_id"], searched_to, erasure["requested_at"], AT_ONCE)
    meant = await _meant(erasure, rows, store) if rows else []
    last = rows[-1]["order_id"] if rows else searched_to
    if not rows:
        await store.destroy([erasure["wanted_key_id"]])
        crash_point("erasures.wanted_key_destroyed")
    async with transaction(pool) as tx:
        if await tx.fetchval(_SEARCHED, erasure["erasure_id"], searched_to, last, not rows):
            await mean_orders(tx, erasure["erasure_id"], erasure["customer_id"], meant)
        crash_point("erasures.searched")
    return max(len(rows), 1)


async def _meant(erasure: Row, rows: Sequence[Row], store: KeyStore) -> list[UUID]:
    wanted_by = (await store.read([erasure["wanted_key_id"]]))[erasure["wanted_key_id"]]
    wanted = WantedConsignee.model_validate_json(wanted_by.open_text(erasure["wanted"], erasure["customer_id"], WANTED))
    if wanted.code is not None:
        return [row["order_id"] for row in rows if wanted.code in row["codes"]]
    keys = await store.read(row["ship_to_key_id"] for row in rows)
    return [row["order_id"] for row in rows if any(is_meant(each, wanted) for each in _consignees(row, keys))]


def _consignees(row: Row, keys: Mapping[str, SubjectKey]) -> list[ShipTo]:
    """To whom the order goes, and to whom it should have gone before it was amended."""
    found = [opened(ship_to, row["ship_to_key_id"], row["customer_id"], keys) for ship_to in row["ship_tos"]]
    return [each for each in found if each]


async def erase_orders(pool: Pool, store: KeyStore) -> int:
    """Destroy the keys of some that have ended, then write it down."""
    due = await pool.fetch(_DUE, sorted(ARRIVED_OR_ENDED), AT_ONCE)
    await store.destroy(row["ship_to_key_id"] for row in due if row["ship_to_key_id"])
    if due:
        crash_point("erasures.keys_destroyed")
    async with transaction(pool) as tx:
        if due:
            await forget_consignees(tx, [row["order_id"] for row in due])
            crash_point("erasures.forgotten")
        else:
            await finish_erasures(tx)
    return len(due)


async def seal_plain_orders(pool: Pool, store: KeyStore) -> int:
    """What was stored before consignees were sealed."""
    plain = await pool.fetch(_PLAIN, AT_ONCE)
    if not plain:
        return 0
    keys = await store.make(len(plain))
    sealed = [(row["order_id"], key.key_id, _sealed(row, key)) for row, key in zip(plain, keys, strict=True)]
    async with transaction(pool) as tx:
        await lock(tx, order_locks([row["order_id"] for row in plain]))
        await tx.execute(_SEAL, *columns(sealed, 3))
        crash_point("erasures.plain_sealed")
    return len(plain)


def _sealed(row: Row, key: SubjectKey) -> str:
    return seal(ShipTo.model_validate_json(row["ship_to"]), key, row["customer_id"])


async def sweep_keys(pool: Pool, store: KeyStore) -> int:
    """Give back what crashed processes had in memory; an order's id says when it came, so that no index is needed."""

    async def used(made_at: datetime, key_ids: Sequence[str]) -> Collection[str]:
        until = made_at + timedelta(seconds=UNUSED_FOR) + CLOCKS_DIFFER
        return [row[0] for row in await pool.fetch(_USED, first_id(made_at - CLOCKS_DIFFER), first_id(until), list(key_ids))]

    return await sweep(store.pool, used)


JOBS = (
    Job("erasures.search", 1, search_orders),
    Job("erasures.erase", 1, erase_orders),
    Job("orders.seal", 60, seal_plain_orders),
    Job("keys.sweep", 3600, sweep_keys),
)
