from datetime import timedelta
from uuid import UUID

import pytest
from inventory import gs1
from inventory.commands.packs import complete_packs
from inventory.commands.picks import confirm_picks
from inventory.errors import (
    MoreThanPicked,
    NothingToPack,
    NotOfThisRelease,
    OrderIsCancelled,
    OrderNotFound,
    OtherPack,
    OwnSscc,
    SsccTaken,
    WhichRelease,
)
from inventory.schemas import NewCarton, NewConfirmation, NewPack, PackedLine
from pydantic import ValidationError
from shared.batches import Done, Outcome
from shared.database import Transaction
from shared.errors import DomainError, InvalidInput
from shared.events import LINES_PER_EVENT, OrderConfirmed, PackCompleted
from uuid_utils.compat import uuid7

from tests.inventory.builders import THEN, a_cancellation, a_customer_with, a_release, an_order, hear, picks_of, said

PREFIX = "9521234"


async def a_picked_order(tx: Transaction, *warehouses: str) -> OrderConfirmed:
    """Two lines of 5, reserved in each warehouse in turn, and picked whole."""
    stock = {"TEA": dict.fromkeys(warehouses, 5), "MUG": dict.fromkeys(warehouses, 5)}
    customer_id = await a_customer_with(tx, stock)
    order = an_order(customer_id, [("TEA", 5 * len(warehouses)), ("MUG", 5 * len(warehouses))])
    await hear(tx, order)
    await hear(tx, a_release(order, {warehouse: {1: 5, 2: 5} for warehouse in warehouses}))
    await confirm_picks(tx, [NewConfirmation(pick_id=pick_id, quantity=5) for pick_id in (await picks_of(tx, order)).values()])
    return order


def a_carton(*lines: tuple[int, int], sscc: str | None = None) -> NewCarton:
    return NewCarton(sscc=sscc, lines=tuple(PackedLine(line_no=line_no, quantity=quantity) for line_no, quantity in lines))


def a_pack(order: OrderConfirmed, *cartons: NewCarton, reference: str = "P-1", warehouse: str | None = None) -> NewPack:
    return NewPack(order_id=order.order_id, reference=reference, warehouse=warehouse, cartons=cartons)


async def pack(tx: Transaction, *packs: NewPack) -> list[Outcome[UUID]]:
    return await complete_packs(tx, packs, PREFIX)


def refusals(outcomes: list[Outcome[UUID]]) -> list[tuple[type[DomainError], str]]:
    return [(type(one), one.faults[0].pointer if one.faults else "") for one in outcomes if isinstance(one, DomainError)]


def test_check_digits_are_those_of_gs1() -> None:
    assert gs1.is_valid("4006381333931")
    assert gs1.sscc("0614141", 1234567890) == "106141412345678908"
    assert not gs1.is_valid("106141412345678907")


async def test_picked_goods_are_packed_and_cartons_get_numbers(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")

    [outcome] = await pack(tx, a_pack(order, a_carton((1, 5), (2, 2)), a_carton((2, 3))))

    assert isinstance(outcome, Done)
    [event] = await said(tx, order.customer_id, PackCompleted)
    assert facts_of(event) == [{1: 5, 2: 2}, {2: 3}]
    assert (event.reference, event.warehouse, event.release_no, event.version) == ("P-1", "W1", 1, 3)
    numbers = [carton.sscc for carton in event.cartons]
    assert len(set(numbers)) == 2
    assert all(len(number) == 18 and gs1.is_valid(number) and number[1:].startswith(PREFIX) for number in numbers)


def facts_of(event: PackCompleted) -> list[dict[int, int]]:
    return [{line.line_no: line.quantity for line in carton.lines} for carton in event.cartons]


async def test_the_same_pack_twice_is_one_and_another_under_its_reference_is_refused(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")
    new = a_pack(order, a_carton((1, 5)))

    first, repeated, other = await pack(tx, new, new, a_pack(order, a_carton((1, 4))))

    assert isinstance(first, Done)
    assert repeated == Done(first.value, created=False)
    assert isinstance(other, OtherPack)
    assert await pack(tx, new) == [Done(first.value, created=False)]
    assert len(await said(tx, order.customer_id, PackCompleted)) == 1


async def test_no_more_is_packed_than_was_picked(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")

    outcomes = await pack(
        tx,
        a_pack(order, a_carton((1, 3)), a_carton((1, 3)), reference="P-1"),
        a_pack(order, a_carton((1, 3)), reference="P-2"),
        a_pack(order, a_carton((1, 3)), reference="P-3"),
        a_pack(order, a_carton((7, 1)), reference="P-4"),
        a_pack(order, a_carton((1, 2), (2, 5)), reference="P-5"),
        a_pack(order, a_carton((1, 1)), reference="P-6"),
    )

    assert refusals(outcomes) == [
        (MoreThanPicked, "/cartons/1/lines/0/quantity"),
        (MoreThanPicked, "/cartons/0/lines/0/quantity"),
        (NotOfThisRelease, "/cartons/0/lines/0/line_no"),
        (NothingToPack, ""),
    ]
    assert [event.reference for event in await said(tx, order.customer_id, PackCompleted)] == ["P-2", "P-5"]


async def test_the_release_is_said_where_more_than_one_lies_picked(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1", "W2")

    unsaid, said_, left = await pack(
        tx,
        a_pack(order, a_carton((1, 5)), reference="P-1"),
        a_pack(order, a_carton((1, 5), (2, 5)), reference="P-2", warehouse="W2"),
        a_pack(order, a_carton((1, 5)), reference="P-3"),
    )

    assert refusals([unsaid]) == [(WhichRelease, "/release_no")]
    assert isinstance(said_, Done)
    assert isinstance(left, Done)
    assert [event.warehouse for event in await said(tx, order.customer_id, PackCompleted)] == ["W2", "W1"]


async def test_a_pack_is_refused_for_an_order_that_is_unknown_or_cancelled(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")
    unknown = a_pack(an_order("C", [("TEA", 1)]), a_carton((1, 1)))
    await hear(tx, a_cancellation(order))

    assert refusals(await pack(tx, unknown, a_pack(order, a_carton((1, 1))))) == [(OrderNotFound, "/order_id"), (OrderIsCancelled, "")]


async def test_it_is_packed_between_picking_and_now(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")
    early = a_pack(order, a_carton((1, 1))).model_copy(update={"packed_at": THEN})
    late = a_pack(order, a_carton((1, 1))).model_copy(update={"packed_at": await tx.now() + timedelta(hours=1)})

    assert refusals(await pack(tx, early, late)) == [(InvalidInput, "/packed_at")] * 2


async def test_a_carton_number_is_given_once(tx: Transaction) -> None:
    order = await a_picked_order(tx, "W1")
    ours, foreign = gs1.sscc(PREFIX, 5), gs1.sscc("4012345", uuid7().int % 10**8)

    outcomes = await pack(
        tx,
        a_pack(order, a_carton((1, 1), sscc=foreign), reference="P-1"),
        a_pack(order, a_carton((1, 1)), a_carton((1, 1), sscc=foreign), reference="P-2"),
        a_pack(order, a_carton((1, 1), sscc=ours), reference="P-3"),
    )

    assert refusals(outcomes) == [(SsccTaken, "/cartons/1/sscc"), (OwnSscc, "/cartons/0/sscc")]
    assert refusals(await pack(tx, a_pack(order, a_carton((1, 1), sscc=foreign), reference="P-4"))) == [(SsccTaken, "/cartons/0/sscc")]


async def test_the_longest_pack_fits_an_event(tx: Transaction) -> None:
    customer_id = await a_customer_with(tx, {"TEA": {"倉" * 40: 10**6}})
    order = an_order(customer_id, [("TEA", 1)] * LINES_PER_EVENT)
    await hear(tx, order)
    await hear(tx, a_release(order, {"倉" * 40: {line.line_no: 1 for line in order.lines}}))
    await confirm_picks(tx, [NewConfirmation(pick_id=pick_id, quantity=1) for pick_id in (await picks_of(tx, order)).values()])

    [outcome] = await pack(tx, a_pack(order, *[a_carton((line.line_no, 1)) for line in order.lines], reference="記" * 40))

    assert isinstance(outcome, Done)
    longest = await tx.fetchval("SELECT max(octet_length(body)) FROM outbox WHERE customer_id = $1 AND topic = 'fulfilment'", customer_id)
    assert longest < 256 * 1024


def test_a_pack_of_more_lines_than_an_event_holds_is_refused() -> None:
    with pytest.raises(ValidationError, match="say it as several packs"):
        NewPack(order_id=uuid7(), reference="P-1", cartons=tuple(a_carton((1, 1), (2, 1)) for _ in range(LINES_PER_EVENT // 2 + 1)))
