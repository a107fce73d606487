from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from inventory.commands.picks import confirm_picks
from inventory.errors import MoreThanAsked, OtherConfirmation, PickIsVoid, PickNotFound
from inventory.schemas import NewConfirmation
from shared.batches import Done, Outcome
from shared.database import Transaction
from shared.errors import InvalidInput
from shared.events import (
    Event,
    OrderConfirmed,
    PickConfirmed,
    PickShort,
    ReplenishmentRequested,
    StockAdjusted,
    StockReserved,
    StockShort,
)
from uuid_utils.compat import uuid7

from tests.inventory.builders import (
    THEN,
    a_cancellation,
    a_customer_with,
    a_release,
    adjust,
    an_order,
    broken_books,
    facts,
    hear,
    picks_of,
    resume,
    said,
    status_of,
    stock_of,
)


async def a_released_order(tx: Transaction, stock: Mapping[str, int], *, allow_partial: bool = False) -> OrderConfirmed:
    """One line an item, each of 5, released from W1."""
    customer_id = await a_customer_with(tx, {sku: {"W1": quantity} for sku, quantity in stock.items()})
    order = an_order(customer_id, [(sku, 5) for sku in stock], allow_partial=allow_partial)
    await hear(tx, order)
    await hear(tx, a_release(order, {"W1": {line.line_no: 5 for line in order.lines}}))
    return order


async def confirm(tx: Transaction, pick_id: UUID, quantity: int) -> Outcome[UUID]:
    [outcome] = await confirm_picks(tx, [NewConfirmation(pick_id=pick_id, quantity=quantity)])
    return outcome


async def test_a_release_becomes_one_pick_a_line_and_warehouse(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 9, "MUG": 9})

    await hear(tx, a_release(order, {"W1": {1: 5, 2: 5}}))

    assert list(await picks_of(tx, order)) == [(1, "W1", 1), (2, "W1", 1)]


async def test_picks_of_one_call_are_said_once_an_order(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 9, "MUG": 9})
    picks = list((await picks_of(tx, order)).values())

    outcomes = await confirm_picks(tx, [NewConfirmation(pick_id=pick_id, quantity=5) for pick_id in picks])

    assert outcomes == [Done(pick_id) for pick_id in picks]
    [event] = await said(tx, order.customer_id, PickConfirmed, PickShort)
    assert isinstance(event, PickConfirmed)
    assert {(pick.pick_id, pick.warehouse, pick.release_no, pick.quantity) for pick in event.picks} == {(p, "W1", 1, 5) for p in picks}
    assert await stock_of(tx, order.customer_id) == {("TEA", "W1"): (9, 5), ("MUG", "W1"): (9, 5)}


async def test_confirming_twice_is_confirming_once(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 9})
    [pick_id] = (await picks_of(tx, order)).values()
    await confirm(tx, pick_id, 4)

    again, other = await confirm(tx, pick_id, 4), await confirm(tx, pick_id, 5)

    assert again == Done(pick_id, created=False)
    assert isinstance(other, OtherConfirmation)
    assert len(await said(tx, order.customer_id, PickShort)) == 1


async def test_a_confirmation_is_refused_for_what_cannot_be(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 9})
    [pick_id] = (await picks_of(tx, order)).values()
    before_release = NewConfirmation(pick_id=pick_id, quantity=5, picked_at=THEN - timedelta(days=1))
    tomorrow = NewConfirmation(pick_id=pick_id, quantity=5, picked_at=await tx.now() + timedelta(days=1))

    unknown, too_much = await confirm(tx, uuid7(), 1), await confirm(tx, pick_id, 6)
    early, late = await confirm_picks(tx, [before_release, tomorrow])

    assert isinstance(unknown, PickNotFound)
    assert isinstance(too_much, MoreThanAsked)
    for refused in (early, late):
        assert isinstance(refused, InvalidInput)
        assert refused.faults[0].pointer == "/picked_at"


async def test_a_short_pick_is_written_off_and_reserved_anew_elsewhere(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 5})
    await tx.execute("INSERT INTO warehouses (code, name) VALUES ('W2', 'W2') ON CONFLICT DO NOTHING")
    await adjust(tx, order.customer_id, "TEA", "W2", 4)
    [pick_id] = (await picks_of(tx, order)).values()

    await confirm(tx, pick_id, 3)

    short, anew = (await said(tx, order.customer_id, PickShort, StockReserved, StockShort))[1:]
    assert isinstance(short, PickShort)
    assert isinstance(anew, StockReserved)
    assert [facts(pick, "quantity", "missing") for pick in short.picks] == [(3, 2)]
    assert facts(anew, "first", "complete", "version") == (False, True, 3)
    assert [(part.warehouse, part.lines[0].quantity) for part in anew.warehouses] == [("W2", 2)]
    written_off = (await said(tx, order.customer_id, StockAdjusted))[-1]
    assert facts(written_off, "warehouse", "quantity", "reason", "on_hand", "reserved") == ("W1", -2, "pick_short", 3, 3)
    assert await stock_of(tx, order.customer_id) == {("TEA", "W1"): (3, 3), ("TEA", "W2"): (4, 2)}
    assert await broken_books(tx, order.customer_id) == []


async def test_a_short_pick_without_other_stock_waits_and_resumes(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 5, "MUG": 5})
    picks = await picks_of(tx, order)
    calls = [NewConfirmation(pick_id=picks[1, "W1", 1], quantity=0), NewConfirmation(pick_id=picks[2, "W1", 1], quantity=5)]

    await confirm_picks(tx, calls)
    waited = await status_of(tx, order)
    await adjust(tx, order.customer_id, "TEA", "W1", 5)
    await resume(tx)

    events: list[Event] = await said(tx, order.customer_id, PickConfirmed, PickShort, StockReserved, StockShort, ReplenishmentRequested)
    assert [type(event) for event in events] == [
        StockReserved,
        PickConfirmed,
        PickShort,
        StockShort,
        ReplenishmentRequested,
        StockReserved,
    ]
    assert isinstance(events[3], StockShort)
    assert facts(events[3], "first", "more") == (False, False)
    assert [facts(line, "line_no", "demanded", "available", "reserved") for line in events[3].lines] == [(1, 5, 0, 0)]
    assert facts(events[5], "first", "complete") == (False, True)
    assert [waited, await status_of(tx, order)] == ["waiting", "served"]
    assert await broken_books(tx, order.customer_id) == []


async def test_a_short_pick_of_a_partial_order_leaves_what_waited_before_alone(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 5}, "MUG": {}})
    order = an_order(customer_id, [("TEA", 5), ("MUG", 7)], allow_partial=True)
    await hear(tx, order)
    await hear(tx, a_release(order, {"W1": {1: 5}}))
    [pick_id] = (await picks_of(tx, order)).values()

    await confirm(tx, pick_id, 4)

    short = (await said(tx, customer_id, StockShort))[-1]
    assert [facts(line, "line_no", "demanded", "reserved") for line in short.lines] == [(1, 1, 0)]
    rows = await tx.fetch("SELECT waiting FROM demand WHERE order_id = $1 ORDER BY line_no", order.order_id)
    assert [row["waiting"] for row in rows] == [1, 7]


async def test_the_pick_of_a_cancelled_order_is_void(tx: Transaction) -> None:
    order = await a_released_order(tx, {"TEA": 9})
    [pick_id] = (await picks_of(tx, order)).values()

    await hear(tx, a_cancellation(order))

    assert isinstance(await confirm(tx, pick_id, 5), PickIsVoid)
    assert await stock_of(tx, order.customer_id) == {("TEA", "W1"): (9, 0)}


async def test_a_release_heard_after_the_cancellation_makes_no_picks(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"W1": 9}})
    order = an_order(customer_id, [("TEA", 5)])
    await hear(tx, order)
    await hear(tx, a_cancellation(order))

    await hear(tx, a_release(order, {"W1": {1: 5}}))

    assert await picks_of(tx, order) == {}
