"""Interchanges over HTTP: acknowledged at once, done once, and what cannot be done is a business answer."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from pydantic_core import from_json
from shared.database import Pool

from tests.order_intake.interchanges import Line, a_940, an_850, an_860, an_ordchg, an_orders, edifact, x12
from tests.order_intake.senders import MEDIA, a_sender, effects, said

Body = Callable[..., bytes]


def in_x12(me: str, number: str = "PO-1", lines: list[Line] | None = None, control: int = 1) -> bytes:
    return x12(me, an_850(number, lines or [("SKU-1", 12)]), control=control)


def in_940(me: str, number: str = "PO-1", lines: list[Line] | None = None, control: int = 1) -> bytes:
    return x12(me, a_940(number, lines or [("SKU-1", 12)]), control=control, group="OW")


def in_edifact(me: str, number: str = "PO-1", lines: list[Line] | None = None, control: int = 1) -> bytes:
    return edifact(me, an_orders(number, lines or [("SKU-1", 12)]), control=f"ICR{control}")


BODIES: dict[str, Body] = {"850": in_x12, "940": in_940, "ORDERS": in_edifact}
each_kind = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())


@each_kind
async def test_an_order_is_acknowledged_and_placed(client: httpx.AsyncClient, pool: Pool, body: Body) -> None:
    sender = await a_sender(client, pool)

    told = await sender.send(body(sender.me, lines=[("SKU-1", 12), ("SKU-2", 3)]))

    [order] = await sender.orders()
    assert (told["outcome"], effects(told), told["messages"][0]["order_id"]) == ("accepted", ["placed"], order["order_id"])
    assert (order["customer_reference"], order["status"]) == ("PO-1", "confirmed")
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [("SKU-1", 12), ("SKU-2", 3)]
    assert {name: order["ship_to"][name] for name in ("name", "street", "city", "postal_code", "country")} == {
        "name": "DC EAST", "street": "1 DOCK RD", "city": "RENO, NV", "postal_code": "89502", "country": "US",
    }  # fmt: skip
    assert order["promised"]["latest"] > "2026-12-19"
    acknowledgement = await client.get(told["acknowledgement"])
    assert (await client.get(f"/edi/interchanges/{told['interchange_id']}")).json() == told
    assert b"~AK5*A~AK9*A*1*1*1~" in acknowledgement.content or b"+7'UNT+3+1'" in acknowledgement.content


@each_kind
async def test_the_same_bytes_again_are_answered_the_same_and_do_nothing(client: httpx.AsyncClient, pool: Pool, body: Body) -> None:
    sender = await a_sender(client, pool)
    data = body(sender.me)

    first, second, third = [await sender.post(each, MEDIA["X12"]) for each in (data, data, data + b"\r\n")]
    told = await sender.send(data)

    assert first.content == second.content == third.content == (await client.get(told["acknowledgement"])).content
    assert told["repeated"]
    assert len(await sender.orders()) == 1


@each_kind
async def test_another_body_with_the_same_control_number_is_refused_whole(client: httpx.AsyncClient, pool: Pool, body: Body) -> None:
    sender = await a_sender(client, pool)
    await sender.send(body(sender.me))
    other = body(sender.me, "PO-2")

    told, heard = await sender.send(other), await sender.hear(other)

    assert (told["outcome"], told["faults"][0]["rule"], effects(told)) == ("refused", "control-taken", ["none"])
    assert [row[3:5] for row in said(heard, "TA1")] in ([["R", "025"]], [])
    assert [row[3:] for row in said(heard, "UCI")] in ([["4", "26", "UNB", "6"]], [])
    assert len(await sender.orders()) == 1


async def test_what_was_refused_may_come_again_mended_with_its_number(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    sound = in_x12(sender.me)

    broken = await sender.send(sound.replace(b"IEA*1*", b"IEA*2*"))
    mended = await sender.send(sound)

    assert [each["outcome"] for each in (broken, mended)] == ["refused", "accepted"]
    assert len(await sender.orders()) == 1


async def test_control_numbers_of_ours_run_on_without_a_gap(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    bodies = [in_x12(sender.me, f"PO-{control}", control=control) for control in range(1, 5)]
    bodies.insert(2, in_x12(sender.me, "PO-9", control=1))

    heard = [await sender.hear(body) for body in bodies]

    assert [int(each.reference) for each in heard] == [1, 2, 3, 4, 5]
    assert [each.groups[0].reference for each in heard if each.groups] == ["1", "2", "3", "4"]


async def test_many_at_once_with_the_same_bytes_are_one_order_and_one_answer(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    body = in_x12(sender.me)

    answers = await asyncio.gather(*[sender.post(body, MEDIA["X12"]) for _ in range(8)])

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await sender.orders()) == 1
    assert await pool.fetchval("SELECT last FROM edi_controls WHERE partner = $1 AND kind = 'ISA'", sender.code) == 1


async def test_business_faults_are_answered_line_by_line_and_never_in_the_acknowledgement(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    good, bad = an_850("PO-1"), an_850("PO-2", [("SKU-1", 5), ("NOPE", 1), ("SKU-2", 0)])
    body = x12(sender.me, good, bad, an_850("PO-3", [("NOPE", 1), ("SKU-1", 2)]))

    heard, told = await sender.hear(body), await sender.send(body)

    assert [row[0] for row in said(heard, "AK5")] == ["A", "A", "A"]
    assert effects(told) == ["placed", "refused", "refused"]
    assert [[(each["line"], each["reason"]) for each in message["refusals"]] for message in told["messages"]] == [
        [], [("3", "quantity not possible")], [("1", "unknown item")],
    ]  # fmt: skip
    rows = await pool.fetch("SELECT type, rows::text FROM edi_documents WHERE partner = $1 ORDER BY document_id", sender.code)
    assert [(row["type"], *from_json(row["rows"])[0][2:4]) for row in rows] == [
        ("855", "AD", "PO-1"), ("855", "RD", "PO-2"), ("855", "RD", "PO-3"),
    ]  # fmt: skip
    assert [order["customer_reference"] for order in await sender.orders()] == ["PO-1"]


@pytest.mark.parametrize(("policy", "effect"), [("refuse", "refused"), ("ignore", "repeated")])
async def test_a_document_that_comes_again_is_placed_once(client: httpx.AsyncClient, pool: Pool, policy: str, effect: str) -> None:
    sender = await a_sender(client, pool, repeats={"documents": policy})
    await sender.send(in_x12(sender.me))

    again = await sender.send(in_x12(sender.me, control=2))
    twice = await sender.send(x12(sender.me, an_850("PO-7"), an_850("PO-7"), control=3))

    assert (again["outcome"], effects(again)) == ("accepted", [effect])
    assert effects(twice) == ["placed", effect]
    assert len(await sender.orders()) == 2
    refusals = "SELECT count(*) FROM edi_documents WHERE partner = $1 AND rows::text LIKE '%placed before%'"
    assert await pool.fetchval(refusals, sender.code) == (2 if policy == "refuse" else 0)


async def test_the_partners_words_are_translated(client: httpx.AsyncClient, pool: Pool) -> None:
    store = {"name": "Store 7", "street": "7 Main St", "city": "Reno", "postal_code": "89501", "country": "US"}
    items = [{"qualifier": "UP", "code": "012345678905", "sku": "SKU-3"}, {"qualifier": "BP", "code": "THEIRS", "sku": "SKU-4"}]
    sender = await a_sender(client, pool, items=items, units={"CA": 12}, locations={"STORE-7": store})
    rows = ["PO1*10*2*CA***UK*00012345678905*VN*NOPE", "PO1*20*3.000*EA***BP*THEIRS", "PO1*30*0.5*CA***VN*SKU-1"]
    order = ["850", "BEG*00*SA*PO-1**20260115", "N1*ST**92*STORE-7", *rows, "CTT*3"]

    told = await sender.send(x12(sender.me, order))
    strange = ["850", "BEG*00*SA*PO-2**20260115", "N1*ST**92*STORE-8", "PO1*1*1*DZ***VN*SKU-1"]
    unknown = await sender.send(x12(sender.me, strange, control=2))

    [placed] = await sender.orders()
    assert effects(told) == ["placed"]
    assert [(line["sku"], line["quantity"]) for line in placed["lines"]] == [("SKU-3", 24), ("SKU-4", 3), ("SKU-1", 6)]
    assert placed["ship_to"] == store | {"code": "STORE-7", "phone": None, "latitude": None, "longitude": None}
    assert [(each["line"], each["reason"]) for each in unknown["messages"][0]["refusals"]] == [
        ("", "not accepted"),
        ("1", "unit not possible"),
    ]


@pytest.mark.parametrize(
    ("body", "effect", "status"),
    [
        (lambda me: x12(me, an_860("PO-1"), control=2, group="PC"), "cancelled", "cancelled"),
        (lambda me: x12(me, a_940("PO-1", status="F"), control=2, group="OW"), "cancelled", "cancelled"),
        (lambda me: edifact(me, an_ordchg("PO-1")), "cancelled", "cancelled"),
        (lambda me: edifact(me, an_orders("PO-1", function="1")), "cancelled", "cancelled"),
        (lambda me: x12(me, an_860("PO-1", purpose="04"), control=2, group="PC"), "refused", "confirmed"),
        (lambda me: x12(me, a_940("PO-1", status="R"), control=2, group="OW"), "changed", "confirmed"),
        (lambda me: edifact(me, an_ordchg("PO-1", function="4")), "refused", "confirmed"),
        (lambda me: x12(me, an_860("PO-9"), control=2, group="PC"), "refused", "confirmed"),
    ],
    ids=["860", "940 F", "ORDCHG", "ORDERS 1", "860 that says nothing", "940 R of the same", "ORDCHG that says nothing", "860 of no order"],
)
async def test_what_is_wished_of_an_order_is_done_or_answered(
    client: httpx.AsyncClient, pool: Pool, body: Callable[[str], bytes], effect: str, status: str
) -> None:
    sender = await a_sender(client, pool)
    await sender.send(in_x12(sender.me))

    told = await sender.send(body(sender.me))

    assert (told["outcome"], effects(told)) == ("accepted", [effect])
    assert [order["status"] for order in await sender.orders()] == [status]
    assert await pool.fetchval("SELECT count(*) FROM edi_documents WHERE partner = $1", sender.code) == 2


async def test_an_order_can_be_placed_and_cancelled_in_one_interchange(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)

    told = await sender.send(x12(sender.me, a_940("D-1"), a_940("D-1", status="F"), a_940("D-2"), group="OW"))

    assert effects(told) == ["placed", "cancelled", "placed"]
    assert {order["customer_reference"]: order["status"] for order in await sender.orders()} == {"D-1": "cancelled", "D-2": "confirmed"}


async def test_returns_are_kept_and_acknowledgements_are_not_acknowledged(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    returned = ["180", "BGN*00*RMA-1*20260125", "RDR*CR*01", "PRF*PO-1", "N1*BY*BUYER*9*0012345678905", "BLI*VN*SKU-1*1*EA", "QTY*76*1*EA"]

    kept = await sender.send(x12(sender.me, returned, group="AN"))
    answer = x12(sender.me, ["997", "AK1*PR*1", "AK9*A*1*1*1"], group="FA", control=2)
    taken, silent = await sender.send(answer), await sender.post(answer, MEDIA["X12"])

    assert (kept["outcome"], effects(kept)) == ("accepted", ["kept"])
    assert (taken["outcome"], effects(taken), taken["acknowledgement"]) == ("accepted", ["answer"], None)
    assert (silent.status_code, silent.content) == (204, b"")


async def test_a_body_may_hold_many_interchanges_with_a_mark_before_them(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)
    first, second = in_x12(sender.me), in_edifact(sender.me, "PO-2")

    answer = await sender.post(b"\xef\xbb\xbf" + first + b"\r\n" + second + first)
    both = await sender.post(first + second, MEDIA["X12"])

    told = answer.json()["interchanges"]
    assert [(each["syntax"], effects(each), each["repeated"]) for each in told] == [
        ("X12", ["placed"], False), ("EDIFACT", ["placed"], False), ("X12", ["placed"], True),
    ]  # fmt: skip
    assert both.content.startswith(b"ISA")
    assert b"UNA:+.? 'UNB" in both.content
    assert len(await sender.orders()) == 2
