from uuid import uuid4

import pytest
from inventory.commands import reporting
from shared.database import Transaction
from shared.events import InventoryReportRequested, StockReported

from tests.inventory.builders import THEN, a_customer, a_customer_with, an_order, hear, said

Balances = list[tuple[str, str, int, int]]


def a_request(customer_id: str, warehouse: str | None = None) -> InventoryReportRequested:
    return InventoryReportRequested(
        customer_id=customer_id, version=1, occurred_at=THEN, report_id=uuid4(), partner="P", warehouse=warehouse
    )


def balances(reported: StockReported) -> Balances:
    return [(each.sku, each.warehouse, each.on_hand, each.reserved) for each in reported.balances]


async def test_a_report_tells_what_is_there_and_what_of_it_is_reserved(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"A": {"W1": 10, "W2": 3}, "B": {"W1": 7}})
    await hear(tx, an_order(customer_id, [("A", 4)]))
    all_of_it, of_one, of_none = a_request(customer_id), a_request(customer_id, "W2"), a_request(a_customer())

    await hear(tx, all_of_it, of_one, of_none)

    first, second = await said(tx, customer_id, StockReported)
    [empty] = await said(tx, of_none.customer_id, StockReported)
    assert balances(first) == [("A", "W1", 10, 4), ("B", "W1", 7, 0), ("A", "W2", 3, 0)]
    assert balances(second) == [("A", "W2", 3, 0)]
    assert (empty.balances, empty.more) == ((), False)


async def test_a_report_of_many_items_comes_in_parts(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "LINES_PER_EVENT", 2)
    customer_id = await a_customer_with(tx, {sku: {"W1": 1} for sku in "ABCDE"})

    await hear(tx, a_request(customer_id))

    parts = await said(tx, customer_id, StockReported)
    assert [(each.version, len(each.balances), each.more) for each in parts] == [(1, 2, True), (2, 2, True), (3, 1, False)]
