"""Orders are changed by EDI before their release: whole or not at all, once, in the order in which it is said, and answered."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from order_intake.edi import Message, read
from order_intake.sending import write_documents
from shared.database import Pool
from shared.key_store import KeyStore

from tests.order_intake.builders import handed_over, reserved
from tests.order_intake.interchanges import Line, a_940, an_850, an_860, an_ordchg, an_orders, edifact, x12
from tests.order_intake.senders import Sender, a_sender, effects
from tests.order_intake.test_amending import reallocated
from tests.order_intake.test_partners_hear import a_pack, rows, told

ALL = ["order_response", "shipping_advice", "ship_notice"]
FIRST: Sequence[Line] = (("SKU-1", 12), ("SKU-2", 5))
POC = ["POC*1*QI*20*20*EA*4.50**VN*SKU-1", "POC*2*DI", "POC*3*AI*4*4*EA*1.25**VN*SKU-3", "CTT*3"]
LIN = ["LIN+1+3+SKU-1:SA", "QTY+21:20:PCE", "LIN+2+2+SKU-2:SA", "LIN+3+1+SKU-3:SA", "QTY+21:4:PCE"]
ANEW = [("SKU-1", 20), ("SKU-3", 4)]
Body = Callable[..., bytes]


def in_x12(me: str, *sets: Sequence[str], control: int = 1) -> bytes:
    return x12(me, *sets, control=control, group={"850": "PO", "860": "PC", "940": "OW"}[sets[0][0]])


def by_860(me: str, *rows: str, control: int = 2, change: str = "1") -> bytes:
    return in_x12(me, an_860("PO-1", *(rows or POC), purpose="04", change=change), control=control)


def by_ordchg(me: str, *rows: str, control: int = 2, change: str = "CHG-1") -> bytes:
    return edifact(me, an_ordchg("PO-1", *(rows or LIN), function="4", change=change), control=f"ICR{control}")


def anew(kind: Callable[..., Sequence[str]], **said: str) -> Body:
    """The whole order, as it shall be."""
    document = kind("PO-1", ANEW, **said)
    return lambda me: edifact(me, document) if kind is an_orders else in_x12(me, document, control=2)


WAYS: dict[str, Body] = {
    "860": by_860,
    "ORDCHG": by_ordchg,
    "940 R": anew(a_940, status="R"),
    "850 05": anew(an_850, purpose="05"),
    "ORDERS 5": anew(an_orders, function="5"),
}
both_syntaxes = pytest.mark.parametrize(("syntax", "change"), [("X12", by_860), ("EDIFACT", by_ordchg)], ids=["860", "ORDCHG"])


AT_ONCE = [row for row in an_850("PO-1", FIRST) if not row.startswith("DTM")]
"""Without a window it is released as soon as there is stock."""


async def an_ordering(client: httpx.AsyncClient, pool: Pool, order: Sequence[str] = (), **changes: object) -> Sender:
    sender = await a_sender(client, pool, **changes)
    assert effects(await sender.send(in_x12(sender.me, order or an_850("PO-1", FIRST)))) == ["placed"]
    return sender


async def allocated(pool: Pool, changed: dict[str, Any], amendment_no: int = 1) -> None:
    """The warehouses have what is wanted now."""
    order_id = UUID(changed["messages"][0]["order_id"])
    await told(pool, reallocated(order_id, {1: 20, 3: 4}, amendment_no=amendment_no))


async def lines(sender: Sender) -> dict[str, int]:
    [order] = await sender.orders()
    return {line["sku"]: line["quantity"] for line in order["lines"] if line["status"] != "cancelled"}


async def heard(pool: Pool, store: KeyStore, sender: Sender) -> list[Message]:
    """All that waits for the partner but the answer to its order, in the order in which it was written."""
    while await write_documents(pool, store):
        pass
    page = (await sender.client.get("/edi/outbox", params={"partner": sender.code})).json()
    bodies = [(await sender.client.get(entry["document"])).content for entry in page["items"]]
    return [message for body in bodies for interchange in read(body).interchanges for message in interchange.messages][1:]


@pytest.mark.parametrize("change", WAYS.values(), ids=WAYS.keys())
async def test_an_order_is_changed_before_its_release(client: httpx.AsyncClient, pool: Pool, change: Body) -> None:
    sender = await an_ordering(client, pool)

    changed = await sender.send(change(sender.me))

    [order] = await sender.orders()
    assert (changed["outcome"], effects(changed), changed["messages"][0]["order_id"]) == ("accepted", ["changed"], order["order_id"])
    assert await lines(sender) == {"SKU-1": 20, "SKU-3": 4}
    assert await pool.fetchval("SELECT count(*) FROM edi_documents WHERE partner = $1", sender.code) == 2


async def test_an_860_is_answered_by_an_865_line_by_line(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool)
    await allocated(pool, await sender.send(by_860(sender.me)))
    await sender.send(by_860(sender.me, "POC*1*QD*30**EA***VN*SKU-1", "POC*3*QI*5**EA***VN*SKU-3", control=3, change="2"))

    done, refused = await heard(pool, key_store, sender)

    assert [rows(each, "BCA")[0][1:5] for each in (done, refused)] == [("AD", "PO-1", "", "1"), ("RD", "PO-1", "", "2")]
    assert [row[:5] for row in rows(done, "POC")] == [("1", "QI", "20", "20", "EA"), ("2", "DI", "", "", ""), ("3", "AI", "4", "4", "EA")]
    assert [row[:2] for row in rows(done, "ACK")] == [("IA", "20"), ("ID",), ("IA", "4")]
    assert rows(refused, "N9") == [("ZZ", "", "line 1: quantity not possible")]
    assert [row[:2] for row in rows(refused, "ACK")] == [("IR", "30"), ("IR", "5")]


async def test_an_ordchg_is_answered_by_an_ordrsp_line_by_line(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool, syntax="EDIFACT")
    await allocated(pool, await sender.send(by_ordchg(sender.me)))
    await sender.send(by_ordchg(sender.me, "LIN+1+3+SKU-1:SA", "QTY+21:1:DZ", control=3, change="CHG-2"))

    done, refused = await heard(pool, key_store, sender)

    assert [each.segments[1].value(3) for each in (done, refused)] == ["4", "27"]
    assert [[row.components(1) for row in each.segments if row.tag == "RFF"] for each in (done, refused)] == [
        [["ON", "PO-1"], ["PP", "CHG-1"]], [["ON", "PO-1"], ["PP", "CHG-2"]],
    ]  # fmt: skip
    assert [[row.value(2) for row in each.segments if row.tag == "LIN"] for each in (done, refused)] == [["3", "2", "1"], ["7"]]
    assert [row.components(1)[:2] for row in done.segments if row.tag == "QTY"] == [["21", "20"], ["113", "20"], ["21", "4"], ["113", "4"]]
    assert [row.value(4) for row in refused.segments if row.tag == "FTX"] == ["unit not possible"]


async def test_a_replacement_is_answered_as_an_order_is(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool)
    await sender.send(WAYS["940 R"](sender.me))

    [answer] = await heard(pool, key_store, sender)

    assert (answer.type, rows(answer, "BAK")[0][:3]) == ("855", ("05", "AD", "PO-1"))
    assert [row[1] for row in rows(answer, "PO1")] == ["20", "4"]


@both_syntaxes
async def test_what_is_shipped_names_the_lines_as_they_were_added(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, syntax: str, change: Body
) -> None:
    sender = await an_ordering(client, pool, AT_ONCE, syntax=syntax, documents=ALL, allow_partial=True)
    changed = await sender.send(change(sender.me))
    order_id = UUID(changed["messages"][0]["order_id"])

    await told(pool, reallocated(order_id, {1: 20, 3: 4}), a_pack(order_id, [{1: 20, 3: 4}]), handed_over(order_id, {1: 20, 3: 4}))

    _, *said = await heard(pool, key_store, sender)
    if syntax == "X12":
        [advice], [notice] = ([each for each in said if each.type == kind] for kind in ("945", "856"))
        assert [(row[0], row[1:4], row[6:8]) for row in rows(advice, "W12")] == [
            ("CC", ("20", "20", "0"), ("VN", "SKU-1")), ("CC", ("4", "4", "0"), ("VN", "SKU-3")),
        ]  # fmt: skip
        assert [row[:3] for row in rows(notice, "LIN")] == [("1", "VN", "SKU-1"), ("3", "VN", "SKU-3")]
    else:
        [notice] = [each for each in said if each.type == "DESADV"]
        assert [row.components(3) for row in notice.segments if row.tag == "LIN"] == [["SKU-1", "VN"], ["SKU-3", "SA"]]
        assert [row.components(1) for row in notice.segments if row.tag == "RFF"][1:] == [["ON", "PO-1", "1"], ["ON", "PO-1", "3"]]


BAD = {
    "an item that we do not know": (["POC*1*QI*20**EA***VN*SKU-1", "POC*9*AI*1**EA***VN*NOPE"], [("9", "unknown item")]),
    "a line that there is not": (["POC*7*DI", "POC*1*QI*20**EA***VN*SKU-1"], [("7", "not accepted")]),
    "no line left": (["POC*1*DI", "POC*2*DI"], [("", "not accepted")]),
    "nothing said": (["REF*CO*4711"], [("", "not accepted")]),
}


@pytest.mark.parametrize(("change", "refusals"), BAD.values(), ids=BAD.keys())
async def test_what_is_not_possible_changes_nothing_and_says_why(
    client: httpx.AsyncClient, pool: Pool, change: list[str], refusals: list[tuple[str, str]]
) -> None:
    sender = await an_ordering(client, pool)

    refused = await sender.send(by_860(sender.me, *change))

    assert (refused["outcome"], effects(refused)) == ("accepted", ["refused"])
    assert [(each["line"], each["reason"]) for each in refused["messages"][0]["refusals"]] == refusals
    assert await lines(sender) == {"SKU-1": 12, "SKU-2": 5}


@both_syntaxes
@pytest.mark.parametrize(("policy", "effect"), [("refuse", "refused"), ("ignore", "repeated")])
async def test_a_change_is_made_once_whatever_brings_it_again(
    client: httpx.AsyncClient, pool: Pool, syntax: str, change: Body, policy: str, effect: str
) -> None:
    sender = await an_ordering(client, pool, syntax=syntax, repeats={"documents": policy})
    bodies = [change(sender.me, control=control) for control in range(2, 6)]

    first = await asyncio.gather(*[sender.send(body) for body in bodies[:3]])
    again = await sender.send(bodies[3])

    assert sorted(effects(each)[0] for each in first) == sorted(["changed", effect, effect])
    assert effects(again) == [effect]
    assert await lines(sender) == {"SKU-1": 20, "SKU-3": 4}
    assert await pool.fetchval("SELECT count(*) FROM order_amendments WHERE customer_id = $1", sender.customer_id) == 1
    said = await pool.fetchval("SELECT count(*) FROM edi_documents WHERE partner = $1", sender.code)
    assert said == (5 if policy == "refuse" else 2)


async def test_all_is_done_in_the_order_of_the_body(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await a_sender(client, pool)
    more = an_860("PO-1", "POC*1*QI*20**EA***VN*SKU-1", purpose="04", change="1")
    less = an_860("PO-1", "POC*1*QD*15**EA***VN*SKU-1", "POC*9*AI*2**EA***VN*SKU-3", purpose="04", change="2")
    least = an_860("PO-1", "POC*9*QD*1**EA***VN*SKU-3", purpose="04", change="3")
    first, then = in_x12(sender.me, more, control=1), in_x12(sender.me, more, less, least, control=3)

    answer = await sender.post(first + in_x12(sender.me, an_850("PO-1", FIRST), control=2) + then)

    too_early, placed, changed = (effects(each) for each in answer.json()["interchanges"])
    assert (too_early, placed, changed) == (["refused"], ["placed"], ["changed"] * 3)
    assert await lines(sender) == {"SKU-1": 15, "SKU-2": 5, "SKU-3": 1}
    assert await pool.fetchval("SELECT count(*) FROM order_amendments WHERE customer_id = $1", sender.customer_id) == 1
    answered = [message for message in await heard(pool, key_store, sender) if message.type == "865"]
    assert [[row[1] for row in rows(message, "ACK")] for message in answered] == [["20"], ["15", "2"], ["1"]]
    [words] = [row["facts"] for row in await pool.fetch("SELECT facts FROM edi_orders WHERE partner = $1", sender.code)]
    assert '"9"' in words


async def test_after_a_cancellation_nothing_is_changed_any_more(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await an_ordering(client, pool)
    more, less = (an_860("PO-1", f"POC*1*CA*{n}**EA***VN*SKU-1", purpose="04", change=str(n)) for n in (20, 8))

    said = await sender.send(in_x12(sender.me, more, an_860("PO-1"), less, an_860("PO-1"), control=2))

    [order] = await sender.orders()
    assert effects(said) == ["changed", "cancelled", "refused", "cancelled"]
    assert said["messages"][2]["refusals"][0]["text"] == "too late: the order is cancelled"
    assert (order["status"], order["lines"][0]["quantity"]) == ("cancelled", 20)


async def test_what_was_released_is_not_changed(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await an_ordering(client, pool, AT_ONCE)
    [order] = await sender.orders()
    await told(pool, reserved(UUID(order["order_id"]), {1: 12, 2: 5}))

    refused = await sender.send(by_860(sender.me))

    assert [each["text"] for each in refused["messages"][0]["refusals"]] == ["too late: the order is released"]
    assert await lines(sender) == {"SKU-1": 12, "SKU-2": 5}


async def test_a_change_waits_until_the_one_before_is_allocated(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await an_ordering(client, pool)
    changed = await sender.send(by_860(sender.me))
    later = ("POC*1*QI*30**EA***VN*SKU-1",)

    early = await sender.send(by_860(sender.me, *later, control=3, change="2"))
    await allocated(pool, changed)
    again = await sender.send(by_860(sender.me, *later, control=4, change="2"))

    assert [effects(early), effects(again)] == [["refused"], ["changed"]]
    assert early["messages"][0]["refusals"][0]["text"] == "an earlier change is under way: send it again"
    assert await lines(sender) == {"SKU-1": 30, "SKU-3": 4}


async def test_window_and_address_are_changed_and_what_is_tried_is_not_done(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await an_ordering(client, pool)
    body = by_860(sender.me, "DTM*063*21501230", "N1*ST*DC WEST*92*DC-2", "N3*2 DOCK RD", "N4*RENO*NV*89502*US")

    tried = await client.post("/edi/validate", content=body, headers={"Content-Type": "application/EDI-X12"})
    [before] = await sender.orders()
    changed = await sender.send(body)

    [order] = await sender.orders()
    assert [each["effect"] for each in tried.json()["interchanges"][0]["messages"]] == effects(changed) == ["changed"]
    assert [each["ship_to"]["street"] for each in (before, order)] == ["1 DOCK RD", "2 DOCK RD"]
    assert order["ship_to"]["code"] == "DC-2"
    assert before["promised"]["latest"] < "2150" < order["promised"]["latest"]
    assert [line["quantity"] for line in order["lines"]] == [12, 5]


async def test_an_order_that_is_amended_by_others_is_told_to_its_partner(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    items = [{"qualifier": "UP", "code": "012345678905", "sku": "SKU-3"}]
    sender = await an_ordering(client, pool, AT_ONCE, documents=ALL, items=items)
    [order] = await sender.orders()
    wish = {"lines": [{"line_no": 1, "sku": "SKU-1", "quantity": 20}, {"line_no": 7, "sku": "SKU-3", "quantity": 4}]}

    amended = await client.post(f"/orders/{order['order_id']}/amendments", json=wish)
    order_id = UUID(order["order_id"])
    await told(pool, reallocated(order_id, {1: 20, 7: 4}), a_pack(order_id, [{1: 20, 7: 4}]), handed_over(order_id, {1: 20, 7: 4}))

    said = await heard(pool, key_store, sender)
    [answer], [advice] = ([each for each in said if each.type == kind] for kind in ("865", "945"))
    assert amended.status_code == 201
    assert [row[:4] for row in rows(answer, "POC")] == [("2", "DI", "", ""), ("1", "CA", "20", "20"), ("", "CA", "4", "4")]
    assert [(row[2], row[6:8]) for row in rows(advice, "W12")] == [("20", ("VN", "SKU-1")), ("4", ("UP", "012345678905"))]


async def test_a_backorder_after_a_change_says_nothing_of_lines_that_are_gone(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    sender = await an_ordering(client, pool, allow_partial=True)
    changed = await sender.send(by_860(sender.me))

    await told(pool, reallocated(UUID(changed["messages"][0]["order_id"]), {1: 20}, {3: 4}))

    [backorder] = [each for each in await heard(pool, key_store, sender) if each.type == "855"]
    assert [row[:2] for row in rows(backorder, "PO1")] == [("1", "20"), ("3", "4")]
    assert [row[:2] for row in rows(backorder, "ACK")] == [("IA", "20"), ("IB", "4")]
