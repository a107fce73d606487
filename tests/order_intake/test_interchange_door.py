"""Who may send interchanges, in what kind of body; what is only tried leaves nothing."""

from collections.abc import Callable

import httpx
import pytest
from shared.database import Pool

from tests.order_intake.interchanges import ADDRESS, an_850, an_orders, edifact, x12
from tests.order_intake.senders import MEDIA, a_sender, effects, said


def in_x12(me: str, number: str = "PO-1", control: int = 1) -> bytes:
    return x12(me, an_850(number), control=control)


STRANGE = {
    "an unknown sender": (lambda me: in_x12("NOBODY-AT-ALL"), "006"),
    "a qualifier that is not the sender's": (lambda me: in_x12(me).replace(b"*ZZ*" + me.encode(), b"*01*" + me.encode()), "005"),
    "an unknown receiver": (lambda me: x12(me, an_850("PO-1"), us="SOMEBODY"), "009"),
    "a qualifier that is not ours": (lambda me: in_x12(me).replace(b"*ZZ*THREEPL", b"*01*THREEPL"), "007"),
    "a test": (lambda me: x12(me, an_850("PO-1"), usage="T"), "020"),
}


@pytest.mark.parametrize(("body", "code"), STRANGE.values(), ids=STRANGE.keys())
async def test_whoever_may_not_send_so_is_answered_and_nothing_is_done(
    client: httpx.AsyncClient, pool: Pool, body: Callable[[str], bytes], code: str
) -> None:
    sender = await a_sender(client, pool)

    heard = await sender.hear(body(sender.me))

    assert [row[3:] for row in said(heard, "TA1")] == [["R", code]]
    assert not heard.messages
    assert await sender.orders() == []


async def test_in_edifact_a_stranger_hears_23_or_7(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)

    unknown = await sender.hear(edifact("0000000000000", an_orders("PO-1")))
    elsewhere = await sender.hear(edifact(sender.me, an_orders("PO-1")).replace(b"4012345000009:14+260115", b"4012345000010:14+260115"))

    assert [row[3:] for row in said(unknown, "UCI")] == [["4", "23", "UNB", "3"]]
    assert [row[3:] for row in said(elsewhere, "UCI")] == [["4", "7", "UNB", "4"]]


async def test_a_test_is_judged_and_acknowledged_and_places_nothing(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool, takes_tests=True)

    told = await sender.send(x12(sender.me, an_850("PO-1"), an_850("PO-2", [("SKU-1", 0)]), usage="T"))
    heard = await sender.hear(x12(sender.me, an_850("PO-1"), usage="T", control=2))

    assert (told["is_test"], effects(told), heard.is_test) == (True, ["test", "test"], True)
    assert told["messages"][1]["refusals"][0]["reason"] == "quantity not possible"
    assert await sender.orders() == []


async def test_what_is_validated_leaves_nothing(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    body = x12(sender.me, an_850("PO-1"), an_850("PO-2", [("NOPE", 1)]))
    tables = ("orders", "order_lines", "outbox", "edi_interchanges", "edi_messages", "edi_orders", "edi_documents", "edi_controls")
    counted = f"SELECT {', '.join(f'(SELECT count(*) FROM {table} WHERE customer_id = $1)' for table in tables)}"

    [tried] = (await client.post("/edi/validate", content=body, headers={"Content-Type": "text/plain"})).json()["interchanges"]
    after = await pool.fetchrow(counted, sender.customer_id)
    told = await sender.send(body)

    assert after
    assert set(after) == {0}
    assert (tried["interchange_id"], effects(tried)) == (None, effects(told))
    assert tried["messages"][1]["refusals"] == told["messages"][1]["refusals"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": "application/xml"}, b"<a/>", 415),
        ({"Content-Encoding": "gzip"}, b"ISA", 415),
        ({}, b"", 422),
        ({}, b"nonsense", 422),
        ({}, ADDRESS.encode(), 422),
        ({}, b"ISA*00", 422),
        ({}, b" " * (10 * 2**20 + 1), 413),
    ],
)
async def test_what_cannot_be_answered_in_edi_is_a_problem(
    client: httpx.AsyncClient, pool: Pool, headers: dict[str, str], body: bytes, status: int
) -> None:
    sender = await a_sender(client, pool)

    answer = await sender.post(body, MEDIA["X12"], **headers)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_an_idempotency_key_goes_with_one_body(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    once = {"Idempotency-Key": sender.code}

    first = await sender.post(in_x12(sender.me), **once)
    again = await sender.post(in_x12(sender.me), **once)
    other = await sender.post(in_x12(sender.me, "PO-2", control=2), **once)

    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert other.status_code == 422
    assert len(await sender.orders()) == 1
