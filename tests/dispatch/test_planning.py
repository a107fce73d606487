import json

import asyncpg
import pytest
from dispatch.errors import ContradictingPick
from shared.database import Transaction
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.dispatch.builders import a_cancellation, a_pack, a_release, a_short_pick, hear, shipments_of, status_of


def said(rows: list[asyncpg.Record]) -> list[tuple[str, int]]:
    return [(row["type"].removesuffix(".v1"), row["version"]) for row in rows]


async def test_a_release_makes_a_shipment_for_each_warehouse(tx: Transaction) -> None:
    order_id = uuid7()

    await hear(tx, a_release(order_id, (10, 5), warehouses=("SH", "BJ")))

    assert len(await shipments_of(tx, order_id)) == 2
    rows = await published(tx)
    assert said(rows) == [("shipment.planned", 1)] * 2
    assert json.loads(rows[0]["body"])["lines"] == [
        {"line_no": 1, "sku": "SKU-1", "quantity": 10},
        {"line_no": 2, "sku": "SKU-2", "quantity": 5},
    ]


async def test_the_same_release_again_makes_nothing_and_the_next_one_another_shipment(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id))

    await hear(tx, a_release(order_id), a_release(order_id, release_no=2))

    assert len(await shipments_of(tx, order_id)) == 2


async def test_the_address_and_the_promise_are_kept_as_they_came(tx: Transaction) -> None:
    order_id, released = uuid7(), a_release(uuid7())

    await hear(tx, released)

    [row] = await tx.fetch("SELECT * FROM shipments WHERE order_id = $1", released.order_id)
    assert (row["ship_to_key_id"], row["ship_to_sealed"]) == (None, released.ship_to.sealed)
    assert (row["promised_earliest"], row["promised_latest"]) == (released.promised.earliest, released.promised.latest)
    assert row["consignee_code"] == "SHOP-7"
    assert not await shipments_of(tx, order_id)


async def test_a_shipment_of_which_nothing_was_found_is_cancelled_as_empty(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id, (10, 5)))

    await hear(tx, a_short_pick(order_id, {1: 10}))
    [shipment_id] = await shipments_of(tx, order_id)
    assert await status_of(tx, shipment_id) == "planned"
    await hear(tx, a_short_pick(order_id, {2: 5}, version=2))

    assert await status_of(tx, shipment_id) == "cancelled"
    rows = await published(tx)
    assert said(rows) == [("shipment.planned", 1), ("shipment.cancelled", 2)]
    assert json.loads(rows[-1]["body"])["reason"] == "empty"


async def test_nothing_found_before_the_release_is_heard_of_cancels_at_once(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_short_pick(order_id, {1: 10}))

    await hear(tx, a_release(order_id, (10,)))

    assert said(await published(tx)) == [("shipment.planned", 1), ("shipment.cancelled", 2)]
    assert not await tx.fetch("SELECT FROM packed_ahead WHERE order_id = $1", order_id)


async def test_what_is_packed_of_the_next_release_waits_for_it(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_pack(order_id, {1: 3}, release_no=2), a_pack(order_id, {1: 4}, release_no=2, version=2))
    await hear(tx, a_release(order_id, (10,)))

    await hear(tx, a_release(order_id, (7,), release_no=2))

    packed = await tx.fetch(
        "SELECT release_no, packed FROM shipment_lines JOIN shipments USING (shipment_id) WHERE order_id = $1", order_id
    )
    assert {(row["release_no"], row["packed"]) for row in packed} == {(1, 0), (2, 7)}


@pytest.mark.parametrize("release_first", [True, False])
async def test_a_line_that_was_never_released_is_a_contradiction(tx: Transaction, release_first: bool) -> None:
    order_id = uuid7()
    events = [a_release(order_id, (10,)), a_pack(order_id, {1: 10, 2: 1})]
    first, second = events if release_first else reversed(events)
    await hear(tx, first)

    with pytest.raises(ContradictingPick):
        await hear(tx, second)


async def test_a_cancellation_takes_all_shipments_together(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id, warehouses=("SH", "BJ")))

    await hear(tx, a_cancellation(order_id))

    assert {await status_of(tx, each) for each in await shipments_of(tx, order_id)} == {"cancelled"}
    rows = (await published(tx))[2:]
    assert said(rows) == [("shipment.cancelled", 2)] * 2
    assert {json.loads(row["body"])["reason"] for row in rows} == {"cancellation"}


async def test_a_cancellation_asked_twice_is_decided_once(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id))

    await hear(tx, a_cancellation(order_id))
    await hear(tx, a_cancellation(order_id, version=10))

    assert said(await published(tx)) == [("shipment.planned", 1), ("shipment.cancelled", 2)]


async def test_after_a_granted_cancellation_a_late_release_plans_nothing(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id))
    await hear(tx, a_cancellation(order_id))

    await hear(tx, a_release(order_id, release_no=2), a_pack(order_id, {1: 10}))

    assert len(await shipments_of(tx, order_id)) == 1


async def test_an_empty_shipment_is_not_cancelled_again_with_its_order(tx: Transaction) -> None:
    order_id = uuid7()
    await hear(tx, a_release(order_id, (10,), warehouses=("SH", "BJ")))
    await hear(tx, a_short_pick(order_id, {1: 10}))

    await hear(tx, a_cancellation(order_id))

    assert said(await published(tx))[2:] == [("shipment.cancelled", 2)] * 2
