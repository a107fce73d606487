from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.batches import Done, Outcome
from shared.database import Row, Transaction, columns
from shared.events import ItemRegistered
from shared.locks import lock
from shared.outbox import publish

from inventory.allocation import ItemKey
from inventory.locks import item_lock
from inventory.schemas import NewItem

_ADD = """
INSERT INTO items (customer_id, sku, description, unit) SELECT customer_id, sku, '', ''
FROM unnest($1::text[], $2::text[]) AS new (customer_id, sku) ORDER BY customer_id, sku ON CONFLICT DO NOTHING
"""

_READ = """
SELECT customer_id, sku, description, gtin, unit, weight_kg, volume_l, event_version
FROM items JOIN unnest($1::text[], $2::text[]) AS wanted (customer_id, sku) USING (customer_id, sku)
"""

_WRITE = """
UPDATE items i SET description = n.description, gtin = n.gtin, unit = n.unit, weight_kg = n.weight_kg, volume_l = n.volume_l,
                   event_version = n.version
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float[], $7::float[], $8::int[])
     AS n (customer_id, sku, description, gtin, unit, weight_kg, volume_l, version)
WHERE (i.customer_id, i.sku) = (n.customer_id, n.sku)
"""


async def register_items(tx: Transaction, new: Sequence[NewItem]) -> list[Outcome[NewItem]]:
    """Write the items' master data, whole; say each that is new or changed. The last word on an item counts."""
    keys = sorted({(item.customer_id, item.sku) for item in new})
    await tx.execute(_ADD, *columns(keys, 2))
    await lock(tx, [item_lock(*key) for key in keys])
    known = {(row["customer_id"], row["sku"]): row for row in await tx.fetch(_READ, *columns(keys, 2))}
    versions = {key: row["event_version"] for key, row in known.items()}
    events = list(_changes(new, known, versions, await tx.now()))
    last = {(event.customer_id, event.sku): event for event in events}
    await tx.execute(
        _WRITE, *columns([(*key, e.description, e.gtin, e.unit, e.weight_kg, e.volume_l, e.version) for key, e in last.items()], 8)
    )
    await publish(tx, *events)
    return _outcomes(new, {key for key, row in known.items() if not row["event_version"]})


def _changes(new: Sequence[NewItem], known: dict[ItemKey, Row], versions: dict[ItemKey, int], at: datetime) -> Iterator[ItemRegistered]:
    now = {key: tuple(row)[2:7] for key, row in known.items()}
    for item in new:
        key, said = (item.customer_id, item.sku), (item.description, item.gtin, item.unit, item.weight_kg, item.volume_l)
        if versions[key] and now[key] == said:
            continue
        now[key] = said
        versions[key] += 1
        yield ItemRegistered(**item.model_dump(), version=versions[key], occurred_at=at)


def _outcomes(new: Sequence[NewItem], created: set[ItemKey]) -> list[Outcome[NewItem]]:
    first_seen: set[ItemKey] = set()
    outcomes: list[Outcome[NewItem]] = []
    for item in new:
        key = (item.customer_id, item.sku)
        outcomes.append(Done(item, created=key in created and key not in first_seen))
        first_seen.add(key)
    return outcomes
