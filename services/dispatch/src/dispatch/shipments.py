"""The rows of shipments and their lines, read and written for whole batches. The caller holds the locks of `locking`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.events import OrderReleased

from dispatch.packing import Part
from dispatch.shipment import Line, Shipment, Status

_INSERT = """
INSERT INTO shipments (shipment_id, order_id, customer_id, warehouse, release_no, status, consignee_code, ship_to_key_id, ship_to_sealed,
                       promised_earliest, promised_latest, attempts, event_version)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
                     $10::timestamptz[], $11::timestamptz[], $12::int[], $13::int[])
"""
_INSERT_LINES = """
INSERT INTO shipment_lines (shipment_id, customer_id, line_no, sku, quantity, missing, packed, packed_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::int[], $6::int[], $7::int[], $8::timestamptz[])
"""
_UPDATE = """
UPDATE shipments AS s SET status = v.status, carrier = v.carrier, vehicle = v.vehicle, assigned_at = v.assigned_at,
    handed_over_at = v.handed_over_at, handed_over_said = v.handed_over_said, delivered_at = v.delivered_at,
    attempts = v.attempts, event_version = v.event_version
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
            $9::int[], $10::int[]) AS v(shipment_id, status, carrier, vehicle, assigned_at, handed_over_at, handed_over_said, delivered_at,
                                        attempts, event_version)
WHERE s.shipment_id = v.shipment_id
"""
_UPDATE_COUNTS = """
UPDATE shipment_lines AS l SET accepted = v.accepted, damaged = v.damaged, short = v.short
FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[]) AS v(shipment_id, line_no, accepted, damaged, short)
WHERE l.shipment_id = v.shipment_id AND l.line_no = v.line_no
"""
_LINES = f"""
SELECT shipment_id, {", ".join(each.name for each in fields(Line))} FROM shipment_lines
WHERE shipment_id = ANY($1::uuid[]) ORDER BY shipment_id, line_no
"""


async def by_id(tx: Transaction, shipment_ids: Sequence[UUID]) -> list[Shipment]:
    return await _with_lines(tx, await tx.fetch("SELECT * FROM shipments WHERE shipment_id = ANY($1::uuid[])", shipment_ids))


async def by_order(tx: Transaction, order_ids: Sequence[UUID]) -> dict[UUID, list[Shipment]]:
    """The shipments of each order, in the order of their releases."""
    found: defaultdict[UUID, list[Shipment]] = defaultdict(list)
    sql = "SELECT * FROM shipments WHERE order_id = ANY($1::uuid[]) ORDER BY release_no, warehouse"
    for shipment in await _with_lines(tx, await tx.fetch(sql, order_ids)):
        found[shipment.order_id].append(shipment)
    return found


async def planned_parts(tx: Transaction, order_ids: Sequence[UUID]) -> set[Part]:
    rows = await tx.fetch("SELECT order_id, release_no, warehouse FROM shipments WHERE order_id = ANY($1::uuid[])", order_ids)
    return {Part(*row) for row in rows}


async def _with_lines(tx: Transaction, rows: Sequence[Row]) -> list[Shipment]:
    lines: defaultdict[UUID, list[Line]] = defaultdict(list)
    for row in await tx.fetch(_LINES, [row["shipment_id"] for row in rows]):
        shipment_id, *rest = row
        lines[shipment_id].append(Line(*rest))
    return [_shipment(row, lines[row["shipment_id"]]) for row in rows]


def _shipment(row: Row, lines: Sequence[Line]) -> Shipment:
    return Shipment(
        shipment_id=row["shipment_id"],
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        warehouse=row["warehouse"],
        release_no=row["release_no"],
        status=Status(row["status"]),
        carrier=row["carrier"],
        vehicle=row["vehicle"],
        assigned_at=row["assigned_at"],
        handed_over_at=row["handed_over_at"],
        handed_over_said=row["handed_over_said"],
        delivered_at=row["delivered_at"],
        attempts=row["attempts"],
        event_version=row["event_version"],
        key_id=row["ship_to_key_id"],
        is_erased=row["erased_at"] is not None,
        lines=tuple(lines),
    )


async def insert(tx: Transaction, planned: Sequence[tuple[OrderReleased, Shipment]]) -> None:
    await tx.execute(_INSERT, *columns([_row(released, shipment) for released, shipment in planned], 13))
    lines = [
        (shipment.shipment_id, shipment.customer_id, line.line_no, line.sku, line.quantity, line.missing, line.packed, line.packed_at)
        for _, shipment in planned
        for line in shipment.lines
    ]
    await tx.execute(_INSERT_LINES, *columns(lines, 8))


def _row(released: OrderReleased, shipment: Shipment) -> tuple[object, ...]:
    return (
        shipment.shipment_id,
        shipment.order_id,
        shipment.customer_id,
        shipment.warehouse,
        shipment.release_no,
        shipment.status,
        released.consignee_code,
        released.ship_to.key_id,
        released.ship_to.sealed,
        released.promised.earliest,
        released.promised.latest,
        shipment.attempts,
        shipment.event_version,
    )


async def update(tx: Transaction, shipments: Sequence[Shipment]) -> None:
    """Write what can change of a shipment, but for its lines."""
    rows = [
        (
            each.shipment_id,
            each.status,
            each.carrier,
            each.vehicle,
            each.assigned_at,
            each.handed_over_at,
            each.handed_over_said,
            each.delivered_at,
            each.attempts,
            each.event_version,
        )
        for each in shipments
    ]
    await tx.execute(_UPDATE, *columns(rows, 10))


async def update_counts(tx: Transaction, shipments: Sequence[Shipment]) -> None:
    """Write what became of the lines at the consignee's."""
    rows = [(each.shipment_id, line.line_no, line.accepted, line.damaged, line.short) for each in shipments for line in each.advised]
    await tx.execute(_UPDATE_COUNTS, *columns(rows, 5))
