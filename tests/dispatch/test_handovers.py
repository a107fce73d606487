import json
from datetime import timedelta
from uuid import UUID

import pytest
from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.errors import ForeignVehicle, HandedOverAlready, IllegalMove, NotPacked, ShipmentNotFound, UnknownCarrier, UnknownVehicle
from dispatch.fleet import put_carrier, put_vehicle
from dispatch.schemas import CarrierBody, NewAssignment, NewHandover, VehicleBody
from shared.batches import Done
from shared.database import Transaction
from shared.errors import DomainError, InvalidInput
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.dispatch.builders import (
    CARRIER,
    OTHER_VEHICLE,
    THEN,
    VEHICLE,
    a_cancellation,
    a_fleet,
    a_pack,
    a_packed_shipment,
    a_planned_shipment,
    a_release,
    a_shipment_on_its_way,
    a_short_pick,
    an_assigned_shipment,
    hear,
    shipments_of,
    status_of,
)

LATER = THEN + timedelta(days=1)


def on_vehicle(shipment_id: UUID, vehicle: str = VEHICLE, carrier: str = CARRIER) -> NewAssignment:
    return NewAssignment(shipment_id=shipment_id, carrier=carrier, vehicle=vehicle)


async def test_a_vehicle_takes_a_shipment_and_another_may_until_it_leaves(tx: Transaction) -> None:
    shipment_id = await a_planned_shipment(tx)
    await a_fleet(tx)

    outcomes = await assign_vehicles(tx, [on_vehicle(shipment_id), on_vehicle(shipment_id), on_vehicle(shipment_id, OTHER_VEHICLE)])

    assert outcomes == [Done(shipment_id), Done(shipment_id, created=False), Done(shipment_id)]
    rows = (await published(tx))[1:]
    assert [(row["type"], row["version"]) for row in rows] == [("shipment.assigned.v1", 2), ("shipment.assigned.v1", 3)]
    assert [json.loads(row["body"])["vehicle"] for row in rows] == [VEHICLE, OTHER_VEHICLE]


async def test_what_has_left_keeps_its_vehicle(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)

    same, other = await assign_vehicles(tx, [on_vehicle(shipment_id), on_vehicle(shipment_id, OTHER_VEHICLE)])

    assert same == Done(shipment_id, created=False)
    assert isinstance(other, IllegalMove)


async def test_only_a_known_vehicle_of_the_carrier_can_be_assigned(tx: Transaction) -> None:
    shipment_id = await a_planned_shipment(tx)
    await a_fleet(tx)
    await put_carrier(tx, "JD", CarrierBody(name="JD Logistics"), None)
    await put_vehicle(tx, "JD-1", VehicleBody(carrier="JD", name="JD 1"), None)
    wrong = [
        on_vehicle(uuid7()),
        on_vehicle(shipment_id, carrier="?"),
        on_vehicle(shipment_id, "?"),
        on_vehicle(shipment_id, "JD-1"),
    ]

    outcomes = await assign_vehicles(tx, wrong)

    assert [type(outcome) for outcome in outcomes] == [ShipmentNotFound, UnknownCarrier, UnknownVehicle, ForeignVehicle]
    assert await status_of(tx, shipment_id) == "planned"


async def test_a_hand_over_says_what_was_packed(tx: Transaction) -> None:
    order_id = uuid7()
    shipment_id = await a_planned_shipment(tx, (10, 5, 3), order_id)
    await hear(tx, a_short_pick(order_id, {1: 4, 3: 3}))
    await hear(tx, a_pack(order_id, {1: 6, 2: 5}, version=2))
    await a_fleet(tx)
    await assign_vehicles(tx, [on_vehicle(shipment_id)])

    assert await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id, handed_over_at=LATER)]) == [Done(shipment_id)]

    said = (await published(tx))[-1]
    body = json.loads(said["body"])
    assert (said["type"], said["version"]) == ("shipment.handed_over.v1", 3)
    assert body["lines"] == [{"line_no": 1, "quantity": 6}, {"line_no": 2, "quantity": 5}]
    assert (body["carrier"], body["vehicle"], body["handed_over_at"]) == (CARRIER, VEHICLE, "2026-05-02T08:00:00Z")


async def test_a_hand_over_waits_for_the_vehicle_and_for_everything_to_be_packed(tx: Transaction) -> None:
    planned, packed = await a_planned_shipment(tx), await a_packed_shipment(tx)
    await a_fleet(tx)
    await assign_vehicles(tx, [on_vehicle(planned)])

    outcomes = await hand_over_shipments(tx, [NewHandover(shipment_id=each) for each in (planned, packed, uuid7())])

    assert [type(outcome) for outcome in outcomes] == [NotPacked, IllegalMove, ShipmentNotFound]


async def test_a_cancelled_shipment_is_neither_assigned_nor_handed_over(tx: Transaction) -> None:
    order_id = uuid7()
    shipment_id = await an_assigned_shipment(tx, order_id=order_id)
    await hear(tx, a_cancellation(order_id))

    outcomes = [
        *await assign_vehicles(tx, [on_vehicle(shipment_id)]),
        *await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id)]),
    ]

    assert [isinstance(outcome, IllegalMove) and outcome.status for outcome in outcomes] == [409, 409]
    assert (await published(tx))[-1]["type"] == "shipment.cancelled.v1"


async def test_a_hand_over_happens_once_at_its_first_time(tx: Transaction) -> None:
    shipment_id = await an_assigned_shipment(tx)
    times = [LATER, LATER, LATER + timedelta(seconds=1), None]

    outcomes = await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id, handed_over_at=at) for at in times])

    assert outcomes[:2] == [Done(shipment_id), Done(shipment_id, created=False)]
    assert [type(outcome) for outcome in outcomes[2:]] == [HandedOverAlready] * 2
    assert await tx.fetchval("SELECT handed_over_at FROM shipments WHERE shipment_id = $1", shipment_id) == LATER


async def test_a_hand_over_without_a_time_can_be_repeated_without_one(tx: Transaction) -> None:
    shipment_id = await an_assigned_shipment(tx)

    outcomes = await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id)] * 2)

    assert outcomes == [Done(shipment_id), Done(shipment_id, created=False)]


async def test_a_time_a_little_ahead_is_now_and_can_be_repeated(tx: Transaction) -> None:
    shipment_id, now = await an_assigned_shipment(tx), await tx.now()
    new = NewHandover(shipment_id=shipment_id, handed_over_at=now + timedelta(minutes=2))

    outcomes = await hand_over_shipments(tx, [new, new])

    assert outcomes == [Done(shipment_id), Done(shipment_id, created=False)]
    assert await tx.fetchval("SELECT handed_over_at FROM shipments WHERE shipment_id = $1", shipment_id) == now


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(days=36500)], ids=["before the pack", "in the future"])
async def test_a_hand_over_is_neither_before_the_pack_nor_in_the_future(tx: Transaction, shift: timedelta) -> None:
    shipment_id = await an_assigned_shipment(tx)

    [outcome] = await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id, handed_over_at=THEN + shift)])

    assert isinstance(outcome, InvalidInput)
    assert [fault.pointer for fault in outcome.faults] == ["/handed_over_at"]


async def test_a_pack_timed_by_a_clock_ahead_of_ours_does_not_refuse_a_hand_over_now(tx: Transaction) -> None:
    order_id, soon = uuid7(), await tx.now() + timedelta(seconds=3)
    shipment_id = await a_planned_shipment(tx, order_id=order_id)
    await hear(tx, a_pack(order_id, {1: 10}, at=soon))
    await a_fleet(tx)
    await assign_vehicles(tx, [on_vehicle(shipment_id)])

    assert await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id)]) == [Done(shipment_id)]

    assert await tx.fetchval("SELECT handed_over_at FROM shipments WHERE shipment_id = $1", shipment_id) == soon


async def test_something_handed_over_refuses_the_cancellation_of_the_whole_order_once(tx: Transaction) -> None:
    order_id = uuid7()
    gone = await a_shipment_on_its_way(tx, order_id=order_id)
    waiting = await a_planned_shipment_of_release_two(tx, order_id)

    await hear(tx, a_cancellation(order_id))
    await hear(tx, a_cancellation(order_id, version=10))

    assert [await status_of(tx, gone), await status_of(tx, waiting)] == ["handed_over", "planned"]
    refused = [row for row in await published(tx) if "cancel" in row["type"]]
    assert [(row["type"], row["aggregate"], row["version"]) for row in refused] == [
        ("shipment.cancellation_refused.v1", f"shipment/{gone}", 4)
    ]
    assert json.loads(refused[0]["body"])["reason"] == "handed_over"


async def test_after_a_refused_cancellation_the_order_goes_on(tx: Transaction) -> None:
    order_id = uuid7()
    await a_shipment_on_its_way(tx, order_id=order_id)
    await hear(tx, a_cancellation(order_id))

    assert await status_of(tx, await a_planned_shipment_of_release_two(tx, order_id)) == "planned"


async def a_planned_shipment_of_release_two(tx: Transaction, order_id: UUID) -> UUID:
    await hear(tx, a_release(order_id, release_no=2))
    return (await shipments_of(tx, order_id))[-1]


async def test_one_refusal_in_a_batch_leaves_the_others_alone(tx: Transaction) -> None:
    sound = [await an_assigned_shipment(tx) for _ in range(3)]
    unknown = uuid7()

    outcomes = await hand_over_shipments(tx, [NewHandover(shipment_id=each) for each in (sound[0], unknown, *sound[1:])])

    assert [isinstance(outcome, DomainError) for outcome in outcomes] == [False, True, False, False]
    assert {await status_of(tx, each) for each in sound} == {"handed_over"}
