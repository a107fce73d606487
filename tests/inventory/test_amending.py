"""An amended order gives back what is too much, reserves or waits for what is more, and is told as it stands."""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil

import pytest
from inventory.errors import AmendedTooLate
from shared.database import Transaction
from shared.events import (
    LINES_PER_EVENT,
    By,
    OrderAmended,
    OrderCommitChanged,
    OrderConfirmed,
    OrderLine,
    Promise,
    ReplenishmentRequested,
    StockReallocated,
    StockReserved,
    StockShort,
)
from shared.tables import LARGEST_EVENT

from tests.conftest import published
from tests.inventory.builders import (
    THEN,
    a_cancellation,
    a_customer_with,
    a_release,
    adjust,
    an_order,
    broken_books,
    hear,
    resume,
    said,
    status_of,
    stock_of,
)


def an_amendment(
    order: OrderConfirmed, lines: Mapping[int, tuple[str, int]], *, amendment_no: int = 1, reallocate: bool = True, more: bool = False
) -> OrderAmended:
    """All lines of the order as they are now: sku and quantity."""
    return OrderAmended(
        customer_id=order.customer_id,
        version=order.version + amendment_no,
        occurred_at=THEN,
        order_id=order.order_id,
        amendment_no=amendment_no,
        by=By.CUSTOMER,
        reason="quantity",
        lines=tuple(OrderLine(line_no=no, sku=sku, quantity=quantity) for no, (sku, quantity) in lines.items()),
        reallocate=reallocate,
        more=more,
    )


def held(answer: StockReallocated) -> dict[tuple[str, int], int]:
    return {(part.warehouse, line.line_no): line.quantity for part in answer.warehouses for line in part.lines}


async def test_less_is_given_back_and_whoever_waits_gets_it(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6, "W2": 2}, "MUG": {"W1": 5}})
    order, other = an_order(customer_id, [("TEA", 8), ("MUG", 5)]), an_order(customer_id, [("MUG", 4)])
    await hear(tx, order)
    await hear(tx, other)

    await hear(tx, an_amendment(order, {1: ("TEA", 5), 2: ("MUG", 0)}))
    await resume(tx)

    [answer] = await said(tx, customer_id, StockReallocated)
    assert (answer.amendment_no, answer.complete, answer.short, held(answer)) == (1, True, (), {("W1", 1): 5})
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (6, 5), ("TEA", "W2"): (2, 0), ("MUG", "W1"): (5, 4)}
    assert [await status_of(tx, each) for each in (order, other)] == ["served", "served"]
    assert await broken_books(tx, customer_id) == []


async def test_more_is_reserved_or_waits_and_is_asked_for_once(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6}, "MUG": {"W1": 5}})
    order = an_order(customer_id, [("TEA", 4)], allow_partial=True)
    await hear(tx, order)

    await hear(tx, an_amendment(order, {1: ("TEA", 9), 2: ("MUG", 5)}))
    await hear(tx, an_amendment(order, {1: ("TEA", 10), 2: ("MUG", 5)}, amendment_no=2))
    await hear(tx, an_amendment(order, {1: ("TEA", 7), 2: ("MUG", 5)}, amendment_no=3))

    first, _, last = await said(tx, customer_id, StockReallocated)
    assert (held(first), first.complete) == ({("W1", 1): 6, ("W1", 2): 5}, False)
    assert [(line.line_no, line.demanded, line.available, line.reserved) for line in first.short] == [(1, 5, 2, 2)]
    assert [(line.line_no, line.demanded, line.available, line.reserved) for line in last.short] == [(1, 1, 0, 0)]
    assert [asked.quantity for asked in await said(tx, customer_id, ReplenishmentRequested)] == [3, 1]
    assert await status_of(tx, order) == "waiting"
    assert await broken_books(tx, customer_id) == []

    await adjust(tx, customer_id, "TEA", "W1", 1)
    await resume(tx)

    assert (await said(tx, customer_id, StockReserved))[-1].complete
    assert await status_of(tx, order) == "served"


async def test_an_order_that_must_not_be_split_keeps_what_it_has_and_waits_for_all_of_the_rest(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6}})
    order = an_order(customer_id, [("TEA", 4)])
    await hear(tx, order)

    await hear(tx, an_amendment(order, {1: ("TEA", 9)}))

    [answer] = await said(tx, customer_id, StockReallocated)
    assert (held(answer), [line.reserved for line in answer.short]) == ({("W1", 1): 4}, [0])
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (6, 4)}


async def test_who_has_had_no_answer_yet_keeps_its_turn_whatever_it_wants_now(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}, "MUG": {"W1": 3}})
    await hear(tx, an_order(customer_id, [("TEA", 5)]))
    await adjust(tx, customer_id, "TEA", "W1", 5)
    newcomer = an_order(customer_id, [("TEA", 5)])
    await hear(tx, newcomer)
    assert await status_of(tx, newcomer) == "undecided"

    await hear(tx, an_amendment(newcomer, {1: ("TEA", 0), 2: ("MUG", 3)}))
    [answer] = await said(tx, customer_id, StockReallocated)
    await resume(tx)

    assert (answer.warehouses, answer.short, answer.complete) == ((), (), False)
    assert await status_of(tx, newcomer) == "served"
    [first] = [event for event in await said(tx, customer_id, StockReserved) if event.order_id == newcomer.order_id]
    assert first.first
    assert await broken_books(tx, customer_id) == []


async def test_what_the_warehouses_need_not_know_changes_nothing(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6}})
    order = an_order(customer_id, [("TEA", 4)])

    await hear(tx, an_amendment(order, {1: ("TEA", 2)}, reallocate=False))
    await hear(tx, order, a_cancellation(order))
    await hear(tx, an_amendment(order, {1: ("TEA", 2)}))

    assert await said(tx, customer_id, StockReallocated) == []
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (6, 0)}
    assert await status_of(tx, order) == "cancelled"


async def test_what_has_picks_or_is_not_known_is_parked(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6}})
    order = an_order(customer_id, [("TEA", 4)])
    with pytest.raises(AmendedTooLate):
        await hear(tx, an_amendment(order, {1: ("TEA", 2)}))
    await hear(tx, order, a_release(order, {"W1": {1: 4}}))

    with pytest.raises(AmendedTooLate):
        await hear(tx, an_amendment(order, {1: ("TEA", 2)}))

    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (6, 4)}


async def test_another_promise_is_another_place_in_the_queue(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}})
    first, second = an_order(customer_id, [("TEA", 5)], hours=10), an_order(customer_id, [("TEA", 5)], hours=20)
    await hear(tx, first, second)
    later = Promise(earliest=THEN, latest=THEN + timedelta(hours=30))
    moved = OrderCommitChanged(
        customer_id=customer_id,
        version=3,
        occurred_at=THEN,
        order_id=first.order_id,
        by=By.CUSTOMER,
        reason="date",
        promised=later,
        former=first.promised,
    )

    await hear(tx, moved)
    await adjust(tx, customer_id, "TEA", "W1", 5)
    await resume(tx)

    assert [await status_of(tx, order) for order in (first, second)] == ["waiting", "served"]


async def test_the_largest_order_is_heard_and_answered_in_parts_that_fit(tx: Transaction) -> None:
    wide = "\U00020000" * 36
    skus = [f"{wide}{no:04}" for no in range(1, 1001)]
    customer_id = await a_customer_with(tx, {sku: {} for sku in skus})
    await tx.execute("INSERT INTO warehouses (code, name) VALUES ($1, 'W'), ($2, 'X')", wide + "W", wide + "X")
    await tx.execute(
        "INSERT INTO stock (customer_id, sku, warehouse, on_hand) SELECT $1, sku, $2, 1000000 FROM items WHERE customer_id = $1"
        " AND right(sku, 4)::int % 2 = 0",
        *(customer_id, wide + "W"),
    )
    order = an_order(customer_id, [(skus[0], 1)], allow_partial=True)
    await hear(tx, order)
    wanted = {no: (sku, 1_000_000) for no, sku in enumerate(skus, 1)}

    half = {no: wanted[no] for no in range(1, 501)}
    await hear(tx, an_amendment(order, half, more=True), an_amendment(order, {no: wanted[no] for no in range(501, 1001)}, amendment_no=1))

    answers = await said(tx, customer_id, StockReallocated)
    assert len(answers) == ceil(1000 / LINES_PER_EVENT)
    assert [(answer.more, answer.complete) for answer in answers] == [(True, False), (False, False)]
    assert sum(len(answer.short) for answer in answers) == sum(len(held(answer)) for answer in answers) == 500
    assert all(answer.short or not answer.more for answer in answers)
    bodies = [row["body"] for row in await published(tx) if row["type"] == StockReallocated.type]
    assert max(len(body.encode()) for body in bodies) <= LARGEST_EVENT
    assert len(await said(tx, customer_id, StockShort)) == 1
