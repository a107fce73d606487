"""Inventory reports: asked of inventory by an event, told to the partner when it has answered."""

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from pydantic_core import from_json, to_json
from shared.database import Row, Transaction, columns
from shared.events import InventoryReportRequested, StockReported
from shared.outbox import publish
from shared.reach import own_customer
from uuid_utils.compat import uuid7

from order_intake.commands.outbox import post
from order_intake.documents.facts import Item
from order_intake.documents.inventory_reports import Balance, WarehouseStock, inventory_reports
from order_intake.documents.shipments import shipment_number
from order_intake.errors import PartnerNotFound
from order_intake.partner_rows import partners
from order_intake.partners import Document, Partner

_ASK = """
INSERT INTO edi_reports (report_id, customer_id, partner, warehouse)
SELECT $1, customer_id, code, $3 FROM edi_partners WHERE code = $2 AND customer_id = coalesce($4, customer_id) RETURNING *
"""
_ASK_DAILY = """
INSERT INTO edi_reports (report_id, customer_id, partner, daily_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], array_fill($4::date, ARRAY[cardinality($1)]))
ON CONFLICT (partner, daily_on) DO NOTHING RETURNING *
"""
_DAILY = """
SELECT code, customer_id FROM edi_partners p WHERE settings->'documents' ? 'inventory_report'
    AND NOT EXISTS (SELECT FROM edi_reports r WHERE r.partner = p.code AND r.daily_on = $1) ORDER BY code LIMIT 200
"""
_TODAY = "SELECT (now() AT TIME ZONE $1)::date"
_KEEP = """
INSERT INTO edi_report_parts (report_id, part, customer_id, balances)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::jsonb[]) ON CONFLICT DO NOTHING
"""
_OPEN = "SELECT * FROM edi_reports WHERE report_id = ANY($1::uuid[]) AND counted_at IS NULL ORDER BY report_id FOR UPDATE"
_PARTS = "DELETE FROM edi_report_parts WHERE report_id = ANY($1::uuid[]) RETURNING report_id, part, balances"
_TOLD = "UPDATE edi_reports SET counted_at = $2, documents = $3 WHERE report_id = $1"


async def request_report(tx: Transaction, partner_code: str, warehouse: str | None) -> UUID:
    row = await tx.fetchrow(_ASK, uuid7(), partner_code, warehouse, own_customer())
    if row is None:
        raise PartnerNotFound(partner_code)
    await _say(tx, [row])
    report_id: UUID = row["report_id"]
    return report_id


async def request_daily(tx: Transaction, zone: str) -> int:
    """One report a day of the business zone for each partner that wants them; returns how many were asked for now."""
    today = await tx.fetchval(_TODAY, zone)
    wanting = [(uuid7(), row["customer_id"], row["code"]) for row in await tx.fetch(_DAILY, today)]
    rows = await tx.fetch(_ASK_DAILY, *columns(wanting, 3), today) if wanting else []
    await _say(tx, rows)
    return len(rows)


async def _say(tx: Transaction, rows: Sequence[Row]) -> None:
    await publish(
        tx,
        *[
            InventoryReportRequested(
                customer_id=row["customer_id"],
                version=1,
                occurred_at=row["requested_at"],
                report_id=row["report_id"],
                partner=row["partner"],
                warehouse=row["warehouse"],
            )
            for row in rows
        ],
    )


async def tell_stocks(tx: Transaction, reported: Sequence[StockReported]) -> None:
    """Keep each part; with the last one the partner is told."""
    kept = [(each.report_id, each.version, each.customer_id, to_json(each.balances).decode()) for each in reported]
    await tx.execute(_KEEP, *columns(kept, 4))
    last = {each.report_id: each for each in reported if not each.more}
    reports = await tx.fetch(_OPEN, list(last)) if last else []
    parts = await tx.fetch(_PARTS, [row["report_id"] for row in reports]) if reports else []
    known = await partners(tx, {row["partner"] for row in reports}) if reports else {}
    for report in reports:
        mine = sorted((row["part"], row["balances"]) for row in parts if row["report_id"] == report["report_id"])
        stocks = _stocks(report, last[report["report_id"]], known[report["partner"]], [text for _, text in mine])
        drafts = inventory_reports(known[report["partner"]], stocks)
        await post(tx, known[report["partner"]], drafts, Document.INVENTORY_REPORT)
        await tx.execute(_TOLD, report["report_id"], last[report["report_id"]].counted_at, len(drafts))


def _stocks(report: Row, last: StockReported, partner: Partner, parts: Sequence[str]) -> list[WarehouseStock]:
    """By warehouse, in the words of the partner; numbered, as each is a document of its own."""
    balances = sorted((each for text in parts for each in from_json(text)), key=lambda each: (each["warehouse"], each["sku"]))
    number = shipment_number(report["report_id"])
    found = [(warehouse, list(of_it)) for warehouse, of_it in groupby(balances, lambda each: str(each["warehouse"]))]
    return [
        WarehouseStock(f"{number}{place}", warehouse, last.counted_at, tuple(_balance(each, partner) for each in of_it))
        for place, (warehouse, of_it) in enumerate(found or [(report["warehouse"] or "ALL", [])], 1)
    ]


def _balance(each: dict[str, object], partner: Partner) -> Balance:
    sku = str(each["sku"])
    codes = tuple(Item(*code) for code in partner.codes.get(sku, ()))
    return Balance(sku, int(str(each["on_hand"])), int(str(each["reserved"])), codes)
