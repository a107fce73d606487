"""What partners send lies sealed, is seen by their own customer alone, and goes when an order in it is erased."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest
from order_intake.erasing import sweep_keys
from order_intake.interchange_rows import BODY
from shared.database import Pool
from shared.key_store import KeyStore
from shared.sealing import Unopenable, disclose, key_ids_in
from shared.service import Service

from tests.order_intake.interchanges import a_940, an_850, an_860, an_orders, edifact, x12
from tests.order_intake.own_keys import WALLS, a_bearer, behind
from tests.order_intake.partners import an_unwritable
from tests.order_intake.senders import MEDIA, Sender, a_sender, effects, said
from tests.order_intake.test_erasures import asked, ended, two_days_earlier, worked
from tests.order_intake.test_sealing import at_rest

WHO = "N1*ST*KANARIA QUELLE*92*STORE-9~N3*UFERWEG 77~N4*RENO*NV*89502*US~PER*IC*FRAU VOGEL*TE*555012345"
WORDS = ("KANARIA", "UFERWEG", "VOGEL", "555012345")


def personal(number: str, name: str = "") -> list[str]:
    return an_850(number, address=WHO.replace("KANARIA QUELLE", name or "KANARIA QUELLE"))


async def test_names_and_addresses_lie_nowhere_in_plain(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    too_long = personal("PO-2", "KANARIA QUELLE " * 5)
    body = x12(sender.me, personal("PO-1"), too_long, an_850("PO-3", [("NOPE", 1)], address=WHO))

    told, heard = await sender.send(body), await sender.post(body, MEDIA["X12"])
    broken = await sender.post(x12(sender.me, personal("PO-4"), control=2).replace(b"~PER*", b"~KANARIA*VOGEL~PER*"))

    assert [message["outcome"] for message in told["messages"]] == ["accepted", "refused", "accepted"]
    assert b"KANARIA QUELLE KANARIA" in heard.content
    everything = await at_rest(pool)
    assert not [word for word in WORDS if word in everything or word in str(told) or word in broken.text]


async def test_erasing_an_order_destroys_the_bytes_that_speak_of_it(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await a_sender(client, pool)
    body, other = x12(sender.me, personal("PO-1"), an_850("PO-2")), x12(sender.me, an_850("PO-3"), control=2)
    told, spared = await sender.send(body), await sender.send(other)
    erased = told["messages"][0]["order_id"]
    await ended(pool, erased)

    await asked(client, customer_id=sender.customer_id, order_ids=[erased])
    await worked(pool, key_store)

    assert [(await client.get(each["acknowledgement"])).status_code for each in (told, spared)] == [410, 200]
    assert (await sender.post(body, MEDIA["X12"])).status_code == 410
    again = await sender.send(body)
    assert (again["repeated"], effects(again)) == (True, effects(told))
    late = await sender.send(x12(sender.me, personal("PO-1"), control=3))
    assert effects(late) == ["refused"]
    assert await pool.fetchval("SELECT body IS NULL FROM edi_interchanges WHERE interchange_id = $1::uuid", late["interchange_id"])
    assert (await client.get(late["acknowledgement"])).status_code == 200


async def test_the_notes_of_an_erased_order_cannot_be_read_any_more(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await a_sender(client, pool)
    noted = a_940("D-1")
    noted.insert(4, "NTE*WHI*KANARIA RINGS AT THE BACK DOOR")
    told = await sender.send(x12(sender.me, noted, a_940("D-2"), group="OW"))
    stored = await pool.fetchval("SELECT body FROM edi_interchanges WHERE interchange_id = $1::uuid", told["interchange_id"])
    legible = disclose(stored, await key_store.read_now(key_ids_in(stored)), sender.customer_id, BODY)

    erased = told["messages"][0]["order_id"]
    await ended(pool, erased)
    await asked(client, customer_id=sender.customer_id, order_ids=[erased])
    await worked(pool, key_store)

    assert effects(told) == ["placed", "placed"]
    assert b"KANARIA RINGS" in legible
    assert b"KANARIA" not in stored
    with pytest.raises(Unopenable):
        disclose(stored, await key_store.read_now(key_ids_in(stored)), sender.customer_id, BODY)


async def test_the_key_of_bytes_without_an_order_is_not_swept_away(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    """As if the process had crashed that made it."""
    sender = await a_sender(client, pool)
    told = await sender.send(x12(sender.me, personal("PO-1")[:-2]))
    key_id = await pool.fetchval("SELECT key_id FROM edi_interchanges WHERE interchange_id = $1::uuid", told["interchange_id"])
    await key_store.pool.execute("INSERT INTO mintings VALUES ($1, now() - interval '2 days', $2::uuid[])", uuid4(), [key_id])
    earlier = two_days_earlier(told["interchange_id"])
    await pool.execute("UPDATE edi_interchanges SET interchange_id = $2 WHERE interchange_id = $1::uuid", told["interchange_id"], earlier)

    await sweep_keys(pool, key_store)

    assert key_id in await key_store.read_now([key_id])


@pytest.fixture(scope="module", params=WALLS)
async def mine(
    request: pytest.FixtureRequest, service: Service, database: str, client: httpx.AsyncClient, pool: Pool
) -> AsyncIterator[Sender]:
    """Sends with a key of its customer."""
    sender = await a_sender(client, pool)
    bearer = await a_bearer(pool, sender.customer_id, "edi:read", "edi:write", "orders:read", "partners:read", "partners:write")
    async with behind(request.param, service, database, bearer) as acme:
        yield replace(sender, client=acme)


async def test_a_customers_key_sends_for_its_own_partners_and_sees_nothing_of_others(
    client: httpx.AsyncClient, pool: Pool, mine: Sender
) -> None:
    foreign = await a_sender(client, pool)
    theirs = await foreign.send(x12(foreign.me, an_850("PO-1")))

    told = await mine.send(x12(mine.me, an_850("PO-1")))
    written = await mine.send(edifact(mine.me, an_orders("PO-2")))
    stranger = await mine.hear(x12(foreign.me, an_850("PO-2"), control=2))
    replayed = await mine.hear(x12(foreign.me, an_850("PO-1")))
    listed = (await mine.client.get("/edi/interchanges")).json()["items"]

    assert effects(told) == effects(written) == ["placed"]
    assert [said(each, "TA1")[0][3:] for each in (stranger, replayed)] == [["R", "006"]] * 2
    assert {told["interchange_id"], written["interchange_id"]} <= {each["interchange_id"] for each in listed}
    assert {each["partner"] for each in listed} == {mine.code}
    for path in (f"/edi/interchanges/{theirs['interchange_id']}", theirs["acknowledgement"]):
        assert (await mine.client.get(path)).status_code == 404
    assert (await mine.client.get("/partners")).status_code == 403
    assert len(await foreign.orders()) == 1


async def test_a_customers_key_sees_what_was_put_aside_of_its_own_partners(client: httpx.AsyncClient, pool: Pool, mine: Sender) -> None:
    foreign = await a_sender(client, pool)
    theirs, own = await an_unwritable(pool, foreign.customer_id, foreign.code), await an_unwritable(pool, mine.customer_id, mine.code)

    aside = (await mine.client.get("/edi/unwritable")).json()["items"]

    assert [UUID(each["document_id"]) for each in aside] == [own]
    for path in (f"/edi/unwritable/{theirs}/dismissal", f"/edi/partners/{foreign.code}/rewriting"):
        assert (await mine.client.post(path)).status_code == 403


async def test_a_customers_key_changes_its_own_orders(client: httpx.AsyncClient, pool: Pool, mine: Sender) -> None:
    foreign = await a_sender(client, pool)
    await foreign.send(x12(foreign.me, an_850("PO-8", [("SKU-1", 3)])))
    await mine.send(x12(mine.me, an_850("PO-7", [("SKU-1", 3)]), control=7))
    more = ["POC*1*QI*9**EA***VN*SKU-1"]
    own, other = (an_860(number, *more, purpose="04", change="1") for number in ("PO-7", "PO-8"))

    said = await mine.send(x12(mine.me, own, other, control=8, group="PC"))

    assert effects(said) == ["changed", "refused"]
    quantities = {order["customer_reference"]: order["lines"][0]["quantity"] for order in [*await mine.orders(), *await foreign.orders()]}
    assert (quantities["PO-7"], quantities["PO-8"]) == (9, 3)
