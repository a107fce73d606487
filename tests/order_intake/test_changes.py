"""Orders are changed by EDI before their release: whole or not at all, once, in the order in which it is said, and answered."""

import asyncio
from uuid import UUID

import httpx
import pytest
from shared.database import Pool
from shared.key_store import KeyStore

from tests.order_intake.builders import reserved
from tests.order_intake.changes import (
    AT_ONCE,
    FIRST,
    WAYS,
    Body,
    allocated,
    an_ordering,
    both_syntaxes,
    by_860,
    heard,
    in_x12,
    lines,
)
from tests.order_intake.interchanges import an_850, an_860
from tests.order_intake.senders import a_sender, effects
from tests.order_intake.test_partners_hear import rows, told


@pytest.mark.parametrize("change", WAYS.values(), ids=WAYS.keys())
async def test_an_order_is_changed_before_its_release(client: httpx.AsyncClient, pool: Pool, change: Body) -> None:
    sender = await an_ordering(client, pool)

    changed = await sender.send(change(sender.me))

    [order] = await sender.orders()
    assert (changed["outcome"], effects(changed), changed["messages"][0]["order_id"]) == ("accepted", ["changed"], order["order_id"])
    assert await lines(sender) == {"SKU-1": 20, "SKU-3": 4}
    assert await pool.fetchval("SELECT count(*) FROM edi_documents WHERE partner = $1", sender.code) == 2


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
    assert '"number": "9"' in words


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
