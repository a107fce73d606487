"""Where the goods go and who signed for them: sealed, opened for those who may read it, forgotten when the order's key is destroyed."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import httpx
from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.schemas import NewAssignment, NewHandover
from shared.batches import only
from shared.database import Pool, transaction
from shared.events import SHIP_TO, OrderErased, SealedAddress
from shared.key_store import READ_FOR, KeyStore
from shared.sealing import SubjectKey
from uuid_utils.compat import uuid7

from tests.dispatch.builders import CARRIER, THEN, VEHICLE, WHO, a_fleet, a_pack, a_release, hear, shipments_of

HIDDEN = ("Kanaria", "Uferweg", "Bruno", "porter")


async def on_its_way(pool: Pool, key: SubjectKey | None) -> tuple[UUID, UUID]:
    """An order and its shipment that was handed over; sealed where there is a key."""
    order_id = uuid7()
    plain = json.dumps(WHO, ensure_ascii=False)
    sealed = SealedAddress(key_id=key.key_id, sealed=key.seal_text(plain, f"C-{order_id}", SHIP_TO)) if key else SealedAddress(sealed=plain)
    async with transaction(pool) as tx:
        await hear(tx, a_release(order_id, ship_to=sealed), a_pack(order_id, {1: 10}))
        await a_fleet(tx)
        [shipment_id] = await shipments_of(tx, order_id)
        only(await assign_vehicles(tx, [NewAssignment(shipment_id=shipment_id, carrier=CARRIER, vehicle=VEHICLE)]))
        only(await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id, handed_over_at=THEN + timedelta(days=1))]))
    return order_id, shipment_id


async def erased(pool: Pool, order_id: UUID) -> None:
    async with transaction(pool) as tx:
        await hear(tx, OrderErased(customer_id=f"C-{order_id}", order_id=order_id, version=9, occurred_at=THEN, erased_at=THEN))


async def reported(client: httpx.AsyncClient, shipment_id: UUID) -> list[int]:
    """Tried in vain, with the driver's own words and with a code, then delivered."""
    at = [(THEN + timedelta(days=2, hours=hours)).isoformat() for hours in range(3)]
    reports = [
        {"outcome": "failed", "delivered_at": at[0], "reason": "porter Bruno sent me away"},
        {"outcome": "failed", "delivered_at": at[1], "reason": "weather"},
        {"outcome": "delivered", "delivered_at": at[2], "signed_by": "Kanaria Quell-Öhrn"},
    ]
    body = {"deliveries": [{"shipment_id": str(shipment_id)} | report for report in reports]}
    return [result["status"] for result in (await client.post("/deliveries", json=body)).json()["results"]]


async def told(client: httpx.AsyncClient, shipment_id: UUID) -> list[tuple[str | None, str | None]]:
    page = (await client.get("/deliveries", params={"shipment_id": str(shipment_id)})).json()["items"]
    single = [(await client.get(f"/deliveries/{each['delivery_id']}")).json() for each in page]
    assert single == page
    return [(each["signed_by"], each["reason"]) for each in page]


async def key_is_forgotten(client: httpx.AsyncClient, shipment_id: UUID) -> None:
    """The API may use a key for some seconds after it was destroyed elsewhere."""
    async with asyncio.timeout(READ_FOR + 3):
        while (await client.get(f"/shipments/{shipment_id}")).json()["ship_to"] or (await told(client, shipment_id))[-1][0]:
            await asyncio.sleep(0.05)


async def at_rest(pool: Pool, order_id: UUID) -> str:
    """All that dispatch's tables hold of the order's customer, as text."""
    rows = "SELECT coalesce(string_agg(t::text, ''), '') FROM {} AS t WHERE customer_id = $1"
    tables = [await pool.fetchval(rows.format(table), f"C-{order_id}") for table in ("shipments", "deliveries", "outbox")]
    bodies = await pool.fetch("SELECT convert_from(body, 'UTF8') FROM outbox WHERE customer_id = $1", f"C-{order_id}")
    return "".join([*tables, *(row[0] for row in bodies)])


async def test_what_dispatch_holds_of_a_consignee_is_sealed(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    [key] = await key_store.take()
    order_id, shipment_id = await on_its_way(pool, key)

    assert await reported(client, shipment_id) == [201, 201, 201]
    assert await reported(client, shipment_id) == [200, 200, 200]

    sheet = (await client.get(f"/shipments/{shipment_id}")).json()
    assert {name: value for name, value in sheet["ship_to"].items() if value is not None} == WHO
    assert await told(client, shipment_id) == [(None, "porter Bruno sent me away"), (None, "weather"), ("Kanaria Quell-Öhrn", None)]
    assert not [word for word in HIDDEN if word in await at_rest(pool, order_id)]


async def test_an_erased_order_is_forgotten_but_for_its_counts(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    for key in (*await key_store.take(), None):
        order_id, shipment_id = await on_its_way(pool, key)
        await reported(client, shipment_id)
        before = (await client.get(f"/shipments/{shipment_id}")).json()

        await key_store.destroy([key.key_id] if key else [])
        await erased(pool, order_id)
        await erased(pool, order_id)

        after = (await client.get(f"/shipments/{shipment_id}")).json()
        assert after["ship_to"] is None
        assert after["erased_at"]
        assert after | {"ship_to": None, "erased_at": None} == before | {"ship_to": None}
        assert await told(client, shipment_id) == [(None, "other"), (None, "weather"), (None, None)]
        assert not [word for word in HIDDEN if word in await at_rest(pool, order_id)]


async def test_a_report_that_comes_again_after_the_erasure_is_still_known(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    [key] = await key_store.take()
    order_id, shipment_id = await on_its_way(pool, key)
    await reported(client, shipment_id)
    await key_store.destroy([key.key_id])
    await erased(pool, order_id)

    await key_is_forgotten(client, shipment_id)

    assert await reported(client, shipment_id) == [200, 200, 200]
    assert not [word for word in HIDDEN if word in str(await told(client, shipment_id))]


async def test_a_destroyed_key_shows_nothing_though_the_erasure_is_not_heard_of_yet(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    [key] = await key_store.take()
    _, shipment_id = await on_its_way(pool, key)
    await reported(client, shipment_id)

    await key_store.destroy([key.key_id])

    await key_is_forgotten(client, shipment_id)
    assert await told(client, shipment_id) == [(None, None), (None, "weather"), (None, None)]
