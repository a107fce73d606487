"""What every answer says to browsers, what is refused by its head alone, and what is never told."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from fastapi import Request
from shared.edge.admission import Admission
from shared.edge.documents import HUGE, LARGE, MOST_FIELDS
from shared.edge.rates import Rates
from shared.edge.room import give_back_all
from shared.edge.settings import EdgeSettings
from shared.faults import MOST_FAULTS
from starlette.types import Message, Receive, Scope, Send

from tests.shared.plumbing import World, until
from tests.shared.shop import Shop, opened

SECURE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
CANARY = "canary-7391"
UNIQUE = 7391


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/things", 200), ("GET", "/nothing", 404), ("DELETE", "/things", 405), ("GET", "/docs", 404)]
)
async def test_every_answer_tells_browsers_to_do_nothing(common_world: World, method: str, path: str, status: int) -> None:
    async with opened(common_world) as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SECURE} == SECURE
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert status == 200 or answer.headers["content-type"] == "application/problem+json"


async def test_a_refused_body_waits_for_no_garbage_collector(common_world: World) -> None:
    """Its name is refused by a rule of ours, which says so by raising."""

    async def is_forgotten() -> bool:
        return not any(type(kept) is list and len(kept) == UNIQUE for kept in gc.get_objects())

    gc.disable()
    try:
        async with opened(common_world) as client:
            body = json.dumps({"name": "a" * 41, "notes": ["a"] * UNIQUE})
            answer = await client.post("/things", content=body, headers={"Content-Type": "application/json"})
            await until(is_forgotten)
    finally:
        gc.enable()

    assert answer.status_code == 422


@pytest.mark.parametrize("size", [LARGE, HUGE])
async def test_while_a_large_body_is_worked_on_the_garbage_collector_rests(common_world: World, size: int) -> None:
    shop = Shop()

    async def is_worked_on() -> bool:
        return bool(shop.making)

    async with opened(common_world, shop) as client:
        shop.gate.clear()
        running = asyncio.create_task(client.post("/things", json={"name": "A", "notes": ["a" * 40] * (size // 40)}))
        await until(is_worked_on)
        rests = not gc.isenabled()
        shop.gate.set()
        answer = await running

    assert (rests, answer.status_code, gc.isenabled()) == (True, 201, True)


async def test_it_is_back_when_the_answer_begins(common_world: World) -> None:
    """Who takes it slowly keeps nobody's garbage."""
    seen: dict[str, bool] = {}
    async with opened(common_world) as client:
        app = client._transport.app  # type: ignore[attr-defined]  # that of ASGI

        async def looked_at(scope: Scope, receive: Receive, send: Send) -> None:
            async def look(message: Message) -> None:
                seen[message["type"]] = gc.isenabled()
                await send(message)

            await app(scope, receive, look)

        client._transport.app = looked_at  # type: ignore[attr-defined]
        await client.post("/things", json={"name": "A", "notes": ["a" * 40] * 7000})

    assert seen == {"http.response.start": True, "http.response.body": True}


async def test_the_garbage_collector_comes_to_its_turn_between_large_bodies() -> None:
    """What rests for one does not go on resting for the next, but for a huge one it rests until that is answered."""
    admission = Admission(EdgeSettings(), Rates(EdgeSettings()))
    first, second, third, huge = (Request({"type": "http", "state": {}}) for _ in range(4))

    admission.rest_for_large(first)
    admission.rest_for_large(second)
    await _leaves(first)
    after_the_first = gc.isenabled()
    admission.rest_for_large(third)
    await admission.turn_of_huge(huge)
    await _leaves(third)
    beside_the_huge = gc.isenabled()
    await _leaves(huge)
    await _leaves(second)

    assert (after_the_first, beside_the_huge, gc.isenabled()) == (True, False, True)


async def _leaves(request: Request) -> None:
    give_back_all(request.scope)
    await asyncio.sleep(0)


async def test_tls_is_insisted_on_where_it_is_said(common_world: World) -> None:
    async with opened(common_world, hsts=timedelta(days=1)) as client:
        answer = await client.get("/things")

    assert answer.headers["strict-transport-security"] == "max-age=86400"


async def test_the_documentation_is_shown_where_it_is_wanted(common_world: World) -> None:
    async with opened(common_world, docs=True) as client:
        page, description = await client.get("/docs"), await client.get("/openapi.json")

    assert (page.status_code, description.status_code) == (200, 200)
    assert "script-src" in page.headers["content-security-policy"]
    assert "script-src" not in description.headers["content-security-policy"]


@pytest.mark.parametrize(("origin", "allowed"), [("https://shop.example", True), ("https://evil.example", False), ("null", False)])
async def test_pages_of_named_origins_may_call(common_world: World, origin: str, allowed: bool) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with opened(common_world, cors_origins="https://shop.example,https://desk.example:8443") as client:
        before, call = await client.options("/things", headers=asks), await client.get("/things", headers={"Origin": origin})

    assert (before.status_code == 200) == allowed
    assert call.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert "access-control-allow-credentials" not in call.headers


async def test_without_origins_no_page_may_call(common_world: World) -> None:
    async with opened(common_world) as client:
        before = await client.options("/things", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})

    assert before.status_code == 405


@pytest.mark.parametrize(("host", "status"), [("things.example", 200), ("THINGS.example:443", 200), ("evil.example", 421), ("", 421)])
async def test_only_the_names_that_are_set_are_answered_to(common_world: World, host: str, status: int) -> None:
    async with opened(common_world, hosts="things.example") as client:
        answer = await client.get("/things", headers={"Host": host})

    assert answer.status_code == status
    assert "evil" not in answer.text


def bodies() -> dict[str, tuple[bytes, int]]:
    many = [{f"field{number}": 1 for number in range(90)} for _ in range(200)]
    return {
        "deep": (b"[" * LARGE * 2, 400),
        "deep objects": (b'{"a":' * LARGE, 400),
        "many elements": (b'{"notes":[' + b"1," * 110_000 + b"1]}", 413),
        "many lists": (b"[" + b"[]," * 110_000 + b"[]]", 413),
        "a wide object": (json.dumps({"x" * 200 + str(number): 1 for number in range(MOST_FIELDS + 1)}).encode(), 413),
        "many faults": (json.dumps({"name": "a", "notes": ["/"] * 9000}).encode(), 422),
        "many faults in items": (json.dumps({"things": many}).encode(), 200),
        "a large number": (b'{"name": ' + b"9" * LARGE * 2 + b"}", 400),
        "a name twice": (b'{"name": "a", "name": "b"}', 201),
        "over the largest float": (b'{"name": 1e999999}', 422),
    }


@pytest.mark.parametrize("what", bodies())
async def test_no_body_takes_long_or_is_answered_at_length(common_world: World, what: str) -> None:
    body, status = bodies()[what]
    async with opened(common_world) as client:
        path = "/things/batch" if "items" in what else "/things"
        answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
        next_one = await client.post("/things", json={"name": "a", "notes": ["b"] * 5000})

    assert answer.status_code == status
    assert len(answer.content) < 200 * MOST_FAULTS + 100_000
    assert next_one.status_code == 201


@pytest.mark.parametrize("length", [10, LARGE * 2])
async def test_what_was_sent_is_not_echoed(common_world: World, length: int) -> None:
    secret = CANARY + "x" * length
    bad = [{"name": secret + "/"}, {"name": ["a", secret]}, {"name": "a", "notes": secret}, [secret], secret, {"name": {"a": secret}}]
    async with opened(common_world) as client:
        answers = [await client.post("/things", json=body) for body in bad]
        answers += [await client.get("/things", params={"name": "a", "limit": secret}), await client.get(f"/{secret[:300]}")]
        answers += [await client.post("/things", json={"name": "a"}, headers={"Idempotency-Key": f"{secret} blank"})]

    assert all(400 <= answer.status_code < 500 for answer in answers)
    assert not [answer.text for answer in answers if CANARY in answer.text + str(answer.headers)]


async def test_a_long_name_of_a_field_is_cut(common_world: World) -> None:
    async with opened(common_world) as client:
        answer = await client.post("/things", json={"name": "a", "f" * 10_000: 1})

    assert answer.status_code == 422
    assert len(answer.content) < 1000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP", "x"])
async def test_nothing_compressed_is_taken(common_world: World, encoding: str) -> None:
    async with opened(common_world) as client:
        answer = await client.post("/things", content=b"{}", headers={"Content-Encoding": encoding})
        plain = await client.post("/things", json={"name": "A"}, headers={"Content-Encoding": "identity"})

    assert (answer.status_code, plain.status_code) == (415, 201)


@pytest.mark.parametrize("length", ["99999999999999999999999999", "1048577", "-1", "1e3"])
async def test_what_is_announced_as_too_much_is_not_read(common_world: World, length: str) -> None:
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("the body was asked for")
        yield b""

    async with opened(common_world) as client:
        answer = await client.post("/things", content=never(), headers={"Content-Length": length})

    assert answer.status_code == 413
