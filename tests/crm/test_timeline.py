from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from crm.names import Names
from crm.timeline import entry
from shared.database import Pool, Transaction, transaction
from shared.events import EVENTS, Event, ItemRegistered, OrderReceived

from tests.contracts.catalogue import sample
from tests.crm.builders import LINES, NOW, a_customer, a_customer_id, hear, received, short

ORDER, CASE = UUID("0196988f-0001-7a10-8a10-0000000000a1"), UUID("0196988f-0003-7a10-8a10-0000000000c1")
NAMES = Names(items={("OR-GERMANY", "71053"): "LANTERN"}, lines={ORDER: 3}, subjects={CASE: "Two boxes came wet"})

SPOKEN = {
    "api_key.issued.v1/001-of-a-customer": "Key k_7Hq2mXw9TzR4bNcV issued, until 2027-05-02 00:00 UTC: orders:read, orders:write",
    "api_key.issued.v1/002-of-staff": "Key k_Lp3sYd8KfG6jWnQe issued: *",
    "api_key.revoked.v1/001-of-a-customer": "Key k_7Hq2mXw9TzR4bNcV revoked",
    "api_key.revoked.v1/002-of-staff": "Key k_Lp3sYd8KfG6jWnQe revoked",
    "case.opened.v1/001-complaint-on-a-line": "Complaint case opened about line 1: Two boxes came wet",
    "case.opened.v1/002-minimal": "Enquiry case opened: Two boxes came wet",
    "case.opened.v1/003-stockout": "Stockout case opened",
    "case.resolved.v1/001-complaint": "Complaint case resolved: Two boxes came wet",
    "case.resolved.v1/002-minimal": "Enquiry case resolved: Two boxes came wet",
    "customer.registered.v1/001-new": "Customer registered",
    "customer.registered.v1/002-blocked": "Customer registered, blocked: new orders are held",
    "delivery.attempt_failed.v1/001-nobody-home": "Delivery attempt 1 failed: consignee absent; another try follows",
    "delivery.completed.v1/001-damaged-and-short": (
        "Delivered by DHL at 2026-05-05 06:58 UTC: 17 units accepted, 1 unit damaged, 1 unit missing; signed for"
    ),
    "edi.acknowledgement_overdue.v1/001-after-a-day": (
        "EDI partner ACME-DC has not acknowledged the 855 interchange 17 of 2026-05-04 17:00 UTC"
    ),
    "edi.document_refused.v1/001-one-of-many": "EDI partner ACME-DC refused 1 message of the 855 interchange 17: 5",
    "edi.document_refused.v1/002-minimal": "EDI partner ACME-DC refused 2 messages of the 855 interchange 17",
    "inventory_report.requested.v1/001-all-warehouses": "Stock of all warehouses to be reported to EDI partner ACME-DC",
    "inventory_report.requested.v1/002-one-warehouse": "Stock of MAIN to be reported to EDI partner ACME-DC",
    "item.registered.v1/001-whole": "Item 71053 registered: WHITE METAL LANTERN (unit: piece)",
    "item.registered.v1/002-minimal": "Item 85123A registered: 白色心形烛台 (unit: piece)",
    "order.amended.v1/001-lines-window-and-address": (
        "Order amended by the customer (quantity): now 2 lines, 10 units, another delivery window wished, another address;"
        " its stock is allocated anew"
    ),
    "order.amended.v1/002-minimal": "Order amended by us (other)",
    "order.backordered.v1/001-two-lines": "Order waits for stock and goes on by itself when it comes: 6 of LANTERN (71053), 12 of 85123A",
    "order.cancellation_refused.v1/001-handed-over": "Order can no longer be cancelled: handed over",
    "order.cancellation_requested.v1/001-by-customer": "Cancellation asked for by the customer: customer request",
    "order.cancelled.v1/001-by-customer": "Order cancelled by the customer: customer request",
    "order.cancelled.v1/002-by-us": "Order cancelled by us: out of stock",
    "order.closed.v1/001-after-a-week": "Order closed",
    "order.commit_changed.v1/001-by-customer": (
        "Delivery promised between 2026-05-04 01:00 UTC and 2026-05-12 01:00 UTC now, wished by the customer: date"
    ),
    "order.confirmed.v1/001-straight": "Order confirmed, delivery promised between 2026-05-04 01:00 UTC and 2026-05-07 01:00 UTC",
    "order.delivered.v1/001-on-time": "Order delivered at 2026-05-05 06:58 UTC, nothing of it is on its way any more",
    "order.erased.v1/001-after-its-end": "Personal data of the consignee erased",
    "order.held.v1/001-by-hand": "Order put on hold: credit",
    "order.hold_released.v1/001-lifted": "A hold of the order was lifted",
    "order.received.v1/001-straight": "Order 536365 received: 3 lines, 19 units, standard service",
    "order.received.v1/002-minimal": "Order 订单-0001 ü received: 1 line, 6 units, express service, may come in parts",
    "order.received.v1/003-in-parts": "Order 536366 received: 3 lines, 19 units, economy service (more lines follow)",
    "order.rejected.v1/001-by-us": "Order rejected: not deliverable",
    "order.released.v1/001-plain-address": "Release 1 given to the warehouse: 2 lines, 18 units from MAIN; 1 line, 1 unit from NORTH",
    "order.released.v1/002-sealed-address": "Release 2 given to the warehouse: 1 line, 6 units from MAIN",
    "pack.completed.v1/001-two-cartons": "Packed in MAIN: 2 cartons, 19 units (pack PACK-1)",
    "pick.confirmed.v1/001-two-picks": "Picked in MAIN: 2 lines, 18 units",
    "pick.short.v1/001-one-missing": "Not found while picking in MAIN, written off: 2 of line 1",
    "replenishment.requested.v1/001-one-item": "Replenishment asked for: 4 of LANTERN (71053) to MAIN",
    "shipment.assigned.v1/001-own-truck": "Shipment goes with carrier DHL, vehicle TRUCK-1",
    "shipment.cancellation_refused.v1/001-handed-over": "Shipment can no longer be stopped: handed over",
    "shipment.cancelled.v1/001-with-its-order": "Shipment from MAIN cancelled: customer request",
    "shipment.cancelled.v1/002-nothing-picked": "Shipment from MAIN cancelled: nothing was picked",
    "shipment.handed_over.v1/001-all-lines": "Handed over to carrier DHL, vehicle TRUCK-1, from warehouse MAIN: 3 lines, 19 units",
    "shipment.planned.v1/001-one-release": "Shipment planned from MAIN: 3 lines, 19 units",
    "stock.adjusted.v1/001-opening": "Stock of LANTERN (71053) in MAIN corrected by +480: opening; 480 on hand, 0 reserved",
    "stock.adjusted.v1/002-written-off": "Stock of LANTERN (71053) in MAIN corrected by -2: pick short; 478 on hand, 4 reserved",
    "stock.issued.v1/001-all-lines": "Goods left the stock of MAIN: 3 lines, 19 units",
    "stock.reallocated.v1/001-one-line-waits": "Stock of the amended order: 1 line, 8 units in MAIN; waits for stock: 84406B short by 2",
    "stock.reallocated.v1/002-minimal": "Stock of the amended order: 2 lines, 7 units in NORTH",
    "stock.reported.v1/001-two-balances": "Stock of 2026-05-05 17:00 UTC reported: 2 balances",
    "stock.reported.v1/002-minimal": "Stock of 2026-05-05 17:00 UTC reported: 0 balances",
    "stock.reserved.v1/001-first-and-complete": "Stock reserved: 3 lines, 19 units in MAIN",
    "stock.reserved.v1/002-late-and-partial": "Stock reserved: 1 line, 6 units in MAIN; 1 line, 12 units in NORTH; the rest is still open",
    "stock.short.v1/001-two-of-three": "2 of 3 lines wait for stock: LANTERN (71053) short by 4, 22423 short by 1",
    "stock.short.v1/002-minimal": "1 of 3 lines waits for stock: LANTERN (71053) short by 4",
    "stockout.customer_notified.v1/001-told": "Notice to the customer: the order waits for stock",
}
"""What the person at the phone reads for each sample of the contract."""


@pytest.mark.parametrize(("name", "line"), tuple(SPOKEN.items()), ids=tuple(SPOKEN))
def test_a_line_reads_as_a_person_would_say_it(name: str, line: str) -> None:
    assert entry(sample(f"{name}.json").event, NAMES) == line


def test_every_event_of_the_contract_has_words_of_its_own() -> None:
    assert {name.partition("/")[0] for name in SPOKEN} == set(EVENTS)
    assert all(entry.dispatch(event) is not entry.dispatch(Event) for event in EVENTS.values())


def test_a_name_that_was_not_heard_yet_is_left_out() -> None:
    assert entry(short("C-1", ORDER), Names()) == "1 line waits for stock: 71053 short by 4"


def test_a_long_order_is_still_one_line() -> None:
    long = received("C-1", ORDER, lines=LINES * 300)

    assert len(entry(long, Names())) < 120


async def test_names_of_items_in_the_same_batch_are_used(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()
    item = ItemRegistered(customer_id=customer_id, version=1, occurred_at=NOW, sku="71053", description="WHITE METAL LANTERN", unit="piece")

    await hear(tx, short(customer_id, order_id), received(customer_id, order_id), item)

    text = await tx.fetchval("SELECT text FROM timeline WHERE customer_id = $1 AND type = 'stock.short.v1'", customer_id)
    assert text == "1 of 2 lines waits for stock: WHITE METAL LANTERN (71053) short by 4"


async def test_the_last_word_on_an_item_counts(tx: Transaction) -> None:
    customer_id = a_customer_id()
    items = [
        ItemRegistered(customer_id=customer_id, version=version, occurred_at=NOW, sku="71053", description=name, unit="piece")
        for version, name in enumerate(("LANTERN", "WHITE METAL LANTERN"), 1)
    ]

    await hear(tx, *items)

    assert await tx.fetchval("SELECT description FROM items WHERE customer_id = $1", customer_id) == "WHITE METAL LANTERN"


async def test_an_event_that_comes_twice_is_one_entry(tx: Transaction) -> None:
    customer_id = a_customer_id()
    event = received(customer_id, uuid4())

    await hear(tx, event)
    await hear(tx, event)

    assert await tx.fetchval("SELECT count(*) FROM timeline WHERE customer_id = $1", customer_id) == 1


async def test_keys_of_staff_stand_in_nobodys_timeline(tx: Transaction) -> None:
    events = [
        sample(f"api_key.{what}.v1/{name}.json").event for what in ("issued", "revoked") for name in ("001-of-a-customer", "002-of-staff")
    ]

    await hear(tx, *events)

    rows = await tx.fetch("SELECT customer_id FROM timeline WHERE event_id = ANY($1)", [event.event_id for event in events])
    assert [row["customer_id"] for row in rows] == ["OR-GERMANY"] * 2


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
        seen += [each["event_id"] for each in answer["items"]]
        if not answer["next"]:
            return seen
        after = {"after": answer["next"]}
