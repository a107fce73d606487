"""The statements of placing, each for all orders at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.endings import Insert
from shared.events import Promise, ServiceLevel
from shared.sealing import SubjectKey

from order_intake.order import Order
from order_intake.schemas import NewOrder, Reference

HELD_AT_ONCE = "customer_blocked"
"""Why an order may be on hold from its first moment."""


class First(NamedTuple):
    """What the first answer said of an order, beside its body: kept, so that it can be given again."""

    order_id: UUID
    fingerprint: bytes
    received_at: datetime
    promised_earliest: datetime | None
    promised_latest: datetime | None
    hold_id: UUID | None
    ship_to_key_id: str | None = None
    erased_at: datetime | None = None


class Placed(NamedTuple):
    """`key` is that of an order which was placed just now."""

    new: NewOrder
    first: First
    key: SubjectKey | None = None


Wish = tuple[ServiceLevel, datetime | None, datetime | None]
"""The service level, and the ends of the window."""


@dataclass(frozen=True, slots=True)
class Known:
    """What must be known of the orders of a batch; `strange` are the items that nobody knows, each with whose it should be. `promises` are
    those that were made to others of the batch with the same wish."""

    now: datetime
    customers: Collection[str]
    blocked: Collection[str]
    strange: Collection[tuple[str, str]]
    placed: dict[Reference, First]
    promises: dict[Wish, Promise] = field(default_factory=dict)


class Draft(NamedTuple):
    """An order that is about to be written; `place` is its own in the batch. The order has no lines yet, they are those of `new`."""

    place: int
    new: NewOrder
    order: Order
    submitted_at: datetime
    first: First


_KNOWN = """
SELECT now(),
    ARRAY(SELECT customer_id FROM customers WHERE customer_id = ANY($1::text[])) AS customers,
    ARRAY(SELECT customer_id FROM customers WHERE customer_id = ANY($1::text[]) AND blocked) AS blocked,
    ARRAY(
        SELECT position - 1 FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS wanted (customer_id, sku, position)
        WHERE NOT EXISTS (SELECT FROM items WHERE items.customer_id = wanted.customer_id AND items.sku = wanted.sku)
    ) AS strange,
    EXISTS (
        SELECT FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, customer_reference)
        JOIN orders USING (customer_reference, customer_id)
    ) AS repeated
"""


async def load_known(tx: Transaction, news: Sequence[NewOrder]) -> Known:
    customers, references = [new.customer_id for new in news], [new.customer_reference for new in news]
    items = list({(new.customer_id, line.sku): None for new in news for line in new.lines})
    row = await tx.glance(_KNOWN, customers, references, *columns(items, 2))
    assert row
    tx.saw_now(row["now"])
    strange = {items[position] for position in row["strange"]}
    placed = await first_placed(tx, [new.reference for new in news]) if row["repeated"] else {}
    return Known(row["now"], row["customers"], row["blocked"], strange, placed)


_FIRST = """
SELECT customer_id, customer_reference, order_id, fingerprint, received_at, hold_id, ship_to_key_id, erased_at,
    CASE WHEN confirmed_at = received_at THEN coalesce(former_promised_earliest, promised_earliest) END AS promised_earliest,
    CASE WHEN confirmed_at = received_at THEN coalesce(former_promised_latest, promised_latest) END AS promised_latest
FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, customer_reference)
JOIN orders USING (customer_reference, customer_id)
LEFT JOIN LATERAL (
    SELECT hold_id FROM holds WHERE holds.order_id = orders.order_id AND placed_at = received_at LIMIT 1
) AS first_hold ON true
LEFT JOIN LATERAL (
    SELECT former_promised_earliest, former_promised_latest FROM order_amendments
    WHERE order_amendments.order_id = orders.order_id AND former_promised_latest IS NOT NULL ORDER BY amendment_no LIMIT 1
) AS first_moved ON true
"""


async def first_placed(tx: Transaction, references: Collection[Reference]) -> dict[Reference, First]:
    """The orders that stand under these references, as they were answered first."""
    rows = await tx.fetch(_FIRST, *columns(list(references), 2)) if references else []
    return {(row["customer_id"], row["customer_reference"]): _first(row) for row in rows}


def _first(row: Row) -> First:
    return First(**{name: row[name] for name in First._fields})


_ORDERS = Insert(
    "placed_orders",
    (
        *("uuid", "text", "text", "bytea", "text", "text", "bool", "timestamptz", "timestamptz", "timestamptz", "timestamptz"),
        *("timestamptz", "timestamptz", "timestamptz", "text", "text", "text", "int", "int"),
    ),
    """INSERT INTO orders (order_id, customer_id, customer_reference, fingerprint, status, service_level, allow_partial, submitted_at,
        received_at, requested_earliest, requested_latest, confirmed_at, promised_earliest, promised_latest, consignee_code,
        ship_to_key_id, ship_to, open_holds, event_version)
    SELECT * FROM {rows} AS placed""",
)
_LINES = Insert(
    "placed_lines",
    ("uuid", "text", "int", "text", "int"),
    """INSERT INTO order_lines (order_id, customer_id, line_no, sku, ordered, waiting)
    SELECT *, ordered FROM {rows} AS line (order_id, customer_id, line_no, sku, ordered)""",
)
_HOLDS = Insert(
    "placed_holds",
    ("uuid", "uuid", "text", "text", "timestamptz"),
    "INSERT INTO holds (hold_id, order_id, customer_id, reason, placed_at) SELECT * FROM {rows} AS placed",
)
_HISTORY = Insert(
    "placed_history",
    ("uuid", "text", "timestamptz", "text", "text"),
    "INSERT INTO order_history (order_id, customer_id, at, what, detail) SELECT * FROM {rows} AS noted",
)


def gather_drafts(tx: Transaction, drafts: Iterable[Draft]) -> None:
    """Store them at the end of the transaction; it fails when somebody else has placed one of them in the meantime."""
    drafts = sorted(drafts, key=lambda draft: draft.new.reference)
    orders = [draft.order for draft in drafts]
    tx.gather(_ORDERS, [_row(draft) for draft in drafts])
    tx.gather(_LINES, [(*draft.order.owned, line.line_no, line.sku, line.quantity) for draft in drafts for line in draft.new.lines])
    tx.gather(_HOLDS, [(hold, *draft.order.owned, HELD_AT_ONCE, draft.order.now) for draft in drafts if (hold := draft.first.hold_id)])
    tx.gather(_HISTORY, [(*order.owned, order.now, *entry) for order in orders for entry in order.history])


def _row(draft: Draft) -> tuple[object, ...]:
    order, first = draft.order, draft.first
    return (
        order.order_id,
        order.customer_id,
        draft.new.customer_reference,
        first.fingerprint,
        order.status,
        order.service_level,
        order.allow_partial,
        draft.submitted_at,
        order.now,
        order.requested_earliest,
        order.requested_latest,
        order.confirmed_at,
        order.promised_earliest,
        order.promised_latest,
        order.consignee_code,
        order.ship_to_key_id,
        order.ship_to,
        order.open_holds,
        order.event_version,
    )
