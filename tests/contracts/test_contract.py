import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from shared.events import (
    EVENTS,
    LINES_PER_EVENT,
    OWNERS,
    SERVICES,
    Carton,
    ConfirmedPick,
    DeliveredLine,
    DeliveryCompleted,
    Event,
    LineQuantity,
    OrderConfirmed,
    OrderLine,
    OrderReceived,
    OrderReleased,
    PackCompleted,
    PickConfirmed,
    PickShort,
    Promise,
    ReleasedLines,
    ReservedLines,
    SealedAddress,
    ServiceLevel,
    ShortLine,
    ShortPick,
    StockReserved,
    StockShort,
    Topic,
)
from shared.tables import LARGEST_EVENT

each_event = pytest.mark.parametrize("event", tuple(EVENTS.values()), ids=tuple(EVENTS))
PRIVATE = {"name", "email", "phone", "street", "city", "postal_code", "country", "signed_by", "subject", "cause", "remedy"}

NOW = datetime(2026, 5, 1, 8, 30, 15, 123456, tzinfo=UTC)
LONGEST = "𠮷" * 40
HEAD = {"customer_id": LONGEST, "version": 1, "occurred_at": NOW, "order_id": uuid4()}


@each_event
def test_an_event_says_what_it_means(event: type[Event]) -> None:
    assert vars(event).get("__doc__"), f"{event.__name__} needs a docstring of its own"
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d+", event.type)
    assert event.topic in OWNERS


@each_event
def test_an_event_is_a_fact_and_does_not_change(event: type[Event]) -> None:
    assert event.model_config["frozen"]
    assert event.model_config["extra"] == "ignore"


@each_event
def test_no_event_carries_what_concerns_nobody_else(event: type[Event]) -> None:
    """Names and addresses stay in their service; order.released alone carries the address, sealed."""
    assert not PRIVATE & set(event.model_fields)
    assert "ship_to" not in event.model_fields or event is OrderReleased


def test_every_topic_has_an_owner_that_exists() -> None:
    assert set(OWNERS) == set(Topic)
    assert set(OWNERS.values()) <= set(SERVICES)


LINES = tuple(OrderLine(line_no=10**6, sku=LONGEST, quantity=10**6) for _ in range(LINES_PER_EVENT))
QUANTITIES = tuple(LineQuantity(line_no=10**6, quantity=10**6) for _ in range(LINES_PER_EVENT))
PROMISE = Promise(earliest=NOW, latest=NOW)
PICK = {"pick_id": uuid4(), "line_no": 10**6, "warehouse": LONGEST, "release_no": 99, "quantity": 10**6, "picked_at": NOW}
SHORT = ShortLine(line_no=10**6, sku=LONGEST, demanded=10**6, available=10**6, reserved=10**6)
HERE = {"warehouse": LONGEST, "release_no": 99}

LARGEST: list[Event] = [
    OrderReceived.model_validate(
        {**HEAD, "customer_reference": LONGEST, "consignee_code": LONGEST, "service_level": ServiceLevel.STANDARD}
        | {"allow_partial": False, "submitted_at": NOW, "lines": LINES, "more": True}
    ),
    OrderConfirmed.model_validate({**HEAD, "promised": PROMISE, "allow_partial": False, "lines": LINES, "more": True}),
    OrderReleased.model_validate(
        {**HEAD, "release_no": 1, "promised": PROMISE, "consignee_code": LONGEST, "ship_to": SealedAddress(sealed="x" * 8000)}
        | {"warehouses": [ReleasedLines(warehouse=LONGEST, lines=LINES)]}
    ),
    StockReserved.model_validate(
        {**HEAD, "first": True, "complete": True, "warehouses": [ReservedLines(warehouse=LONGEST, lines=(one,)) for one in QUANTITIES]}
    ),
    StockShort.model_validate({**HEAD, "first": True, "lines": [SHORT] * LINES_PER_EVENT, "more": True}),
    PickConfirmed.model_validate({**HEAD, "picks": [ConfirmedPick.model_validate(PICK)] * LINES_PER_EVENT}),
    PickShort.model_validate({**HEAD, "picks": [ShortPick.model_validate({**PICK, "missing": 10**6})] * LINES_PER_EVENT}),
    PackCompleted.model_validate(
        {**HEAD, **HERE, "reference": LONGEST, "packed_at": NOW, "cartons": [Carton(sscc="0" * 18, lines=(one,)) for one in QUANTITIES]}
    ),
    DeliveryCompleted.model_validate(
        {**HEAD, **HERE, "shipment_id": uuid4(), "carrier": LONGEST, "delivered_at": NOW, "signed": True}
        | {"lines": [DeliveredLine(line_no=10**6, advised=10**6, accepted=10**6, damaged=10**6, short=10**6)] * LINES_PER_EVENT}
    ),
]


@pytest.mark.parametrize("event", LARGEST, ids=[event.type for event in LARGEST])
def test_the_largest_event_fits(event: Event) -> None:
    assert len(event.model_dump_json().encode()) <= LARGEST_EVENT
