from shared.batches import Done
from shared.database import Transaction
from shared.revisions import is_current

from inventory.errors import StaleWarehouse
from inventory.schemas import WarehouseChange, WarehouseView

_PUT = """
INSERT INTO warehouses AS w (code, name) VALUES ($1, $2)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, revision = w.revision + (w.name <> excluded.name)::int
RETURNING revision, xmax = 0 AS is_new
"""


async def put_warehouse(tx: Transaction, code: str, change: WarehouseChange, if_match: str | None) -> Done[WarehouseView]:
    """Make or rename a warehouse; with `if_match` only the revision that the caller has read. Raises StaleWarehouse."""
    if if_match is not None:
        revision = await tx.fetchval("SELECT revision FROM warehouses WHERE code = $1 FOR NO KEY UPDATE", code)
        if not is_current(if_match, revision):
            raise StaleWarehouse(code, revision)
    row = await tx.fetchrow(_PUT, code, change.name)
    assert row
    return Done(WarehouseView(code=code, name=change.name, revision=row["revision"]), row["is_new"])
