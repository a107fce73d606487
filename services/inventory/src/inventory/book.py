"""The stock of some items while a command works on it: every change is an entry, and all that follows from entries is written with them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.database import Transaction, columns
from shared.timers import set_timers

from inventory.allocation import ItemKey

RESUME = "resume_waiting"
"""The timer that serves the orders waiting for an item; its subject is customer_id/sku."""


class Kind(StrEnum):
    ADJUST = "adjust"
    RESERVE = "reserve"
    FREE = "free"
    PICK_SHORT = "pick_short"
    ISSUE = "issue"


class Entry(NamedTuple):
    """One change of stock. With an order, `d_reserved` is the change of what that line holds in that warehouse."""

    customer_id: str
    sku: str
    warehouse: str
    d_on_hand: int
    d_reserved: int
    kind: Kind
    cause_event_id: UUID
    order_id: UUID | None = None
    line_no: int | None = None


@dataclass(slots=True)
class StockRow:
    customer_id: str
    sku: str
    warehouse: str
    on_hand: int = 0
    reserved: int = 0
    version: int = 0
    is_stored: bool = False
    events: int = 0
    """How many events were said of it since it was read."""

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def next_version(self) -> int:
        self.version += 1
        self.events += 1
        return self.version


class StockBook:
    def __init__(self, rows: Iterable[StockRow]) -> None:
        self._rows: defaultdict[ItemKey, dict[str, StockRow]] = defaultdict(dict)
        self._entries: list[Entry] = []
        for row in rows:
            self._rows[row.customer_id, row.sku][row.warehouse] = row

    def row(self, customer_id: str, sku: str, warehouse: str) -> StockRow:
        return self._rows[customer_id, sku].setdefault(warehouse, StockRow(customer_id, sku, warehouse))

    def fullest(self, customer_id: str, sku: str) -> StockRow | None:
        """The item's row with most on hand; an empty one in the first warehouse where it has none; none where no warehouse is."""
        rows = self._rows.get((customer_id, sku), {}).values()
        return max(rows, key=lambda row: (row.on_hand, row.is_stored), default=None)

    def available(self) -> dict[ItemKey, dict[str, int]]:
        return {item: {code: row.available for code, row in rows.items()} for item, rows in self._rows.items()}

    def enter(self, entry: Entry) -> StockRow:
        row = self.row(entry.customer_id, entry.sku, entry.warehouse)
        row.on_hand += entry.d_on_hand
        row.reserved += entry.d_reserved
        self._entries.append(entry)
        return row

    async def save(self, tx: Transaction) -> None:
        """Write stock, ledger and reservations; whoever waits for what has become available is looked at in a moment."""
        await _save_stock(tx, list(self._changed()))
        if self._entries:
            await tx.execute(_LEDGER, *columns(self._entries, 9))
            await _save_reservations(tx, self._entries)
            await _wake(tx, {(e.customer_id, e.sku) for e in self._entries if e.d_on_hand > e.d_reserved})

    def _changed(self) -> Iterator[tuple[StockRow, int, int]]:
        changes: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for entry in self._entries:
            change = changes[entry[:3]]
            change[0] += entry.d_on_hand
            change[1] += entry.d_reserved
        for rows in self._rows.values():
            for row in rows.values():
                d_on_hand, d_reserved = changes.get((row.customer_id, row.sku, row.warehouse), (0, 0))
                if row.events or d_on_hand or d_reserved:
                    yield row, d_on_hand, d_reserved


async def open_book(tx: Transaction, items: Iterable[ItemKey]) -> StockBook:
    """The stock of these items, whose locks are held."""
    rows = await tx.fetch(_READ, *columns(sorted(set(items)), 2))
    return StockBook(StockRow(*row) for row in rows if row["warehouse"])


_READ = """
SELECT i.customer_id, i.sku, coalesce(s.warehouse, (SELECT min(code) FROM warehouses)) AS warehouse,
       coalesce(s.on_hand, 0), coalesce(s.reserved, 0), coalesce(s.event_version, 0), s.warehouse IS NOT NULL
FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, sku)
JOIN items i USING (customer_id, sku)
LEFT JOIN stock s USING (customer_id, sku)
"""

_ADD_ROWS = (
    "INSERT INTO stock (customer_id, sku, warehouse) SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING"
)

_CHANGE = """
UPDATE stock s SET on_hand = s.on_hand + c.d_on_hand, reserved = s.reserved + c.d_reserved, event_version = s.event_version + c.events
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::int[])
     AS c (customer_id, sku, warehouse, d_on_hand, d_reserved, events)
WHERE (s.customer_id, s.sku, s.warehouse) = (c.customer_id, c.sku, c.warehouse)
"""

_LEDGER = """
INSERT INTO stock_ledger (customer_id, sku, warehouse, d_on_hand, d_reserved, kind, cause_event_id, order_id, line_no)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::uuid[], $8::uuid[], $9::int[])
"""

_HOLD = """
INSERT INTO reservations (order_id, line_no, warehouse, customer_id, sku, held)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[])
ON CONFLICT (order_id, line_no, warehouse) DO UPDATE SET held = reservations.held + excluded.held
"""

_LET_GO = """
UPDATE reservations r SET held = r.held + c.change
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[]) AS c (order_id, line_no, warehouse, change)
WHERE (r.order_id, r.line_no, r.warehouse) = (c.order_id, c.line_no, c.warehouse)
"""

_WAITED_FOR = """
SELECT customer_id, sku FROM unnest($1::text[], $2::text[]) AS freed (customer_id, sku)
WHERE EXISTS (SELECT FROM demand d WHERE (d.customer_id, d.sku) = (freed.customer_id, freed.sku) AND d.waiting > 0)
"""


async def _save_stock(tx: Transaction, changed: Sequence[tuple[StockRow, int, int]]) -> None:
    fresh = [(row.customer_id, row.sku, row.warehouse) for row, _, _ in changed if not row.is_stored]
    if fresh:
        await tx.execute(_ADD_ROWS, *columns(fresh, 3))
    if changed:
        rows = [(row.customer_id, row.sku, row.warehouse, on_hand, reserved, row.events) for row, on_hand, reserved in changed]
        await tx.execute(_CHANGE, *columns(rows, 6))


async def _save_reservations(tx: Transaction, entries: Iterable[Entry]) -> None:
    """What a line holds more or less; less only of what it holds, so that the CHECK speaks when the books disagree."""
    changes: defaultdict[tuple[UUID, int, str, str, str], int] = defaultdict(int)
    for entry in entries:
        if entry.order_id and entry.line_no:
            changes[entry.order_id, entry.line_no, entry.warehouse, entry.customer_id, entry.sku] += entry.d_reserved
    if more := [(*key, change) for key, change in changes.items() if change > 0]:
        await tx.execute(_HOLD, *columns(more, 6))
    if less := [(*key[:3], change) for key, change in changes.items() if change < 0]:
        await tx.execute(_LET_GO, *columns(less, 4))


async def _wake(tx: Transaction, freed: Iterable[ItemKey]) -> None:
    if items := sorted(freed):
        waited_for = await tx.fetch(_WAITED_FOR, *columns(items, 2))
        now = await tx.now()
        await set_timers(tx, RESUME, [(f"{customer_id}/{sku}", now) for customer_id, sku in waited_for])
