"""An order is changed before anything of it is released."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from order_intake.amendment_schemas import NewAmendment
from order_intake.commands.amending import Amending, amend_orders
from order_intake.commands.holds import release_holds
from order_intake.commands.orders import cancel_order
from order_intake.errors import AmendmentWaits, NotAmendable, NothingToAmend, OrderNotFound
from order_intake.queries import order_in
from order_intake.schemas import NewCancellation, OrderView
from order_intake.settings import Terms
from pydantic_core import from_json
from shared.database import Transaction
from shared.events import ReservedLines, ShortLine, StockReallocated
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.order_intake.builders import (
    HERE,
    THEN,
    ByLine,
    a_placed_order,
    a_released_order,
    hear,
    picked_short,
    reserved,
    short,
    some_lines,
)

FAR = {"earliest": "2150-05-01T08:00:00Z", "latest": "2150-05-02T08:00:00Z"}
LATER = {"earliest": "2150-06-01T08:00:00Z", "latest": "2150-06-02T08:00:00Z"}
NEW_HOME = {"code": "STORE-9", "name": "Store 9", "street": "1 Nanjing Road", "city": "Shanghai", "postal_code": "200001", "country": "CN"}
Json = dict[str, Any]  # any JSON


def lines(wanted: ByLine) -> list[Json]:
    return [{"line_no": no, "sku": f"SKU-{no}", "quantity": quantity} for no, quantity in wanted.items()]


def reallocated(
    order_id: UUID, held: ByLine, missing: ByLine | None = None, *, amendment_no: int = 1, more: bool = False
) -> StockReallocated:
    waits = tuple(ShortLine(line_no=no, sku=f"SKU-{no}", demanded=units, available=0, reserved=0) for no, units in (missing or {}).items())
    return StockReallocated(
        customer_id="C",
        version=2,
        occurred_at=THEN,
        order_id=order_id,
        amendment_no=amendment_no,
        complete=not missing and not more,
        warehouses=(ReservedLines(warehouse=HERE, lines=some_lines(held)),) if held else (),
        short=waits,
        more=more,
    )


async def no_keys(_: object) -> Mapping[str, Any]:
    return {}


async def amended(tx: Transaction, order_id: UUID, **wish: object) -> Amending:
    [amending] = (await amend_orders(tx, {order_id: NewAmendment.model_validate(wish)}, Terms(), no_keys)).values()
    return amending


def quantities(order: OrderView) -> list[tuple[int, int, int, int, int]]:
    """Ordered, waiting, backordered, reserved, cancelled."""
    of = [(line.quantity, line.quantities) for line in order.lines]
    return [(ordered, each.waiting, each.backordered, each.reserved, each.cancelled) for ordered, each in of]


async def said(tx: Transaction) -> list[str]:
    return [row["type"].removesuffix(".v1") for row in await published(tx)]


async def bodies(tx: Transaction, type_: str) -> list[Json]:
    return [from_json(row["body"]) for row in await published(tx) if row["type"] == f"{type_}.v1"]


async def test_all_lines_wait_until_inventory_has_answered_with_what_they_have(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5, 4), allow_partial=True, requested_delivery=FAR)
    await hear(tx, reserved(order_id, {1: 10, 2: 5, 3: 4}))

    await amended(tx, order_id, lines=lines({1: 12, 3: 4, 4: 2}), reason="quantity")
    waiting = await order_in(tx, order_id)
    await hear(tx, reserved(order_id, {1: 3}), short(order_id, {2: 5}))
    still = await order_in(tx, order_id)
    await hear(tx, reallocated(order_id, {1: 10, 3: 4, 4: 2}, {1: 2}))

    assert (waiting.status, waiting.open_amendment) == ("confirmed", 1)
    assert quantities(waiting) == quantities(still) == [(12, 12, 0, 0, 0), (5, 0, 0, 0, 5), (4, 4, 0, 0, 0), (2, 2, 0, 0, 0)]
    order = await order_in(tx, order_id)
    assert (order.status, order.open_amendment) == ("backordered", None)
    assert quantities(order) == [(12, 0, 2, 10, 0), (5, 0, 0, 0, 5), (4, 0, 0, 4, 0), (2, 0, 0, 2, 0)]
    assert [line.status for line in order.lines] == ["backordered", "cancelled", "allocated", "allocated"]
    assert (await said(tx))[2:] == ["order.amended", "order.backordered"]
    [told] = await bodies(tx, "order.amended")
    assert told["lines"] == lines({1: 12, 2: 0, 3: 4, 4: 2})
    assert (told["reallocate"], told["by"], told["reason"]) == (True, "customer", "quantity")
    assert [entry.what for entry in order.history][-4:] == ["allocated", "amended", "confirmed", "backordered"]


async def test_nothing_is_released_before_the_last_part_of_the_answer(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5), allow_partial=True)

    await amended(tx, order_id, lines=lines({1: 8, 2: 5}))
    await hear(tx, reallocated(order_id, {1: 8}, more=True))
    half = await order_in(tx, order_id)
    await hear(tx, reallocated(order_id, {2: 5}))

    assert (half.status, half.open_amendment, half.lines[0].quantities.reserved) == ("confirmed", 1, 8)
    assert (await order_in(tx, order_id)).status == "released"
    [release] = await bodies(tx, "order.released")
    assert release["warehouses"] == [{"warehouse": HERE, "lines": lines({1: 8, 2: 5})}]


async def test_what_is_not_decided_yet_waits_and_is_not_short(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))

    await amended(tx, order_id, lines=lines({1: 8, 2: 5}))
    await hear(tx, reallocated(order_id, {}))
    undecided = await order_in(tx, order_id)
    await hear(tx, reserved(order_id, {1: 8, 2: 5}))

    assert (undecided.status, undecided.open_amendment) == ("confirmed", None)
    assert (await order_in(tx, order_id)).status == "released"


async def test_an_order_that_the_warehouses_do_not_know_is_amended_at_once(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5), blocked=True)

    await amended(tx, order_id, lines=lines({2: 6, 4: 1}), requested_delivery=FAR)
    held = await order_in(tx, order_id)
    await release_holds(tx, order_id, None, Terms())

    assert (held.status, held.open_amendment, held.lines[0].status) == ("received", None, "cancelled")
    order = await order_in(tx, order_id)
    assert order.promised
    assert order.promised.latest == datetime(2150, 5, 2, 8, tzinfo=UTC)
    assert await said(tx) == ["order.received", "order.held", "order.amended", "order.hold_released", "order.confirmed"]
    [confirmed], [told] = await bodies(tx, "order.confirmed"), await bodies(tx, "order.amended")
    assert confirmed["lines"] == lines({2: 6, 4: 1})
    assert (told["reallocate"], told["lines"]) == (False, lines({1: 0, 2: 6, 4: 1}))


async def test_another_window_is_another_promise_and_another_time_of_release(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,), requested_delivery=FAR)
    await hear(tx, reserved(order_id, {1: 10}))

    await amended(tx, order_id, requested_delivery=LATER, reason="date")
    moved = await order_in(tx, order_id)
    await amended(tx, order_id, requested_delivery={}, by="us")

    assert (moved.status, moved.open_amendment) == ("allocated", None)
    due = await tx.fetchval("SELECT max(due_at) FROM timers WHERE kind = 'release_order' AND subject = $1", str(order_id))
    assert due.isoformat() == "2150-05-25T08:00:00+00:00"
    assert (await order_in(tx, order_id)).status == "released"
    first, second = await bodies(tx, "order.commit_changed")
    assert (first["by"], first["reason"], first["promised"], first["former"]) == ("customer", "date", LATER, FAR)
    assert (second["by"], second["reason"], second["former"]) == ("us", "customer_request", LATER)
    assert [body["lines"] for body in await bodies(tx, "order.amended")] == [[], []]


async def test_cancelling_ends_the_waiting_and_the_late_answer_is_passed_over(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))
    await amended(tx, order_id, lines=lines({1: 4}))

    await cancel_order(tx, order_id, NewCancellation(reason="price"))
    await hear(tx, reallocated(order_id, {1: 4}))

    order = await order_in(tx, order_id)
    assert (order.status, order.open_amendment) == ("cancelled", None)
    assert quantities(order) == [(4, 0, 0, 0, 4), (5, 0, 0, 0, 5)]
    assert await tx.fetch("SELECT FROM reservations WHERE order_id = $1", order_id) == []


async def test_only_what_is_not_released_and_not_being_amended_can_be_amended(tx: Transaction) -> None:
    released, waits, same, gone = [
        await a_released_order(tx),
        await a_placed_order(tx, (10,)),
        await a_placed_order(tx, (10,), requested_delivery=FAR),
        await a_released_order(tx, (10,)),
    ]
    await amended(tx, waits, lines=lines({1: 4}))
    await hear(tx, picked_short(gone, 1, 7, 3))

    wish = NewAmendment.model_validate({"lines": lines({1: 10})})
    unknown = uuid7()
    outcomes = await amend_orders(tx, dict.fromkeys((released, waits, same, gone, unknown), wish), Terms(), no_keys)

    assert [type(outcomes[each].refused) for each in (released, waits, same, gone, unknown)] == [
        *(NotAmendable, AmendmentWaits, NothingToAmend, NotAmendable, OrderNotFound),
    ]
    assert (await order_in(tx, released)).history[-1].what == "released"


async def test_a_batch_is_judged_one_by_one(tx: Transaction) -> None:
    one, other = await a_placed_order(tx, (10,)), await a_placed_order(tx, (10,))

    wishes = {one: NewAmendment.model_validate({"lines": lines({1: 3})}), other: NewAmendment.model_validate({"lines": lines({77: 1})})}
    outcomes = await amend_orders(tx, wishes, Terms(), no_keys)

    assert (outcomes[one].refused, outcomes[one].is_new, outcomes[one].amendment_no) == (None, True, 1)
    refused = outcomes[other].refused
    assert refused
    assert [fault.pointer for fault in refused.faults] == ["/lines/0/sku"]
    assert quantities(await order_in(tx, one)) == [(3, 3, 0, 0, 0)]
    assert quantities(await order_in(tx, other)) == [(10, 10, 0, 0, 0)]


async def test_a_line_that_was_cancelled_may_come_back_and_lines_do_not_pile_up(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10, 5))
    await amended(tx, order_id, lines=lines({1: 10}))
    await hear(tx, reallocated(order_id, {}, {1: 10}))

    await amended(tx, order_id, lines=lines({1: 10, 2: 7}))
    await hear(tx, reallocated(order_id, {2: 7}, {1: 10}, amendment_no=2))

    assert quantities(await order_in(tx, order_id)) == [(10, 0, 10, 0, 0), (7, 0, 0, 7, 0)]
    many = [{"line_no": no, "sku": "SKU-1", "quantity": 1} for no in range(3, 2002)]
    refused = (await amended(tx, order_id, lines=many)).refused
    assert refused
    assert [fault.pointer for fault in refused.faults] == ["/lines"]


async def test_the_largest_order_is_amended_in_parts(tx: Transaction) -> None:
    order_id = await a_placed_order(tx, (10,))
    many = [{"line_no": no, "sku": "SKU-1", "quantity": 1} for no in range(1, 2001)]

    await amended(tx, order_id, lines=many)

    parts = await bodies(tx, "order.amended")
    assert [(len(part["lines"]), part["more"]) for part in parts] == [(750, True), (750, True), (500, False)]
    assert len((await order_in(tx, order_id)).lines) == 2000
