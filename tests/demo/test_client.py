"""The client against a server that answers as it is told: connections break and answers fail as when processes are killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy.local.demo.client import Client, GaveUp, Refused

FINE = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}"
RUNNING = b'HTTP/1.1 409 Conflict\r\ncontent-length: 48\r\n\r\n{"type": "/problems/idempotency-key-in-progress"}'
REFUSED = b"HTTP/1.1 422 Unprocessable\r\ncontent-length: 2\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}"
BROKEN = b""


@asynccontextmanager
async def a_server(*answers: bytes) -> AsyncIterator[tuple[Client, list[bytes]]]:
    """Gives these answers, one a request; an empty one breaks the connection. Notes the requests."""
    asked: list[bytes] = []
    left = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await _request(reader):
            asked.append(request)
            answer = next(left, BROKEN)
            writer.write(answer)
            if not answer:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "operator.secret")
    yield client, asked
    await client.close()
    server.close()
    await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)


@pytest.mark.parametrize("failure", [BROKEN, BUSY, RUNNING])
async def test_what_may_not_have_been_done_is_asked_again_with_the_same_key(failure: bytes) -> None:
    async with a_server(failure, failure, FINE) as (client, asked):
        answer = await client.ask("POST", "/orders", {"customer_id": "ACME"}, once="key-1")

    assert (answer.status, client.again, client.calls) == (201, 2, {201: 1})
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]
    assert b"Idempotency-Key: key-1\r\n" in asked[0]
    assert asked[0].endswith(b'{"customer_id":"ACME"}')


async def test_a_refusal_is_definite() -> None:
    async with a_server(REFUSED, REFUSED) as (client, asked):
        with pytest.raises(Refused, match=r"POST /orders was answered 422"):
            await client.post("/orders", {})

    assert len(asked) == 1


async def test_a_server_that_says_goodbye_is_connected_to_anew() -> None:
    async with a_server(LAST, FINE) as (client, asked):
        statuses = [(await client.get("/orders")).status, (await client.get("/orders")).status]

    assert (statuses, len(asked), client.again) == ([200, 201], 2, 0)


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.demo.client.PATIENCE_SECONDS", 0.1)
    async with a_server() as (client, _):
        with pytest.raises(GaveUp, match="no definite answer"):
            await client.get("/orders")


async def test_many_callers_share_few_connections() -> None:
    async with a_server(*[FINE] * 100) as (client, asked):
        answers = await asyncio.gather(*(client.get(f"/orders/{number}") for number in range(100)))

    assert [answer.status for answer in answers] == [201] * 100
    assert len(asked) == 100
