import pytest
from inventory.event_handlers import allocate_stock
from shared.database import Transaction
from shared.events import LINES_PER_EVENT, Event, ReplenishmentRequested, StockReserved, StockShort

from tests.inventory.builders import (
    a_customer,
    a_customer_with,
    an_order,
    broken_books,
    build,
    facts,
    hear,
    register,
    said,
    status_of,
    stock_of,
)


def reserved(event: Event) -> dict[tuple[int, str], int]:
    assert isinstance(event, StockReserved)
    return {(line.line_no, part.warehouse): line.quantity for part in event.warehouses for line in part.lines}


def short(event: Event) -> dict[int, tuple[int, int, int]]:
    """demanded, available, reserved by line."""
    assert isinstance(event, StockShort)
    return {line.line_no: (line.demanded, line.available, line.reserved) for line in event.lines}


async def test_an_order_is_reserved_where_its_stock_lies(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 10}, "MUG": {"W1": 5}})
    order = an_order(customer_id, [("TEA", 4), ("MUG", 5), ("TEA", 1)])

    await hear(tx, order)

    [event] = await said(tx, customer_id, StockReserved, StockShort)
    assert reserved(event) == {(1, "W1"): 4, (2, "W1"): 5, (3, "W1"): 1}
    assert facts(event, "first", "complete", "version") == (True, True, 1)
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (10, 5), ("MUG", "W1"): (5, 5)}
    assert await broken_books(tx, customer_id) == []


async def test_without_partial_a_short_order_takes_nothing_and_says_what_was_available(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 4, "W2": 2}, "MUG": {"W1": 5}})
    order = an_order(customer_id, [("TEA", 9), ("MUG", 5)])

    await hear(tx, order)

    [event, request] = await said(tx, customer_id, StockReserved, StockShort, ReplenishmentRequested)
    assert short(event) == {1: (9, 6, 0)}
    assert facts(event, "first", "more") == (True, False)
    assert facts(request, "sku", "warehouse", "quantity") == ("TEA", "W1", 3)
    assert {held for _, held in (await stock_of(tx, customer_id)).values()} == {0}
    assert await status_of(tx, order) == "waiting"


async def test_with_partial_it_takes_what_there_is(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 4, "W2": 2}, "MUG": {}})
    order = an_order(customer_id, [("TEA", 9), ("MUG", 5)], allow_partial=True)

    await hear(tx, order)

    taken, missing = await said(tx, customer_id, StockReserved, StockShort)
    assert reserved(taken) == {(1, "W1"): 4, (1, "W2"): 2}
    assert facts(taken, "first", "complete") == (True, False)
    assert short(missing) == {1: (9, 6, 6), 2: (5, 0, 0)}
    assert [missing.version, taken.version] == [2, 1]
    assert await broken_books(tx, customer_id) == []


async def test_an_item_without_stock_is_asked_for_in_the_first_warehouse(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}})
    await build(tx, "!FIRST")

    await hear(tx, an_order(customer_id, [("TEA", 9)]), an_order(customer_id, [("TEA", 2)]))

    first, second = await said(tx, customer_id, ReplenishmentRequested)
    assert [first.aggregate, first.version, second.version] == [f"stock/{customer_id}/TEA/!FIRST", 1, 2]
    assert await stock_of(tx, customer_id) == {("TEA", "!FIRST"): (0, 0)}


async def test_without_any_warehouse_nothing_is_asked_for(tx: Transaction) -> None:
    await tx.execute("DELETE FROM stock; DELETE FROM warehouses")
    customer_id = a_customer()
    await register(tx, customer_id, "TEA")

    await hear(tx, an_order(customer_id, [("TEA", 9)]))

    [event] = await said(tx, customer_id, StockShort, ReplenishmentRequested)
    assert short(event) == {1: (9, 0, 0)}


async def test_of_several_orders_at_once_the_one_promised_first_is_served_first(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 10}})
    late, soon = an_order(customer_id, [("TEA", 6)], hours=100), an_order(customer_id, [("TEA", 6)], hours=10)

    await hear(tx, late, soon)

    assert [await status_of(tx, late), await status_of(tx, soon)] == ["waiting", "served"]


async def test_a_repeated_confirmation_changes_nothing(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 10}})
    order = an_order(customer_id, [("TEA", 6)])
    await hear(tx, order)

    await allocate_stock(tx, [order])

    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (10, 6)}
    assert len(await said(tx, customer_id, StockReserved, StockShort)) == 1


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_long_order_is_allocated_when_its_last_part_is_heard(tx: Transaction, at_once: bool) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 3000}})
    lines = [("TEA", 1)] * (LINES_PER_EVENT + 5)
    part = an_order(customer_id, lines[:LINES_PER_EVENT], more=True)
    rest = an_order(customer_id, lines[LINES_PER_EVENT:], order_id=part.order_id, first_line=LINES_PER_EVENT + 1, version=3)

    if at_once:
        await hear(tx, part, rest)
    else:
        await hear(tx, part)
        assert await said(tx, customer_id, StockReserved, StockShort) == []
        await hear(tx, rest)

    one, two = await said(tx, customer_id, StockReserved)
    assert [len(reserved(one)), len(reserved(two))] == [LINES_PER_EVENT, 5]
    assert [event.complete for event in (one, two)] == [False, True]
    assert await broken_books(tx, customer_id) == []


async def test_the_longest_answers_fit_an_event(tx: Transaction) -> None:
    sku, warehouse = "貨" * 40, "倉" * 40
    customer_id = await a_customer_with(tx, {sku: {}, "TEA": {warehouse: 10**6}})

    for lines in ([(sku, 10**6)] * 2000, [("TEA", 1)] * 2000):
        part = an_order(customer_id, lines[:LINES_PER_EVENT], more=True)
        rest = an_order(customer_id, lines[LINES_PER_EVENT:], order_id=part.order_id, first_line=LINES_PER_EVENT + 1, version=3)
        await hear(tx, part, rest)

    shorts, takes = await said(tx, customer_id, StockShort), await said(tx, customer_id, StockReserved)
    assert [event.more for event in shorts] == [True] * (len(shorts) - 1) + [False]
    assert [event.complete for event in takes] == [False] * (len(takes) - 1) + [True]
    assert [sum(len(short(event)) for event in shorts), sum(len(reserved(event)) for event in takes)] == [2000, 2000]
    assert await tx.fetchval("SELECT max(octet_length(body)) FROM outbox WHERE customer_id = $1", customer_id) < 256 * 1024
