"""Who receives an order is read by those who may, and lies nowhere in plain."""

from base64 import b64encode
from uuid import uuid4

import httpx
from order_intake.commands.placing import place_orders
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from pydantic_core import from_json
from shared.batches import Done
from shared.database import Pool, Transaction
from shared.events import SHIP_TO
from shared.key_store import KeyStore
from shared.sealing import SubjectKey

from tests.conftest import published
from tests.order_intake.builders import a_body, a_customer, a_stored_customer, hear, new_keys, reserved

WHO = {
    "name": "Kanaria Quell-Öhrn",
    "street": "Uferweg 7",
    "city": "上海",
    "postal_code": "200120",
    "country": "CN",
    "phone": "+86 21 5550 1234",
    "latitude": 31.2,
    "longitude": 121.5,
}
ROWS = "SELECT coalesce(string_agg(t::text, ''), '') FROM {} AS t"


async def at_rest(pool: Pool) -> str:
    """All that the service's tables hold, as text; bytes in hexadecimal and as they are."""
    tables = [row[0] for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    rows = "".join([await pool.fetchval(ROWS.format(table)) for table in tables])
    bodies = [row[0] for row in await pool.fetch("SELECT body FROM outbox UNION ALL SELECT body FROM idempotency_keys")]
    return rows + b"".join(bodies).decode("utf-8", "replace")


async def test_the_consignee_is_answered_and_stored_sealed(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    body = a_body(customer_id, ship_to=WHO)
    once = {"Idempotency-Key": str(uuid4())}

    placed = await client.post("/orders", json=body, headers=once)
    again = await client.post("/orders", json=body, headers=once)
    repeated = await client.post("/orders", json=body)
    batch = await client.post(
        "/orders/batch", json={"orders": [body, a_body(customer_id, "PO-2", ship_to=WHO)]}, headers={"Idempotency-Key": str(uuid4())}
    )
    path = f"/orders/{placed.json()['order_id']}"
    held = await client.post(f"{path}/hold", json={"reason": "address"}, headers={"Idempotency-Key": str(uuid4())})
    read = (await client.get(path)).json()
    page = (await client.get("/orders", params={"customer_id": customer_id})).json()

    assert [each.status_code for each in (placed, again, repeated, batch, held)] == [201, 201, 200, 200, 201]
    assert again.content == placed.content
    assert again.headers["Idempotent-Replayed"] == "true"
    for order in (placed.json(), repeated.json(), held.json(), read, *page["items"]):
        assert {name: value for name, value in order["ship_to"].items() if value is not None} == WHO
        assert order["erased_at"] is None
    everything = await at_rest(pool)
    assert customer_id in everything
    assert not [word for word in ("Kanaria", "Uferweg", "5550 1234") if word in everything]


async def test_a_release_carries_what_is_sealed_and_no_key(tx: Transaction) -> None:
    new = NewOrder.model_validate(a_body(await a_customer(tx), ship_to=WHO))
    [key] = await new_keys(1)

    async def take(count: int) -> list[SubjectKey]:
        return [key]

    [placed] = await place_orders(tx, [new], Terms(), take)
    assert isinstance(placed, Done)
    await hear(tx, reserved(placed.value.first.order_id, {1: 10, 2: 5}))

    said = await published(tx)
    assert said[-1]["type"] == "order.released.v1"
    ship_to = from_json(said[-1]["body"])["ship_to"]
    assert ship_to["key_id"] == key.key_id
    assert from_json(key.open_text(ship_to["sealed"], new.customer_id, SHIP_TO)) == WHO
    assert b64encode(key.secret).decode() not in "".join(row["body"] for row in said)


async def test_an_answer_whose_key_was_destroyed_is_gone(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    body, once = a_body(await a_stored_customer(pool), ship_to=WHO), {"Idempotency-Key": str(uuid4())}
    order_id = (await client.post("/orders", json=body, headers=once)).json()["order_id"]

    await key_store.destroy([await pool.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)])

    again = await client.post("/orders", json=body, headers=once)
    assert (again.status_code, again.json()["type"]) == (410, "/problems/answer-erased")
    assert "Kanaria" not in again.text
    assert (await client.get(f"/orders/{order_id}")).json()["ship_to"] is None
    other = await client.post("/orders", json=body | {"allow_partial": True}, headers=once)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_what_is_wrong_is_answered_without_what_was_sent(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    for wrong in (
        {"country": "Kanaria"},
        {"name": "Kanaria\x07"},
        {"latitude": "Kanaria"},
        {"phone": ["Kanaria"]},
        {"postal_code": "Kanaria" * 90},
    ):
        body = a_body(customer_id, ship_to=WHO | wrong)
        single, batch = await client.post("/orders", json=body), await client.post("/orders/batch", json={"orders": [body]})

        assert single.status_code == batch.json()["results"][0]["status"] == 422
        assert "Kanaria" not in single.text + batch.text
