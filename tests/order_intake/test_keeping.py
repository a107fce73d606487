"""Bytes that speak of no order are kept for their time and no longer; those of orders go with these."""

from uuid import UUID

import httpx
import pytest
from order_intake.keeping import AT_ONCE, destroy_old_bytes
from order_intake.settings import Terms
from pydantic import ValidationError
from shared.database import Pool
from shared.key_store import KeyStore

from tests.order_intake.interchanges import an_850, x12
from tests.order_intake.senders import MEDIA, a_sender, effects

DAY = 86_400_000 << 80
NO_ADDRESS = an_850("PO-9", address="")


async def aged(pool: Pool, interchange_id: str, days: int) -> UUID:
    """As if it had come so many days earlier."""
    before = UUID(int=UUID(interchange_id).int - days * DAY)
    for table in ("edi_messages", "edi_interchanges"):
        await pool.execute(f"UPDATE {table} SET interchange_id = $2 WHERE interchange_id = $1::uuid", UUID(interchange_id), before)
    return before


async def kept(pool: Pool, interchange_id: UUID) -> tuple[bool, str | None]:
    row = await pool.fetchrow("SELECT body IS NOT NULL AS body, key_id FROM edi_interchanges WHERE interchange_id = $1", interchange_id)
    assert row
    return row["body"], row["key_id"]


async def test_bytes_without_an_order_are_destroyed_with_their_key_when_their_time_is_over(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    sender = await a_sender(client, pool)
    bodies = [x12(sender.me, NO_ADDRESS, control=1), x12(sender.me, NO_ADDRESS, control=2), x12(sender.me, an_850("PO-1"), control=3)]
    told = [await sender.send(body) for body in bodies]
    old, young, of_an_order = [await aged(pool, each["interchange_id"], days) for each, days in zip(told, (401, 399, 4000), strict=True)]
    _, key_id = await kept(pool, old)

    while await destroy_old_bytes(pool, key_store):
        pass

    assert [(await kept(pool, each))[0] for each in (old, young, of_an_order)] == [False, True, True]
    assert key_id
    assert await key_store.read_now([key_id]) == {}
    assert (await client.get(f"/edi/interchanges/{old}")).json()["messages"] == told[0]["messages"]
    assert [(await client.get(f"/edi/interchanges/{each}/acknowledgement")).status_code for each in (old, young)] == [410, 200]
    again, wants_edi = await sender.send(bodies[0]), await sender.post(bodies[0], MEDIA["X12"])
    assert (again["repeated"], effects(again)) == (True, ["refused"])
    assert (wants_edi.status_code, wants_edi.json()["type"]) == (410, "/problems/acknowledgement-destroyed")
    assert len(await sender.orders()) == 1


async def test_they_are_destroyed_some_at_a_time(pool: Pool, key_store: KeyStore) -> None:
    insert = """
        INSERT INTO edi_interchanges (interchange_id, customer_id, partner, syntax, sender, sender_qualifier, receiver, receiver_qualifier,
            control, body_hash, received_at, is_test, outcome, holds_control, verdict, key_id, body)
        SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 'C', 'OLD', 'X12', 'S', 'ZZ', 'R', 'ZZ', n::text, '', now(),
            false, 'refused', false, '{}', gen_random_uuid()::text, ''
        FROM generate_series(1, $1) AS n
    """
    await pool.execute(insert, AT_ONCE + 1)

    pieces = [await destroy_old_bytes(pool, key_store) for _ in range(3)]

    assert pieces == [AT_ONCE, 1, 0]


def test_nobody_may_forget_what_a_partner_may_send_again() -> None:
    with pytest.raises(ValidationError, match="edi_kept"):
        Terms.model_validate({"edi_kept": "89d"})
