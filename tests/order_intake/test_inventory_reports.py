from typing import Any
from uuid import UUID

import httpx
import pytest
from order_intake.commands.inventory_reports import request_daily
from order_intake.event_handlers import tell_of_stock
from order_intake.partners import Partner
from shared.database import Pool, transaction
from shared.events import StockBalance, StockReported
from shared.key_store import KeyStore

from tests.order_intake.builders import THEN
from tests.order_intake.test_outbox import a_partner
from tests.order_intake.test_partners_hear import heard_by, rows

ZONE = "Asia/Shanghai"


async def counted(pool: Pool, partner: Partner, report_id: str, *parts: list[tuple[str, str, int, int]]) -> None:
    """As inventory answers, part by part."""
    for version, part in enumerate(parts, 1):
        balances = tuple(StockBalance(sku=sku, warehouse=place, on_hand=there, reserved=kept) for sku, place, there, kept in part)
        reported = StockReported(
            customer_id=partner.customer_id,
            version=version,
            occurred_at=THEN,
            report_id=UUID(report_id),
            counted_at=THEN,
            balances=balances,
            more=version < len(parts),
        )
        async with transaction(pool) as tx:
            await tell_of_stock(tx, [reported])


async def asked(client: httpx.AsyncClient, partner: Partner, **body: object) -> Any:  # any JSON
    answer = await client.post(f"/edi/partners/{partner.code}/inventory-reports", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_a_report_is_one_846_a_warehouse_in_the_partners_own_words(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    items = [{"qualifier": "UP", "code": "012345678905", "sku": "SKU-1"}]
    partner = await a_partner(pool, items=items)
    report = await asked(client, partner)

    await counted(pool, partner, report["report_id"], [("SKU-1", "SH", 10, 4)], [("SKU-2", "SH", 3, 0), ("SKU-1", "BJ", 0, 0)])

    documents = (await heard_by(pool, key_store, client, partner))["846"]
    after = (await client.get(f"/edi/partners/{partner.code}/inventory-reports/{report['report_id']}")).json()
    assert [rows(each, "N1") for each in documents] == [[("WH", "BJ", "92", "BJ")], [("WH", "SH", "92", "SH")]]
    assert rows(documents[1], "LIN") == [("1", "UP", "012345678905"), ("2", "VN", "SKU-2")]
    assert rows(documents[1], "QTY") == [("33", "6", "EA"), ("17", "10", "EA"), ("33", "3", "EA"), ("17", "3", "EA")]
    assert (after["documents"], bool(after["counted_at"])) == (2, True)


async def test_the_parts_of_a_report_are_told_together_and_once(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, syntax="EDIFACT")
    report = await asked(client, partner, warehouse="SH")
    parts = [[("SKU-1", "SH", 10, 4)], [("SKU-2", "SH", 3, 0)]]

    await counted(pool, partner, report["report_id"], *parts)
    await counted(pool, partner, report["report_id"], *parts)

    [document] = (await heard_by(pool, key_store, client, partner))["INVRPT"]
    assert [each.components(1) for each in document.segments if each.tag == "QTY"] == [
        ["145", "10", "PCE"],
        ["198", "4", "PCE"],
        ["145", "3", "PCE"],
        ["198", "0", "PCE"],
    ]


async def test_who_wants_it_is_told_once_a_day(pool: Pool, client: httpx.AsyncClient) -> None:
    wants, wants_not = await a_partner(pool, documents=["inventory_report"]), await a_partner(pool)

    for _ in range(2):
        async with transaction(pool) as tx:
            await request_daily(tx, ZONE)

    def of(partner: Partner) -> str:
        return f"/edi/partners/{partner.code}/inventory-reports"

    [daily] = (await client.get(of(wants))).json()["items"]
    assert daily["daily"]
    assert (await client.get(of(wants_not))).json()["items"] == []
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE key = $1", daily["report_id"]) == 1


@pytest.mark.parametrize("path", ["/edi/partners/NOBODY/inventory-reports"])
async def test_a_partner_that_is_not_there_cannot_be_told(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, json={})).status_code == 404
