"""What the warehouse said of lines: added to their shipment, or kept until the release is heard of."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction, columns

from dispatch.errors import ContradictingPick
from dispatch.packing import Fact, Part

_FACTS = """
unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[])
    AS f(order_id, release_no, warehouse, line_no, missing, packed, packed_at)
"""
_ADD = f"""
UPDATE shipment_lines AS l SET missing = l.missing + f.missing, packed = l.packed + f.packed, packed_at = greatest(l.packed_at, f.packed_at)
FROM {_FACTS} JOIN shipments AS s USING (order_id, release_no, warehouse)
WHERE l.shipment_id = s.shipment_id AND l.line_no = f.line_no
RETURNING l.shipment_id, f.order_id, f.release_no, f.warehouse, f.line_no
"""
_KEEP = f"""
INSERT INTO packed_ahead AS a (order_id, release_no, warehouse, line_no, missing, packed, packed_at)
SELECT f.* FROM {_FACTS} WHERE NOT EXISTS (
    SELECT FROM shipments AS s WHERE s.order_id = f.order_id AND s.release_no = f.release_no AND s.warehouse = f.warehouse)
ON CONFLICT (order_id, release_no, warehouse, line_no) DO UPDATE SET
    missing = a.missing + excluded.missing, packed = a.packed + excluded.packed, packed_at = greatest(a.packed_at, excluded.packed_at)
RETURNING line_no
"""
_TAKE = """
DELETE FROM packed_ahead AS a USING unnest($1::uuid[], $2::int[], $3::text[]) AS p(order_id, release_no, warehouse)
WHERE a.order_id = p.order_id AND a.release_no = p.release_no AND a.warehouse = p.warehouse
RETURNING a.order_id, a.release_no, a.warehouse, a.line_no, a.missing, a.packed, a.packed_at
"""


async def note(tx: Transaction, facts: Sequence[Fact]) -> set[UUID]:
    """Add the facts up; returns the shipments they are about. Raises ContradictingPick for a line that its shipment does not have."""
    noted = await tx.fetch(_ADD, *columns([_row(fact) for fact in facts], 7))
    known = {(Part(*row[1:4]), row["line_no"]) for row in noted}
    ahead = [fact for fact in facts if (fact.part, fact.line_no) not in known]
    if ahead and len(await tx.fetch(_KEEP, *columns([_row(fact) for fact in ahead], 7))) < len(ahead):
        raise ContradictingPick(f"line {fact.line_no} of order {fact.part.order_id}, release {fact.part.release_no}" for fact in ahead[:20])
    return {row["shipment_id"] for row in noted}


async def take_ahead(tx: Transaction, parts: Sequence[Part]) -> dict[Part, dict[int, Fact]]:
    """What was said of these parts before their release was heard of, by line; it is not kept any longer."""
    found: defaultdict[Part, dict[int, Fact]] = defaultdict(dict)
    for row in await tx.fetch(_TAKE, *columns(parts, 3)):
        part = Part(*row[:3])
        found[part][row["line_no"]] = Fact(part, *row[3:])
    return found


def _row(fact: Fact) -> tuple[object, ...]:
    return (*fact.part, fact.line_no, fact.missing, fact.packed, fact.packed_at)
