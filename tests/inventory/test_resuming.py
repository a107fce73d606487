import pytest
from inventory.commands import reserving
from inventory.event_handlers import resume_waiting
from shared.database import Transaction
from shared.events import ReplenishmentRequested, StockReserved, StockShort

from tests.inventory.builders import (
    a_cancellation,
    a_customer_with,
    adjust,
    an_order,
    broken_books,
    facts,
    hear,
    resume,
    said,
    status_of,
    stock_of,
)


async def test_a_waiting_order_resumes_by_itself_when_stock_arrives(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 3}})
    order = an_order(customer_id, [("TEA", 5)])
    await hear(tx, order)

    await adjust(tx, customer_id, "TEA", "W1", 2)
    await resume(tx)

    [event] = await said(tx, customer_id, StockReserved)
    assert facts(event, "first", "complete", "version") == (False, True, 2)
    assert await status_of(tx, order) == "served"
    assert await broken_books(tx, customer_id) == []


async def test_stock_that_nobody_waits_for_sets_no_timer(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 3}})

    await adjust(tx, customer_id, "TEA", "W1", 5)

    assert not await tx.fetchval("SELECT EXISTS (SELECT FROM timers WHERE subject = $1)", f"{customer_id}/TEA")


async def test_the_queue_is_by_promise_then_by_arrival(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}})
    late = an_order(customer_id, [("TEA", 1)], hours=100)
    first, second = an_order(customer_id, [("TEA", 1)], hours=10), an_order(customer_id, [("TEA", 1)], hours=10)
    for order in (late, first, second):
        await hear(tx, order)

    served = []
    for _ in range(3):
        await adjust(tx, customer_id, "TEA", "W1", 1)
        await resume(tx)
        served.append([await status_of(tx, order) for order in (first, second, late)].count("served"))
        if len(served) == 1:
            assert await status_of(tx, first) == "served"
        if len(served) == 2:
            assert await status_of(tx, late) == "waiting"

    assert served == [1, 2, 3]


async def test_a_large_order_hoards_nothing_while_it_waits(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 6}})
    large, small = an_order(customer_id, [("TEA", 10)], hours=10), an_order(customer_id, [("TEA", 4)], hours=100)

    await hear(tx, large)
    await hear(tx, small)

    assert [await status_of(tx, large), await status_of(tx, small)] == ["waiting", "served"]


async def test_a_newcomer_does_not_overtake_those_whose_stock_has_just_arrived(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}})
    waiting = an_order(customer_id, [("TEA", 5)], hours=50)
    await hear(tx, waiting)
    await adjust(tx, customer_id, "TEA", "W1", 5)

    newcomer = an_order(customer_id, [("TEA", 5)], hours=90)
    await hear(tx, newcomer)
    undecided = await status_of(tx, newcomer)
    await resume(tx)

    assert undecided == "undecided"
    assert [await status_of(tx, waiting), await status_of(tx, newcomer)] == ["served", "waiting"]
    answer = (await said(tx, customer_id, StockShort))[-1]
    assert facts(answer, "order_id", "first", "version") == (newcomer.order_id, True, 1)
    assert len(await said(tx, customer_id, ReplenishmentRequested)) == 2


async def test_a_newcomer_promised_earlier_is_served_before_those_that_wait(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}})
    waiting, newcomer = an_order(customer_id, [("TEA", 5)], hours=90), an_order(customer_id, [("TEA", 5)], hours=10)
    await hear(tx, waiting)
    await adjust(tx, customer_id, "TEA", "W1", 5)

    await hear(tx, newcomer)
    await resume(tx)

    assert [await status_of(tx, waiting), await status_of(tx, newcomer)] == ["waiting", "served"]
    [event] = await said(tx, customer_id, StockReserved)
    assert facts(event, "order_id", "first") == (newcomer.order_id, True)


async def test_an_undecided_order_that_gets_all_is_answered_once(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}, "MUG": {"W1": 9}})
    await hear(tx, an_order(customer_id, [("TEA", 1)]))
    await adjust(tx, customer_id, "TEA", "W1", 5)
    newcomer = an_order(customer_id, [("TEA", 4), ("MUG", 9)])

    await hear(tx, newcomer)
    await resume(tx)

    [event] = [event for event in await said(tx, customer_id, StockReserved) if event.aggregate.endswith(str(newcomer.order_id))]
    assert facts(event, "first", "complete", "version") == (True, True, 1)


async def test_freed_stock_goes_to_the_next_in_the_queue(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 5}})
    holder, waiting = an_order(customer_id, [("TEA", 5)]), an_order(customer_id, [("TEA", 5)])
    await hear(tx, holder)
    await hear(tx, waiting)

    await hear(tx, a_cancellation(holder))
    await resume(tx)

    assert [await status_of(tx, holder), await status_of(tx, waiting)] == ["cancelled", "served"]
    assert await stock_of(tx, customer_id) == {("TEA", "W1"): (5, 5)}
    assert await broken_books(tx, customer_id) == []


async def test_a_partial_order_takes_each_arrival_and_a_whole_one_waits_for_all_its_lines(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {}, "MUG": {}})
    whole = an_order(customer_id, [("TEA", 2), ("MUG", 2)], hours=10)
    partial = an_order(customer_id, [("TEA", 5)], hours=50, allow_partial=True)
    await hear(tx, whole, partial)

    await adjust(tx, customer_id, "TEA", "W1", 3)
    await resume(tx)
    await adjust(tx, customer_id, "MUG", "W1", 2)
    await resume(tx)
    await adjust(tx, customer_id, "TEA", "W1", 2)
    await resume(tx)
    await adjust(tx, customer_id, "TEA", "W1", 2)
    await resume(tx)

    order_ids = [event.order_id for event in await said(tx, customer_id, StockReserved)]
    assert order_ids == [partial.order_id, whole.order_id, partial.order_id]
    assert [await status_of(tx, whole), await status_of(tx, partial)] == ["served", "served"]
    assert len(await said(tx, customer_id, StockShort)) == 2


async def test_more_orders_than_one_run_takes_are_all_served(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserving, "RESUMED_AT_ONCE", 3)
    customer_id = await a_customer_with(tx, {"TEA": {}})
    hopeless = [an_order(customer_id, [("TEA", 99)], hours=1) for _ in range(5)]
    orders = [an_order(customer_id, [("TEA", 2)], hours=10 + number) for number in range(10)]
    await hear(tx, *hopeless, *orders)

    await adjust(tx, customer_id, "TEA", "W1", 17)
    runs = await resume(tx)

    assert [await status_of(tx, order) for order in orders] == ["served"] * 8 + ["waiting"] * 2
    assert runs == 4
    assert await broken_books(tx, customer_id) == []


async def test_a_timer_that_comes_twice_or_for_nothing_says_nothing(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 5}})
    await hear(tx, an_order(customer_id, [("TEA", 9)]))
    before = len(await said(tx, customer_id))

    await resume_waiting(tx, [f"{customer_id}/TEA", f"{customer_id}/UNKNOWN"])

    assert len(await said(tx, customer_id)) == before
    assert await resume(tx) == 0
