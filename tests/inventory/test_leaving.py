import pytest
from inventory.commands.picks import confirm_picks
from inventory.errors import NotHeld
from inventory.schemas import NewConfirmation
from shared.database import Transaction
from shared.events import OrderRejected, StockIssued, StockReserved
from uuid_utils.compat import uuid7

from tests.inventory.builders import (
    THEN,
    a_cancellation,
    a_customer_with,
    a_handover,
    a_release,
    an_order,
    broken_books,
    facts,
    hear,
    picks_of,
    said,
    status_of,
    stock_of,
)


async def test_handed_over_goods_leave_the_stock(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9, "W2": 1}})
    order = an_order(customer_id, [("TEA", 10)])
    await hear(tx, order)
    shipment = a_handover(order, "W1", {1: 9})

    await hear(tx, shipment)

    [event] = await said(tx, customer_id, StockIssued)
    assert facts(event, "shipment_id", "warehouse", "release_no", "version") == (shipment.shipment_id, "W1", 1, 2)
    assert event.lines == shipment.lines
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (0, 0), ("TEA", "W2"): (1, 1)}
    assert await broken_books(tx, customer_id) == []


async def test_a_handover_of_more_than_is_held_is_refused(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}})
    order = an_order(customer_id, [("TEA", 5)])
    await hear(tx, order)

    for wrong in (a_handover(order, "W1", {1: 6}), a_handover(order, "W9", {1: 1}), a_handover(order, "W1", {2: 1})):
        with pytest.raises(NotHeld):
            await hear(tx, wrong)
    with pytest.raises(NotHeld):
        await hear(tx, a_handover(an_order(customer_id, [("TEA", 5)]), "W1", {1: 1}))

    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (9, 5)}


async def test_a_cancelled_order_gives_back_what_was_reserved_and_picked(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}, "MUG": {"W1": 4}})
    order = an_order(customer_id, [("TEA", 5), ("MUG", 9)], allow_partial=True)
    await hear(tx, order)
    await hear(tx, a_release(order, {"W1": {1: 5, 2: 4}}))
    picks = await picks_of(tx, order)
    await confirm_picks(tx, [NewConfirmation(pick_id=picks[1, "W1", 1], quantity=5)])

    await hear(tx, a_cancellation(order))
    await hear(tx, a_cancellation(order))

    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (9, 0), ("MUG", "W1"): (4, 0)}
    rows = await tx.fetch("SELECT status FROM picks WHERE order_id = $1 ORDER BY line_no", order.order_id)
    assert [row["status"] for row in rows] == ["confirmed", "void"]
    assert await broken_books(tx, customer_id) == []


async def test_an_order_that_is_rejected_is_freed_and_one_never_confirmed_is_passed_over(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}})
    order = an_order(customer_id, [("TEA", 5)])
    await hear(tx, order)

    for order_id in (order.order_id, uuid7()):
        await hear(tx, OrderRejected(customer_id=customer_id, version=3, occurred_at=THEN, order_id=order_id, reason="other"))

    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (9, 0)}


async def test_confirmed_and_cancelled_in_one_fetch_holds_nothing(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}})
    order = an_order(customer_id, [("TEA", 5)])

    await hear(tx, order, a_cancellation(order))

    assert await status_of(tx, order) == "cancelled"
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (9, 0)}
    assert len(await said(tx, customer_id, StockReserved)) == 1


async def test_the_ledger_names_the_cause_of_every_entry(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}})
    order = an_order(customer_id, [("TEA", 5)])
    await hear(tx, order)
    shipment = a_handover(order, "W1", {1: 5})
    await hear(tx, shipment)

    sql = "SELECT kind, cause_event_id, d_on_hand, d_reserved FROM stock_ledger WHERE customer_id = $1 ORDER BY entry_id OFFSET 1"
    rows = [tuple(row) for row in await tx.fetch(sql, customer_id)]

    assert rows == [("reserve", order.event_id, 0, 5), ("issue", shipment.event_id, -5, -5)]
