"""What a partner's profile says holds for what it sends, and for nobody else's."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import httpx
import pytest
from shared.database import Pool

from tests.order_intake.interchanges import an_850, an_orders, edifact, x12
from tests.order_intake.senders import MEDIA, a_sender, effects, said

STRANGE_CODE = [row.replace("BEG*00*SA*", "BEG*00*XX*") for row in an_850("PO-1")]
NO_COUNTRY = an_850("PO-1", address="N1*ST*DC EAST*92*DC-1~N3*1 DOCK RD~N4*RENO*NV*89502")


def in_lines(me: str) -> bytes:
    """EDIFACT without UNA whose segments end with their lines."""
    return edifact(me, an_orders("PO-1")).removeprefix(b"UNA:+.? '").replace(b"'", b"\n")


JUDGED: dict[str, tuple[dict[str, object], Callable[[str], bytes], str]] = {
    "a strange code": ({}, lambda me: x12(me, STRANGE_CODE), "accepted"),
    "a strange code, refused": ({"weights": {"element-code": "refusal"}}, lambda me: x12(me, STRANGE_CODE), "refused"),
    "a strange code, of a strict one": ({"strictness": "strict"}, lambda me: x12(me, STRANGE_CODE), "refused"),
    "a strange code, of a strict one that lets it pass": (
        {"strictness": "strict", "weights": {"element-code": "remark"}}, lambda me: x12(me, STRANGE_CODE), "accepted",
    ),
    "two messages": ({}, lambda me: x12(me, an_850("PO-1"), an_850("PO-2")), "accepted"),
    "two messages, where one is the most": ({"limits": {"messages": 1}}, lambda me: x12(me, an_850("PO-1"), an_850("PO-2")), "refused"),
    "many segments": ({}, lambda me: x12(me, an_850("PO-1", [("SKU-1", 1)] * 20)), "accepted"),
    "many segments, where ten are the most": (
        {"limits": {"segments_per_message": 10}}, lambda me: x12(me, an_850("PO-1", [("SKU-1", 1)] * 20)), "refused",
    ),
    "lines that end segments": ({"lines_end_segments": True}, in_lines, "accepted"),
}  # fmt: skip


@pytest.mark.parametrize(("profile", "body", "outcome"), JUDGED.values(), ids=JUDGED.keys())
async def test_an_interchange_is_judged_by_its_partners_profile(
    client: httpx.AsyncClient, pool: Pool, profile: dict[str, object], body: Callable[[str], bytes], outcome: str
) -> None:
    sender = await a_sender(client, pool, **profile)

    told = await sender.send(body(sender.me))

    assert told["outcome"] == outcome
    assert bool(await sender.orders()) == (outcome == "accepted")


async def test_lines_end_segments_of_those_alone_who_say_so(client: httpx.AsyncClient, pool: Pool) -> None:
    sender = await a_sender(client, pool)

    answer = await sender.post(in_lines(sender.me))

    assert answer.status_code == 422 or answer.json()["interchanges"][0]["outcome"] == "refused"
    assert await sender.orders() == []


@pytest.mark.parametrize(("days", "outcome"), [(89, "refused"), (91, "accepted")])
async def test_a_control_number_may_be_used_again_when_it_is_forgotten(
    client: httpx.AsyncClient, pool: Pool, days: int, outcome: str
) -> None:
    sender = await a_sender(client, pool, repeats={"remembered_days": 90})
    told = await sender.send(x12(sender.me, an_850("PO-1")))
    aged = "UPDATE edi_interchanges SET received_at = received_at - $2::interval WHERE interchange_id = $1::uuid"
    await pool.execute(aged, told["interchange_id"], timedelta(days=days))

    other = await sender.send(x12(sender.me, an_850("PO-2")))

    assert other["outcome"] == outcome


WISHES: dict[str, tuple[dict[str, object], str, list[str]]] = {
    "as usual": ({}, "X12", ["997"]),
    "a 999": ({"functional": "999"}, "X12", ["999"]),
    "a TA1 each time": ({"ta1": "always"}, "X12", ["TA1", "997"]),
    "a CONTRL as usual": ({}, "EDIFACT", ["CONTRL"]),
    "no CONTRL": ({"contrl": "never"}, "EDIFACT", []),
}


@pytest.mark.parametrize(("wishes", "syntax", "kinds"), WISHES.values(), ids=WISHES.keys())
async def test_a_partner_is_acknowledged_as_it_wishes(
    client: httpx.AsyncClient, pool: Pool, wishes: dict[str, object], syntax: str, kinds: Sequence[str]
) -> None:
    sender = await a_sender(client, pool, acknowledgements=wishes)
    body = x12(sender.me, an_850("PO-1")) if syntax == "X12" else edifact(sender.me, an_orders("PO-1"))

    answer = await sender.post(body, MEDIA[syntax])

    assert answer.status_code == (200 if kinds else 204)
    if kinds:
        heard = await sender.hear(body)
        assert [*(["TA1"] if said(heard, "TA1") else []), *(message.type for message in heard.messages)] == kinds


async def test_what_documents_do_not_say_stands_in_the_profile(client: httpx.AsyncClient, pool: Pool) -> None:
    silent = await a_sender(client, pool, country=None)
    wordy = await a_sender(client, pool, country="US", service_level="express", allow_partial=True)

    refused, placed = [await sender.send(x12(sender.me, NO_COUNTRY)) for sender in (silent, wordy)]

    assert (effects(refused), effects(placed)) == (["refused"], ["placed"])
    row = await pool.fetchrow("SELECT service_level, allow_partial FROM orders WHERE customer_id = $1", wordy.customer_id)
    assert row
    assert tuple(row) == ("express", True)
    assert (await wordy.orders())[0]["ship_to"]["country"] == "US"
