from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
from shared.database import Pool, Transaction, transaction
from shared.events import OrderClosed, OrderDelivered, OrderLine

from tests.crm.builders import NOW, a_customer, a_customer_id, cancelled, confirmed, hear, received

SOON = datetime.now(UTC) + timedelta(hours=5)
PAST = NOW - timedelta(hours=5)


async def _order(pool: Pool, customer_id: str, reference: str, latest: datetime) -> UUID:
    order_id = uuid4()
    async with transaction(pool) as tx:
        await hear(tx, received(customer_id, order_id, reference=reference), confirmed(customer_id, order_id, latest=latest))
    return order_id


async def test_the_profile_shows_what_is_open_what_is_late_and_the_last_contact(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    await _order(pool, customer_id, "PO-SOON", SOON)
    await _order(pool, customer_id, "PO-LATE", PAST)
    ended = await _order(pool, customer_id, "PO-ENDED", PAST)
    async with transaction(pool) as tx:
        await hear(tx, cancelled(customer_id, ended))
    case = {"customer_id": customer_id, "kind": "enquiry", "subject": "Where is it?"}
    first = (await client.post("/cases", json={**case, "received_at": "2026-05-01T08:00:00+08:00"})).json()
    await client.post("/cases", json={**case, "received_at": "2026-05-01T07:00:00+08:00"})

    profile = (await client.get(f"/customers/{customer_id}")).json()

    assert [order["customer_reference"] for order in profile["open_orders"]["first"]] == ["PO-LATE", "PO-SOON"]
    assert [order["customer_reference"] for order in profile["late_orders"]["first"]] == ["PO-LATE"]
    assert (profile["open_orders"]["count"], profile["late_orders"]["count"], profile["open_cases"]["count"]) == (2, 1, 2)
    assert profile["open_orders"]["first"][0]["last_entry"].startswith("Order confirmed")
    assert profile["last_contact"] == {
        "at": "2026-05-01T00:00:00Z",
        "case_id": first["case_id"],
        "kind": "enquiry",
        "subject": "Where is it?",
    }


async def test_resolving_a_case_is_a_contact(client: httpx.AsyncClient) -> None:
    customer_id = await a_customer(client)
    case = {"customer_id": customer_id, "kind": "enquiry", "subject": "Where is it?", "received_at": "2026-05-01T08:00:00Z"}
    case_id = (await client.post("/cases", json=case)).json()["case_id"]

    done = (await client.post(f"/cases/{case_id}/resolution", json={"cause": "Strike", "remedy": "New date told"})).json()

    profile = (await client.get(f"/customers/{customer_id}")).json()
    assert profile["last_contact"]["at"] == done["resolved_at"]
    assert profile["open_cases"] == {"count": 0, "counted_all": True, "first": []}


async def test_a_customer_without_anything_has_an_empty_profile(client: httpx.AsyncClient) -> None:
    profile = (await client.get(f"/customers/{await a_customer(client)}")).json()

    assert profile["last_contact"] is None
    assert profile["open_orders"] == profile["late_orders"] == {"count": 0, "counted_all": True, "first": []}


async def test_a_thousand_open_orders_are_counted_and_more_are_not(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_customer(client)
    orders = [uuid4() for _ in range(1001)]
    async with transaction(pool) as tx:
        await hear(tx, *[received(customer_id, order_id) for order_id in orders])

    profile = (await client.get(f"/customers/{customer_id}")).json()

    assert (profile["open_orders"]["count"], profile["open_orders"]["counted_all"]) == (1000, False)
    assert len(profile["open_orders"]["first"]) == 10


async def test_an_order_is_followed_to_its_end_whatever_the_batches(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()
    more = received(customer_id, order_id, lines=[OrderLine(line_no=3, sku="A", quantity=1)])
    delivered = OrderDelivered(customer_id=customer_id, version=4, occurred_at=NOW, order_id=order_id, delivered_at=PAST)
    closed = OrderClosed(customer_id=customer_id, version=5, occurred_at=NOW, order_id=order_id)

    await hear(tx, received(customer_id, order_id))
    await hear(tx, more, confirmed(customer_id, order_id, latest=SOON), delivered)
    await hear(tx, closed)

    row = await tx.fetchrow("SELECT status, line_nos, promised_latest, delivered_at, ended_at FROM orders WHERE order_id = $1", order_id)
    assert row
    assert tuple(row) == ("closed", [1, 2, 3], SOON, PAST, PAST)
