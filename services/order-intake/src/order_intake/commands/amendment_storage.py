"""Reading and writing amendments and what they change, any number at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from pydantic_core import to_json
from shared.database import Transaction, columns

from order_intake.amendments import Amended, Wish
from order_intake.order import Order
from order_intake.quantities import BUCKETS


@dataclass(frozen=True, slots=True)
class Before:
    """The amendments that an order has: the last number, and the one with the reference that is asked for."""

    last_no: int = 0
    same_no: int | None = None
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Made:
    order: Order
    wish: Wish
    reference: str | None
    fingerprint: bytes
    amended: Amended


_BEFORE = """
SELECT order_id, max(amendment_no) AS last_no, max(amendment_no) FILTER (WHERE is_same) AS same_no,
    (array_agg(fingerprint) FILTER (WHERE is_same))[1] AS fingerprint
FROM (
    SELECT a.order_id, amendment_no, fingerprint, a.reference = wanted.reference AS is_same
    FROM unnest($1::uuid[], $2::text[]) AS wanted (order_id, reference) JOIN order_amendments a ON a.order_id = wanted.order_id
) AS known GROUP BY order_id
"""
_ITEMS = "SELECT customer_id, sku FROM items JOIN unnest($1::text[], $2::text[]) AS wanted (customer_id, sku) USING (customer_id, sku)"
_LINE = ("order_id", "customer_id", "line_no", "sku", "ordered", *BUCKETS)
_COUNTED = attrgetter("line_no", "sku", "ordered", *BUCKETS)
_LINES = f"""
INSERT INTO order_lines ({", ".join(_LINE)})
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], {", ".join(f"${nth}::int[]" for nth in range(5, len(_LINE) + 1))})
ON CONFLICT (order_id, line_no) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in ("ordered", *BUCKETS))}
"""
_AMENDED = """
UPDATE orders SET requested_earliest = new.earliest, requested_latest = new.latest, consignee_code = new.code, ship_to = new.ship_to
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[]) AS new (order_id, earliest, latest, code, ship_to)
WHERE orders.order_id = new.order_id
"""
_MADE = """
INSERT INTO order_amendments (order_id, customer_id, amendment_no, reference, fingerprint, by, reason, amended_at, lines, requested,
    promised_earliest, promised_latest, former_promised_earliest, former_promised_latest, ship_to, former_ship_to, former_consignee_code)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::timestamptz[], $9::jsonb[],
    $10::jsonb[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::text[])
"""


async def amendments_before(tx: Transaction, references: Mapping[UUID, str | None]) -> dict[UUID, Before]:
    rows = await tx.fetch(_BEFORE, list(references), list(references.values()))
    return {row["order_id"]: Before(row["last_no"], row["same_no"], row["fingerprint"]) for row in rows}


async def known_items(tx: Transaction, wanted: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    rows = await tx.fetch(_ITEMS, *columns(sorted(wanted), 2)) if wanted else []
    return {(row["customer_id"], row["sku"]) for row in rows}


async def save_amendments(tx: Transaction, made: Sequence[Made]) -> None:
    """All but what every decision saves."""
    orders = [each.order for each in made]
    lines = [(*each.order.owned, *_COUNTED(line)) for each in made if each.amended.lines for line in each.order.lines.values()]
    if lines:
        await tx.execute(_LINES, *columns(lines, len(_LINE)))
    whereto = [(o.order_id, o.requested_earliest, o.requested_latest, o.consignee_code, o.ship_to) for o in orders]
    await tx.execute(_AMENDED, *columns(whereto, 5))
    await tx.execute(_MADE, *columns([_row(each) for each in made], 17))


def _row(made: Made) -> tuple[object, ...]:
    wish, amended = made.wish, made.amended
    promised, former, consignee = amended.promised, amended.former_promised, amended.former_consignee
    return (
        *made.order.owned,
        wish.amendment_no,
        made.reference,
        made.fingerprint,
        wish.by,
        wish.reason,
        made.order.now,
        to_json(amended.lines).decode() if amended.lines else None,
        amended.requested.model_dump_json() if amended.requested else None,
        promised.earliest if promised else None,
        promised.latest if promised else None,
        former.earliest if former else None,
        former.latest if former else None,
        wish.consignee.ship_to if wish.consignee else None,
        consignee.ship_to if consignee else None,
        consignee.code if consignee else None,
    )
