from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from crm.timeline import Names, entry
from shared.database import Pool, Transaction, transaction
from shared.events import (
    EVENTS,
    By,
    Carton,
    ConfirmedPick,
    DeliveredLine,
    DeliveryCompleted,
    Event,
    ItemRegistered,
    LineQuantity,
    OrderCancelled,
    OrderReceived,
    PackCompleted,
    PickConfirmed,
    PickShort,
    ShipmentHandedOver,
    ShortPick,
    StockAdjusted,
)

from tests.crm.builders import LINES, NOW, a_customer, a_customer_id, cancelled, confirmed, hear, received, short

ORDER = uuid4()
HEAD = {"customer_id": "C-1", "version": 1, "occurred_at": NOW}
MOVED = {**HEAD, "order_id": ORDER, "warehouse": "MAIN", "release_no": 1}
PICK = {"pick_id": uuid4(), "line_no": 2, "warehouse": "MAIN", "release_no": 1, "picked_at": NOW}


def _spoken() -> Iterator[tuple[Event, str]]:
    yield received("C-1", ORDER), "Order PO-4711 received: 2 lines, 120 units, standard service"
    yield (
        confirmed("C-1", ORDER),
        "Order confirmed, delivery promised between 2026-05-01 08:00 UTC and 2026-05-04 08:00 UTC",
    )
    yield short("C-1", ORDER), "1 of 3 lines waits for stock: WHITE METAL LANTERN (71053) short by 4"
    yield cancelled("C-1", ORDER), "Order cancelled by the customer: other"
    yield (
        OrderCancelled(**HEAD, order_id=ORDER, by=By.US, reason="out_of_stock"),
        "Order cancelled by us: out of stock",
    )
    yield PickConfirmed(**HEAD, order_id=ORDER, picks=(ConfirmedPick(**PICK, quantity=1),)), "Picked in MAIN: 1 line, 1 unit"
    yield (
        PickShort(**HEAD, order_id=ORDER, picks=(ShortPick(**PICK, quantity=1, missing=3),)),
        "Not found while picking in MAIN, written off: 3 of line 2",
    )
    yield (
        PackCompleted(
            **MOVED, reference="P-1", packed_at=NOW, cartons=(Carton(sscc="0" * 18, lines=(LineQuantity(line_no=1, quantity=7),)),)
        ),
        "Packed in MAIN: 1 carton, 7 units (pack P-1)",
    )
    yield (
        ShipmentHandedOver(
            **MOVED,
            shipment_id=uuid4(),
            carrier="DHL",
            vehicle="TRUCK-1",
            handed_over_at=NOW,
            lines=(LineQuantity(line_no=1, quantity=7),),
        ),
        "Handed over to carrier DHL, vehicle TRUCK-1, from warehouse MAIN: 1 line, 7 units",
    )
    yield (
        DeliveryCompleted(
            **MOVED,
            shipment_id=uuid4(),
            carrier="DHL",
            delivered_at=NOW,
            signed=True,
            lines=(DeliveredLine(line_no=1, advised=7, accepted=5, damaged=1, short=1),),
        ),
        "Delivered by DHL at 2026-05-01 08:00 UTC: 5 units accepted, 1 unit damaged, 1 unit missing; signed for",
    )
    yield (
        StockAdjusted(**HEAD, sku="71053", warehouse="MAIN", quantity=-2, reason="pick_short", reference="r", on_hand=8, reserved=0),
        "Stock of WHITE METAL LANTERN (71053) in MAIN corrected by -2: pick short; 8 on hand, 0 reserved",
    )


@pytest.mark.parametrize(("event", "line"), tuple(_spoken()), ids=lambda value: value.type if isinstance(value, Event) else "")
def test_a_line_reads_as_a_person_would_say_it(event: Event, line: str) -> None:
    names = Names(items={("C-1", "71053"): "WHITE METAL LANTERN"}, lines={ORDER: 3})

    assert entry(event, names) == line


@pytest.mark.parametrize("event", tuple(EVENTS.values()), ids=tuple(EVENTS))
def test_every_event_of_the_contract_has_words_of_its_own(event: type[Event]) -> None:
    assert entry.dispatch(event) is not entry.dispatch(Event)


def test_a_name_that_was_not_heard_yet_is_left_out() -> None:
    assert entry(short("C-1", ORDER), Names()) == "1 line waits for stock: 71053 short by 4"


def test_a_long_order_is_still_one_line() -> None:
    long = received("C-1", ORDER, lines=LINES * 500)

    assert len(entry(long, Names())) < 120


async def test_names_of_items_in_the_same_batch_are_used(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()
    item = ItemRegistered(customer_id=customer_id, version=1, occurred_at=NOW, sku="71053", description="WHITE METAL LANTERN", unit="piece")

    await hear(tx, short(customer_id, order_id), received(customer_id, order_id), item)

    text = await tx.fetchval("SELECT text FROM timeline WHERE customer_id = $1 AND type = 'stock.short.v1'", customer_id)
    assert text == "1 of 2 lines waits for stock: WHITE METAL LANTERN (71053) short by 4"


async def test_an_event_that_comes_twice_is_one_entry(tx: Transaction) -> None:
    customer_id, event = a_customer_id(), received("C-1", uuid4())
    event = event.model_copy(update={"customer_id": customer_id})

    await hear(tx, event)
    await hear(tx, event)

    assert await tx.fetchval("SELECT count(*) FROM timeline WHERE customer_id = $1", customer_id) == 1


async def test_the_timeline_is_read_newest_first_in_pages(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, one, two = await a_customer(client), uuid4(), uuid4()
    events: list[OrderReceived] = []
    for order_id in (one, two):
        for minute in range(5):
            event = received(customer_id, order_id, reference=f"PO-{minute}")
            events.append(event.model_copy(update={"occurred_at": NOW + timedelta(minutes=minute % 3)}))
    async with transaction(pool) as tx:
        await hear(tx, *events)

    entries = await _all_entries(client, customer_id)
    of_one = await _all_entries(client, customer_id, order_id=str(one))

    expected = [str(event.event_id) for event in sorted(events, key=lambda e: (e.occurred_at, e.event_id), reverse=True)]
    assert entries == expected
    assert of_one == [event_id for event_id in expected if event_id in {str(e.event_id) for e in events if e.order_id == one}]


async def _all_entries(client: httpx.AsyncClient, customer_id: str, **filters: str) -> list[str]:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = (await client.get(f"/customers/{customer_id}/timeline", params={"limit": "3", **filters, **after})).json()
        assert "items" in answer, answer
        seen += [each["event_id"] for each in answer["items"]]
        if not answer["next"]:
            return seen
        after = {"after": answer["next"]}
