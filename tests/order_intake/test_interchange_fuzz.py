"""Whatever partners send, damaged in any way: an acknowledgement or a problem, never a fault of ours."""

import random

import httpx
import pytest
from order_intake.edi import read
from shared.database import Pool

from tests.order_intake.edi.test_hostile import CORPUS, MUTATORS
from tests.order_intake.interchanges import a_940, an_850, an_860, an_ordchg, an_orders, edifact, x12
from tests.order_intake.senders import MEDIA, Sender, a_sender

ANSWER = ["997", "AK1*PR*1", "AK2*855*0001", "AK5*R*5", "AK9*R*1*1*0"]
EACH = 20


def bodies(me: str) -> list[bytes]:
    """Of every kind that asks for something or answers."""
    return [
        x12(me, an_850("PO-1"), an_850("PO-2", [("NOPE", 1), ("SKU-2", 4)])),
        x12(me, a_940("D-1"), a_940("D-1", status="F"), a_940("D-9", status="R"), group="OW"),
        x12(me, an_860("PO-1"), group="PC"),
        x12(me, ANSWER, group="FA"),
        edifact(me, an_orders("PO-3"), an_orders("PO-4", function="4"), an_ordchg("PO-3")),
        edifact(me, ["CONTRL:D:3:UN", "UCI+1+A:14+B:14+4+23"], control="C"),
    ]


def renumbered(data: bytes, number: int) -> bytes:
    """With a control number of its own, where one stands there still."""
    return data.replace(b"000000001", b"%09d" % number).replace(b"ICR1", b"I%d" % number).replace(b"PO-", b"P%d-" % number)


async def check(sender: Sender, data: bytes, chance: random.Random) -> int:
    accept = chance.choice([*MEDIA.values(), "application/json", "*/*"])
    answer = await sender.post(data, accept)
    assert answer.status_code in ({200, 204, 422} if data else {422}), (answer.text, data)
    if answer.headers.get("content-type", "").lower().startswith("application/edi"):
        assert read(answer.content).accepted, (answer.content, data)
    return answer.status_code


@pytest.mark.parametrize("mutate", MUTATORS, ids=lambda each: each.__name__)
async def test_damaged_interchanges_are_answered(client: httpx.AsyncClient, pool: Pool, mutate: object) -> None:
    chance, sender = random.Random(str(mutate)[:20]), await a_sender(client, pool)
    assert callable(mutate)
    statuses = []
    for number in range(2, 2 + EACH):
        for data in bodies(sender.me):
            damaged = mutate(renumbered(data, number), chance)
            statuses.append(await check(sender, damaged, chance))

    assert statuses.count(200) > len(statuses) // 4
    tried = await client.post("/edi/validate", content=damaged, headers={"Content-Type": "text/plain"})
    assert tried.status_code in {200, 422}


async def test_every_sample_is_answered_as_it_is_and_in_any_charset(client: httpx.AsyncClient, pool: Pool) -> None:
    theirs = [
        {"syntax": "X12", "qualifier": "ZZ", "identifier": "PARTNER"},
        {"syntax": "EDIFACT", "qualifier": "14", "identifier": "1234567890128"},
    ]
    sender, chance = await a_sender(client, pool, identifiers=theirs, takes_tests=True), random.Random(7)

    for data in CORPUS:
        await check(sender, data, chance)
        for charset in ("utf-16", "utf-8-sig", "cp037"):
            await check(sender, data.decode("latin-1").encode(charset), chance)


HOSTILE = {
    "ten MiB of one segment": lambda me: x12(me, an_850("PO-1"))[:200] + b"A" * (10 * 2**20 - 400),
    "a million empty segments": lambda me: x12(me, an_850("PO-1"))[:106] + b"~" * 1_000_000,
    "a thousand interchanges": lambda me: b"".join(x12(me, an_860("PO-1"), control=n, group="PC") for n in range(1, 1101)),
    "two thousand sets": lambda me: x12(me, *[an_860("PO-1")] * 2000, group="PC"),
    "nul everywhere": lambda me: x12(me, ["850", "BEG*00*SA*PO\0-1**20260115", "N1*ST*\0*92*\0", "PO1*\0*1*EA***VN*\0"]),
    "nul in a number": lambda me: x12(me, an_850("PO\0-1", [("SKU\0", 1)])),
    "nul in the numbers": lambda me: x12(me, an_850("PO-1")).replace(b"000000001", b"00000\0001"),
    "a number of ten thousand digits": lambda me: x12(me, an_850("PO-1", [("SKU-1", 10**3000)])),
    "an answer to nothing of ours": lambda me: x12(me, ["997", "AK1*PR*999999999999999999", "AK9*A*1*1*1"], group="FA"),
    "an answer with nul": lambda me: edifact(me, ["CONTRL:D:3:UN", "UCI+\0+A:14+B:14+4"]),
    "the year nought": lambda me: x12(me, ["850", "BEG*00*SA*PO-1**00000000", "DTM*002*99999999", "PO1*1*1*EA***VN*A"]),
}


@pytest.mark.timeout(110)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_bodies_are_answered(client: httpx.AsyncClient, pool: Pool, body: object) -> None:
    sender = await a_sender(client, pool)
    assert callable(body)

    await check(sender, body(sender.me), random.Random(1))
