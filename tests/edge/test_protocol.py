"""What arrives by the wire and is no request of ours: refused early, politely, and nothing stays behind."""

import asyncio
import time

import pytest

from tests.conftest import OPERATOR_KEY
from tests.edge.conftest import SLOW_AFTER, Api
from tests.edge.wire import PATIENCE, closed, connected, heard, request, say

KEY = f"Authorization: Bearer {OPERATOR_KEY}"
ORDERS = request("GET", "/orders", KEY)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"a" * 64 * 1024 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"a" * 1024 * 1024, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: a\r\n" % number for number in range(5000)) + b"\r\n", 431),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /orders?" + b"&".join(b"k%d=1" % number for number in range(100_000)) + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /orders HTTP/1.1\r\n\r\n", 400),
        (b"GET /orders HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /orders HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"TRACE /orders HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"OPTIONS /orders HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /orders/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 404),
        (b"GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET /orders/..%2f..%2fetc HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"GET http://evil.example/orders HTTP/1.1\r\nHost: a\r\n\r\n", 401),
        (b"GET /orders?customer_id=%ff&x=%ff HTTP/1.1\r\nHost: a\r\n" + KEY.encode() + b"\r\n\r\n", 422),
        (b"GET /orders HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + KEY.encode() + b"\r\n\r\n", 200),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 415),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Encoding: br, gzip\r\nContent-Length: 3\r\n\r\nabc", 415),
        (b"POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 415),
    ],
)
async def test_what_is_no_good_is_refused_as_a_problem(api: Api, raw: bytes, status: int) -> None:
    answer = await say(api.port, raw)

    assert answer.status == status, answer
    assert answer.fields["x-content-type-options"] == "nosniff"
    assert answer.fields["cache-control"] == "no-store"
    assert status == 200 or answer.problem["status"] == status
    assert "evil" not in str(answer.fields)


async def test_a_head_that_does_not_come_is_not_waited_for(api: Api) -> None:
    """What was begun is answered, and all are closed, in their own time."""

    async def waited(sent: bytes) -> tuple[bytes, float]:
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE), connected(api.port) as (reader, writer):
            writer.write(sent)
            said = await reader.read(65536)
            await closed(reader)
        return said, time.monotonic() - began

    silent, *begun = await asyncio.gather(*map(waited, (b"", b"GET", b"GET / HTTP/1.1\r\nHost: a\r\nX: a", b"\r\n\r\n")))

    assert all(seconds > SLOW_AFTER for _, seconds in (silent, *begun))
    assert silent[0] == b""
    assert all(said.startswith(b"HTTP/1.1 408 ") for said, _ in begun)


async def test_one_byte_now_and_then_is_too_slow(api: Api) -> None:
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE), connected(api.port) as (reader, writer):
        writer.write(request("POST", "/orders", KEY, "Content-Length: 1000"))
        answered = asyncio.create_task(heard(reader))
        while not answered.done():
            writer.write(b" ")
            await asyncio.wait([answered], timeout=0.1)

    assert answered.result().status == 408
    assert time.monotonic() - began > SLOW_AFTER


async def test_a_steady_body_is_waited_for(api: Api) -> None:
    """Three times as long as a head may take, at twice the pace that is asked for."""
    async with connected(api.port) as (reader, writer):
        writer.write(request("POST", "/orders", KEY, "Content-Length: 73728", "Content-Type: application/json"))
        for _ in range(9):
            writer.write(b" " * 8192)
            await asyncio.sleep(SLOW_AFTER / 3)
        answer = await heard(reader)

    assert answer.status == 400


async def test_the_caller_of_an_endless_body_hears_why_it_is_refused(api: Api) -> None:
    async with connected(api.port) as (reader, writer):
        writer.write(request("POST", "/orders", KEY, "Transfer-Encoding: chunked", "Content-Type: application/json"))
        answered = asyncio.create_task(heard(reader))
        sent = 0
        while not answered.done() and sent < 64 * 1024 * 1024:
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await asyncio.wait_for(writer.drain(), PATIENCE)
            sent += 65536
        assert await closed(reader)

    assert answered.result().status == 413
    assert sent < 16 * 1024 * 1024


@pytest.mark.parametrize("ending", [b"1;" + b"a" * 1024 + b"\r\na\r\n", b"0\r\n" + b"X: a\r\n" * 200])
async def test_what_surrounds_a_body_is_bounded_too(api: Api, ending: bytes) -> None:
    """Chunks with long extensions; trailers without an end."""
    async with connected(api.port) as (reader, writer):
        writer.write(request("POST", "/orders", KEY, "Transfer-Encoding: chunked", "Content-Type: application/json"))
        answered = asyncio.create_task(heard(reader))
        sent = 0
        while not answered.done() and sent < 64 * 1024 * 1024:
            writer.write(ending)
            await asyncio.wait_for(writer.drain(), PATIENCE)
            sent += len(ending)
            ending = ending.removeprefix(b"0\r\n")

    assert answered.result().status == 431


async def test_what_was_asked_in_a_row_is_answered_in_order(api: Api) -> None:
    async with connected(api.port) as (reader, writer):
        writer.write(ORDERS + request("GET", "/nothing") + ORDERS)
        answers = [await heard(reader) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 404, 200]


async def test_a_long_row_is_cut(api: Api) -> None:
    async with connected(api.port) as (reader, writer):
        writer.write(ORDERS * 2000)
        answers = [await heard(reader) for _ in range(17)]
        rest = await reader.read(1)

    assert {answer.status for answer in answers} == {200}
    assert rest == b""


async def test_a_bad_request_behind_a_good_one_does_not_speak_for_it(api: Api) -> None:
    async with connected(api.port) as (reader, writer):
        writer.write(ORDERS + b"garbage\r\n\r\n")
        answer = await heard(reader)
        rest = await reader.read(1)

    assert (answer.status, rest) == (200, b"")
