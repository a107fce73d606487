"""Whoever asks to be forgotten is: the key first, then the bytes and the words beside them. Figures and states stay."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from order_intake.commands.erasures import forget_consignees
from order_intake.erasing import AT_ONCE, erase_orders, seal_plain_orders, search_orders, sweep_keys
from order_intake.lifecycle import ARRIVED_OR_ENDED, OrderStatus
from shared.database import Pool, transaction
from shared.key_store import KeyStore

from tests.order_intake.builders import Body, a_body, a_stored_customer, an_id
from tests.order_intake.test_sealing import WHO, at_rest


async def placed(client: httpx.AsyncClient, *bodies: Body, batch: int = 500) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(bodies), batch):
        answer = await client.post("/orders/batch", json={"orders": bodies[start : start + batch]})
        ids += [result["id"] for result in answer.json()["results"]]
    return ids


async def ended(pool: Pool, *order_ids: str, status: OrderStatus = OrderStatus.CLOSED) -> None:
    await pool.execute("UPDATE orders SET status = $2 WHERE order_id = ANY($1::uuid[])", list(order_ids), status)


async def asked(client: httpx.AsyncClient, **body: object) -> dict[str, Any]:  # any JSON
    answer = await client.post("/erasures", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/erasures/{answer.json()['erasure_id']}"
    read: dict[str, Any] = (await client.get(answer.headers["Location"])).json()
    assert read == answer.json()
    return read


async def worked(pool: Pool, store: KeyStore) -> None:
    """As the worker does, until there is nothing left."""
    while await search_orders(pool, store) + await erase_orders(pool, store):
        pass


async def state(client: httpx.AsyncClient, erasure: dict[str, Any]) -> tuple[str, int, int]:
    read = (await client.get(f"/erasures/{erasure['erasure_id']}")).json()
    assert (read["finished_at"] is not None) == (read["status"] == "done")
    return read["status"], read["found"], read["erased"]


async def test_what_is_erased_can_be_read_nowhere_and_all_else_stays(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    customer_id = await a_stored_customer(pool)
    body, once = a_body(customer_id, ship_to=WHO), {"Idempotency-Key": str(uuid4())}
    order_id = (await client.post("/orders", json=body, headers=once)).json()["order_id"]
    await client.post(f"/orders/{order_id}/hold", json={"reason": "Frau Kanaria rings back"}, headers={"Idempotency-Key": str(uuid4())})
    await client.post(f"/orders/{order_id}/cancellation", json={"reason": "Kanaria has moved"})
    before = (await client.get(f"/orders/{order_id}")).json()

    erasure = await asked(client, customer_id=customer_id, order_ids=[order_id])
    await worked(pool, key_store)

    assert await state(client, erasure) == ("done", 1, 1)
    after = (await client.get(f"/orders/{order_id}")).json()
    assert after["ship_to"] is None
    assert after["erased_at"]
    assert [entry["detail"] for entry in after["history"]] == [None, None, "other", "other", None]
    assert after["history"][-1]["what"] == "erased"
    changed = ("ship_to", "erased_at", "history", "holds")
    assert {**after, **dict.fromkeys(changed)} == {**before, **dict.fromkeys(changed)}
    everything = await at_rest(pool)
    assert not [word for word in ("Kanaria", "Uferweg", "5550 1234") if word in everything]
    assert await pool.fetchval("SELECT ship_to FROM orders WHERE order_id = $1", order_id) is None
    assert (await client.post("/orders", json=body, headers=once)).status_code == 410
    repeated = await client.post("/orders", json=body)
    assert (repeated.status_code, repeated.json()["ship_to"], repeated.json()["erased_at"]) == (200, None, after["erased_at"])


async def test_the_erasure_of_an_order_is_said_once(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    customer_id = await a_stored_customer(pool)
    [order_id] = await placed(client, a_body(customer_id))
    await ended(pool, order_id)

    for _ in range(2):
        erasure = await asked(client, customer_id=customer_id, order_ids=[order_id, order_id])
        await worked(pool, key_store)
        assert await state(client, erasure) == ("done", 1, 1)

    said = await pool.fetch("SELECT type, version FROM outbox WHERE key = $1 ORDER BY id", order_id)
    assert [row["type"] for row in said] == ["order.received.v1", "order.confirmed.v1", "order.erased.v1"]
    assert [row["version"] for row in said] == [1, 2, 3]


@pytest.mark.parametrize("status", OrderStatus)
async def test_an_order_on_its_way_is_erased_when_it_has_ended(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, status: OrderStatus
) -> None:
    customer_id = await a_stored_customer(pool)
    first, second = await placed(client, a_body(customer_id), a_body(customer_id, "PO-2"))
    await ended(pool, first)
    await ended(pool, second, status=status)

    erasure = await asked(client, customer_id=customer_id, order_ids=[first, second])
    await worked(pool, key_store)

    has_ended = status in ARRIVED_OR_ENDED
    assert await state(client, erasure) == (("done", 2, 2) if has_ended else ("erasing", 2, 1))
    assert (await client.get(f"/erasures/{erasure['erasure_id']}")).json()["waiting"] == ([] if has_ended else [second])
    assert ((await client.get(f"/orders/{second}")).json()["ship_to"] is None) == has_ended
    await ended(pool, second)
    await worked(pool, key_store)
    assert await state(client, erasure) == ("done", 2, 2)


async def test_a_consignee_is_found_by_the_customers_word_or_by_name(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    customer_id, other = await a_stored_customer(pool), await a_stored_customer(pool)
    elsewhere, spelled = WHO | {"postal_code": "10115"}, WHO | {"name": "KANARIA  quell-o\u0308hrn", "postal_code": "200 120"}
    coded = WHO | {"code": "STORE-12", "name": "Somebody"}
    ids = await placed(
        client, *[a_body(customer_id, f"PO-{number}", ship_to=who) for number, who in enumerate((WHO, elsewhere, spelled, coded))]
    )
    theirs = await placed(client, a_body(other, ship_to=WHO), a_body(other, "PO-2", ship_to=coded))
    await ended(pool, *ids, *theirs)

    async def erased(**consignee: str) -> list[int]:
        erasure = await asked(client, customer_id=customer_id, consignee=consignee)
        assert erasure["status"] == "searching"
        assert "Kanaria" not in await at_rest(pool)
        await worked(pool, key_store)
        assert (await state(client, erasure))[0] == "done"
        return [number for number, one in enumerate(ids) if (await client.get(f"/orders/{one}")).json()["erased_at"]]

    assert await erased(name="Nobody") == []
    assert await erased(name="Kanaria Quell-Öhrn", postal_code="200120") == [0, 2]
    assert await erased(code="STORE-12") == [0, 2, 3]
    assert await erased(name="kanaria quell-öhrn") == [0, 1, 2, 3]
    assert [(await client.get(f"/orders/{one}")).json()["erased_at"] for one in theirs] == [None, None]
    assert await pool.fetchval("SELECT count(*) FROM erasures WHERE wanted IS NOT NULL") == 0


async def test_who_should_have_received_an_order_before_it_was_amended_is_found_and_forgotten_too(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    customer_id = await a_stored_customer(pool)
    first, second = WHO | {"code": "STORE-1"}, WHO | {"code": "STORE-2", "name": "Somebody Else", "street": "Rotdornallee 9"}
    order_id, on_its_way = await placed(client, *[a_body(customer_id, f"PO-{number}", ship_to=first) for number in range(2)])
    wish = {"ship_to": second, "reason": "Kanaria rings: Rotdornallee"}
    for each in (order_id, on_its_way):
        made = await client.post(f"/orders/{each}/amendments", json=wish, headers={"Idempotency-Key": str(uuid4())})
        assert (made.status_code, made.json()["ship_to"]["street"]) == (201, "Rotdornallee 9")
    assert "Rotdornallee 9" not in await at_rest(pool)
    await ended(pool, order_id)

    by_name = await asked(client, customer_id=customer_id, consignee={"name": WHO["name"]})
    await worked(pool, key_store)
    await ended(pool, on_its_way)
    by_code = await asked(client, customer_id=customer_id, consignee={"code": "STORE-1"})
    await worked(pool, key_store)

    assert [await state(client, each) for each in (by_name, by_code)] == [("done", 2, 2), ("done", 1, 1)]
    everything = await at_rest(pool)
    assert [word for word in ("Kanaria", "Rotdornallee") if word in everything] == []
    [amendment] = (await client.get(f"/orders/{order_id}/amendments")).json()["items"]
    assert (amendment["ship_to"], amendment["reason"]) == (None, "other")


async def test_thousands_are_erased_some_at_a_time(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    customer_id, count = await a_stored_customer(pool), 3 * AT_ONCE + 7
    ids = await placed(client, *[a_body(customer_id, f"PO-{number}", (1,), ship_to=WHO) for number in range(count)])
    await ended(pool, *ids)

    erasure = await asked(client, customer_id=customer_id, consignee={"name": WHO["name"]})
    await worked(pool, key_store)

    assert await state(client, erasure) == ("done", count, count)
    assert await pool.fetchval("SELECT count(*) FROM orders WHERE customer_id = $1 AND ship_to IS NOT NULL", customer_id) == 0
    keys = [row[0] for row in await pool.fetch("SELECT ship_to_key_id FROM orders WHERE customer_id = $1", customer_id)]
    assert (len(keys), await key_store.read(keys)) == (count, {})


async def test_an_erasure_that_was_cut_off_anywhere_is_done_again(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = await a_stored_customer(pool)
    [order_id] = await placed(client, a_body(customer_id, ship_to=WHO))
    await ended(pool, order_id)
    erasure = await asked(client, customer_id=customer_id, order_ids=[order_id])

    async def crash(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as cut:
        cut.setattr("order_intake.erasing.forget_consignees", crash)
        with pytest.raises(ConnectionResetError):
            await erase_orders(pool, key_store)

    assert (await client.get(f"/orders/{order_id}")).json()["ship_to"] is None
    assert await state(client, erasure) == ("erasing", 1, 0)
    await worked(pool, key_store)
    assert await state(client, erasure) == ("done", 1, 1)


async def test_two_workers_at_once_say_each_once(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    ids = [UUID(one) for one in await placed(client, *[a_body(customer_id, f"PO-{number}") for number in range(5)])]

    for _ in range(2):
        async with transaction(pool) as tx:
            await forget_consignees(tx, ids)

    said = "SELECT count(*) FROM outbox WHERE type = 'order.erased.v1' AND customer_id = $1"
    assert await pool.fetchval(said, customer_id) == 5


async def test_what_cannot_be_erased_is_refused_with_pointers(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, other = await a_stored_customer(pool), await a_stored_customer(pool)
    [mine], [theirs] = await placed(client, a_body(customer_id)), await placed(client, a_body(other))

    refused = await client.post("/erasures", json={"customer_id": customer_id, "order_ids": [mine, theirs, str(uuid4())]})

    assert refused.status_code == 422
    faults = [(fault["pointer"], fault["message"]) for fault in refused.json()["faults"]]
    assert faults == [(f"/order_ids/{index}", "is not an order of this customer") for index in (1, 2)]
    assert await pool.fetchval("SELECT count(*) FROM erasures WHERE customer_id = $1", customer_id) == 0
    wrongs: list[Body] = [
        {},
        {"order_ids": []},
        {"order_ids": [mine], "consignee": {"code": "X"}},
        {"consignee": {}},
        {"consignee": {"code": "X", "name": "Y"}},
        {"consignee": {"code": "X", "postal_code": "1"}},
        {"order_ids": [mine] * 5001},
    ]
    for wrong in wrongs:
        assert (await client.post("/erasures", json={"customer_id": customer_id} | wrong)).status_code == 422, wrong
    nobody = await client.post("/erasures", json={"customer_id": an_id(), "consignee": {"code": "X"}})
    assert [fault["pointer"] for fault in nobody.json()["faults"]] == ["/customer_id"]
    assert (await client.get(f"/erasures/{uuid4()}")).status_code == 404


async def test_erasures_are_listed(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id = await a_stored_customer(pool)
    [order_id] = await placed(client, a_body(customer_id))
    ids = [(await asked(client, customer_id=customer_id, order_ids=[order_id]))["erasure_id"] for _ in range(3)]

    first = (await client.get("/erasures", params={"customer_id": customer_id, "limit": 2})).json()
    rest = (await client.get("/erasures", params={"customer_id": customer_id, "after": first["next"]})).json()

    assert [each["erasure_id"] for each in (*first["items"], *rest["items"])] == ids
    assert first["items"][0]["waiting"] == [order_id]


async def test_what_an_older_version_stored_in_plain_is_sealed(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    customer_id = await a_stored_customer(pool)
    ids = await placed(client, *[a_body(customer_id, f"PO-{number}", ship_to=WHO) for number in range(3)])
    read = [(await client.get(f"/orders/{one}")).json() for one in ids]
    plain = '{"name":"Kanaria Quell-Öhrn","street":"Uferweg 7","city":"上海","postal_code":"200120","country":"CN"}'
    await pool.execute("UPDATE orders SET ship_to = $2, ship_to_key_id = NULL WHERE order_id = ANY($1::uuid[])", ids, plain)
    assert (await client.get(f"/orders/{ids[0]}")).json()["ship_to"]["street"] == "Uferweg 7"

    while await seal_plain_orders(pool, key_store):
        pass

    assert "Uferweg" not in await at_rest(pool)
    for one, before in zip(ids, read, strict=True):
        order = (await client.get(f"/orders/{one}")).json()
        assert order["ship_to"]["name"] == WHO["name"]
        assert order | {"ship_to": None} == before | {"ship_to": None}


async def test_the_keys_of_a_crashed_process_are_swept_but_for_those_of_orders(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    customer_id = await a_stored_customer(pool)
    [order_id] = await placed(client, a_body(customer_id))
    key_id = await pool.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)
    minting = await key_store.pool.fetchrow(
        "SELECT minting_id, key_ids::text[] AS key_ids FROM mintings WHERE $1::uuid = ANY(key_ids)", key_id
    )
    assert minting
    unused = await key_store.make(1)
    await key_store.pool.execute(
        "INSERT INTO mintings VALUES ($1, now() - interval '2 days', $2::uuid[])", uuid4(), [key_id, unused[0].key_id]
    )
    await pool.execute("UPDATE orders SET order_id = $2 WHERE order_id = $1", order_id, two_days_earlier(order_id))

    await sweep_keys(pool, key_store)

    assert list(await key_store.read([key_id, unused[0].key_id])) == [key_id]


def two_days_earlier(order_id: str) -> UUID:
    return UUID(int=UUID(order_id).int - (2 * 86_400_000 << 80))
