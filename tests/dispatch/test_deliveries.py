import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from dispatch.deliveries import record_deliveries
from dispatch.delivering import Result
from dispatch.errors import DeliveredAlready, IllegalMove, OtherDelivery, ShipmentNotFound
from dispatch.reasons import Reason, reason_of
from dispatch.schemas import NewDeliveredLine, NewDelivery
from shared.batches import Done, Outcome
from shared.database import Transaction
from shared.errors import InvalidInput
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.dispatch.builders import THEN, a_shipment_on_its_way, an_assigned_shipment, status_of

HANDED_OVER = THEN + timedelta(days=1)
LATER = THEN + timedelta(days=2)


def line(line_no: int, accepted: int, damaged: int = 0, short: int = 0) -> NewDeliveredLine:
    return NewDeliveredLine(line_no=line_no, accepted=accepted, damaged=damaged, short=short)


def delivered(
    shipment_id: UUID, *lines: NewDeliveredLine, at: datetime | None = LATER, signed_by: str | None = "王芳", reason: str | None = None
) -> NewDelivery:
    return NewDelivery(
        shipment_id=shipment_id, outcome=Result.DELIVERED, delivered_at=at, signed_by=signed_by, reason=reason, lines=list(lines) or None
    )


def failed(shipment_id: UUID, at: datetime | None = LATER, reason: str | None = "consignee_absent") -> NewDelivery:
    return NewDelivery(shipment_id=shipment_id, outcome=Result.FAILED, delivered_at=at, reason=reason)


def statuses(outcomes: list[Outcome[UUID]]) -> list[int]:
    """As each single call would have answered."""
    return [(201 if outcome.created else 200) if isinstance(outcome, Done) else outcome.status for outcome in outcomes]


async def test_a_delivery_says_line_by_line_what_arrived_and_that_somebody_signed(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx, (10, 5))

    outcomes = await record_deliveries(tx, [delivered(shipment_id, line(1, 7, damaged=1, short=2), line(2, 5))])

    assert statuses(outcomes) == [201]
    said = (await published(tx))[-1]
    body = json.loads(said["body"])
    assert (said["type"], said["version"], body["signed"], body["delivered_at"]) == (
        "delivery.completed.v1",
        4,
        True,
        "2026-05-03T08:00:00Z",
    )
    assert body["lines"] == [
        {"line_no": 1, "advised": 10, "accepted": 7, "damaged": 1, "short": 2},
        {"line_no": 2, "advised": 5, "accepted": 5, "damaged": 0, "short": 0},
    ]
    assert "王芳" not in said["body"]
    assert await status_of(tx, shipment_id) == "delivered"


async def test_without_lines_everything_was_accepted(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx, (10, 5))

    await record_deliveries(tx, [delivered(shipment_id, signed_by=None)])

    body = json.loads((await published(tx))[-1]["body"])
    assert not body["signed"]
    assert [(each["accepted"], each["damaged"], each["short"]) for each in body["lines"]] == [(10, 0, 0), (5, 0, 0)]
    counted = await tx.fetch("SELECT accepted FROM shipment_lines WHERE shipment_id = $1 ORDER BY line_no", shipment_id)
    assert [row["accepted"] for row in counted] == [10, 5]


@pytest.mark.parametrize(
    "lines, pointers",
    [
        ([line(1, 9), line(2, 5)], ["/lines/0"]),
        ([line(1, 10), line(2, 5, damaged=1)], ["/lines/1"]),
        ([line(1, 10)], ["/lines"]),
        ([line(1, 10), line(2, 5), line(3, 0)], ["/lines/2/line_no"]),
        ([line(1, 10), line(2, 5), line(1, 10)], ["/lines/2/line_no"]),
    ],
    ids=["too few", "too many", "one not listed", "one not advised", "one twice"],
)
async def test_every_advised_line_adds_up(tx: Transaction, lines: list[NewDeliveredLine], pointers: list[str]) -> None:
    shipment_id = await a_shipment_on_its_way(tx, (10, 5))

    [outcome] = await record_deliveries(tx, [delivered(shipment_id, *lines)])

    assert isinstance(outcome, InvalidInput)
    assert [fault.pointer for fault in outcome.faults] == pointers
    assert await status_of(tx, shipment_id) == "handed_over"


async def test_a_failed_try_leaves_it_on_its_way_and_another_may_follow(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)
    tries = [
        failed(shipment_id),
        failed(shipment_id, LATER + timedelta(hours=1), "the dog bit me"),
        delivered(shipment_id, at=LATER + timedelta(days=1)),
    ]

    outcomes = await record_deliveries(tx, tries)

    assert statuses(outcomes) == [201, 201, 201]
    said = (await published(tx))[-3:]
    assert [(row["type"], row["version"]) for row in said] == [
        ("delivery.attempt_failed.v1", 4),
        ("delivery.attempt_failed.v1", 5),
        ("delivery.completed.v1", 6),
    ]
    assert [(json.loads(row["body"])["attempt_no"], json.loads(row["body"])["reason"]) for row in said[:2]] == [
        (1, "consignee_absent"),
        (2, "other"),
    ]
    kept = await tx.fetch("SELECT attempt_no, reason FROM deliveries WHERE shipment_id = $1 ORDER BY delivered_at", shipment_id)
    assert [tuple(row) for row in kept] == [(1, "consignee_absent"), (2, "the dog bit me"), (3, None)]


async def test_a_failed_try_needs_a_reason_and_nothing_else(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)
    wrong = NewDelivery(shipment_id=shipment_id, outcome=Result.FAILED, signed_by="王芳", lines=[line(1, 10)])

    [outcome] = await record_deliveries(tx, [wrong])

    assert isinstance(outcome, InvalidInput)
    assert [fault.pointer for fault in outcome.faults] == ["/reason", "/signed_by", "/lines"]


async def test_delivered_twice_is_delivered_once(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)
    first = delivered(shipment_id, line(1, 9, damaged=1))

    same, other_time, other_line, other_hand, explicit = await record_deliveries(
        tx,
        [
            first,
            delivered(shipment_id, line(1, 9, damaged=1), at=LATER + timedelta(seconds=1)),
            delivered(shipment_id, line(1, 9, short=1)),
            delivered(shipment_id, line(1, 9, damaged=1), signed_by="李强"),
            first,
        ],
    )

    assert isinstance(same, Done)
    assert explicit == Done(same.value, created=False)
    assert [type(each) for each in (other_time, other_line, other_hand)] == [DeliveredAlready] * 3


async def test_a_delivery_can_be_repeated_in_a_later_call(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx, (10, 5))
    [first] = await record_deliveries(tx, [delivered(shipment_id, line(1, 10), line(2, 4, short=1), at=None)])
    assert isinstance(first, Done)

    again = [delivered(shipment_id, line(2, 4, short=1), line(1, 10), at=None), delivered(shipment_id, at=None)]
    same, other = await record_deliveries(tx, again)

    assert same == Done(first.value, created=False)
    assert isinstance(other, DeliveredAlready)


async def test_a_failed_try_can_be_repeated_for_its_time_only(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)
    await record_deliveries(tx, [failed(shipment_id)])

    outcomes = await record_deliveries(tx, [failed(shipment_id), failed(shipment_id, reason="weather"), delivered(shipment_id)])

    assert statuses(outcomes) == [200, 409, 409]
    assert [type(outcome) for outcome in outcomes[1:]] == [OtherDelivery] * 2
    assert await status_of(tx, shipment_id) == "handed_over"


async def test_after_the_delivery_no_try_can_fail_but_an_earlier_one_can_be_repeated(tx: Transaction) -> None:
    shipment_id = await a_shipment_on_its_way(tx)
    await record_deliveries(tx, [failed(shipment_id), delivered(shipment_id, at=LATER + timedelta(hours=1))])

    repeated, late = await record_deliveries(tx, [failed(shipment_id), failed(shipment_id, LATER + timedelta(hours=2))])

    assert isinstance(repeated, Done)
    assert isinstance(late, IllegalMove)


async def test_only_what_was_handed_over_can_be_delivered_or_tried(tx: Transaction) -> None:
    waiting = await an_assigned_shipment(tx)

    outcomes = await record_deliveries(tx, [delivered(waiting), failed(waiting), failed(uuid7())])

    assert [type(outcome) for outcome in outcomes] == [IllegalMove, IllegalMove, ShipmentNotFound]
    assert await status_of(tx, waiting) == "assigned"


@pytest.mark.parametrize(
    "at", [HANDED_OVER - timedelta(seconds=1), THEN + timedelta(days=36500)], ids=["before the hand-over", "in the future"]
)
async def test_a_delivery_is_neither_before_the_hand_over_nor_in_the_future(tx: Transaction, at: datetime) -> None:
    shipment_id = await a_shipment_on_its_way(tx)

    outcomes = await record_deliveries(tx, [delivered(shipment_id, at=at), failed(shipment_id, at)])

    assert [isinstance(each, InvalidInput) and each.faults[0].pointer for each in outcomes] == ["/delivered_at"] * 2


def test_a_reason_of_the_list_is_its_code_and_any_other_text_is_other() -> None:
    assert [reason_of(reason) for reason in Reason] == list(Reason)
    assert reason_of(" Weather ") is Reason.WEATHER
    assert reason_of("the dog bit me") is Reason.OTHER
