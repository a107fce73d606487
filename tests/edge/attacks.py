"""Each attack is a coroutine that goes on until it is told to stop, and tells the statuses that it was answered with.

`python -m tests.edge.attacks <name> <port> <seconds>` is one from a process of its own.
"""

import asyncio
import gzip
import json
import os
import sys
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress

from tests.edge.who import RIVAL_KEY
from tests.edge.wire import connected, heard, request, say

Attack = Callable[[int, asyncio.Event], Coroutine[None, None, set[int]]]
STAFF = f"Authorization: Bearer {os.environ.get('LSC_OPERATOR_KEY')}"
RIVAL = f"Authorization: Bearer {RIVAL_KEY}"
JSON = "Content-Type: application/json"
GIGABYTE = 1 << 30
PAUSE = 0.1
MOST_JSON = 1024 * 1024 - 64


async def endless_body(port: int, stop: asyncio.Event) -> set[int]:
    """1 GiB in chunks, by four callers at once, as fast as it is taken."""
    chunk = b"40000\r\n" + b" " * 0x40000 + b"\r\n"

    async def send() -> int:
        async with connected(port) as (reader, writer):
            answered = asyncio.create_task(heard(reader))
            writer.write(request("POST", "/orders", STAFF, JSON, "Transfer-Encoding: chunked"))
            sent = 0
            with suppress(ConnectionError):
                while sent < GIGABYTE and not answered.done():
                    writer.write(chunk)
                    await writer.drain()
                    sent += 0x40000
            return (await answered).status

    return await _again(stop, [send] * 4)


async def announced_body(port: int, stop: asyncio.Event) -> set[int]:
    return await _again(stop, [lambda: _status(port, request("POST", "/orders", STAFF, JSON, f"Content-Length: {GIGABYTE}"))])


async def bomb(port: int, stop: asyncio.Event) -> set[int]:
    """64 MiB of blanks, 64 kB when compressed, and once more compressed, 300 bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    once = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(1 << 6)) + packer.flush()
    raws = [request("POST", "/orders", STAFF, f"Content-Encoding: {name}", body=body) for name, body in _bombs(once)]
    return await _again(stop, [lambda raw=raw: _status(port, raw) for raw in raws])  # type: ignore[misc]  # mypy and defaults of lambdas


def _bombs(once: bytes) -> Iterator[tuple[str, bytes]]:
    yield "gzip", once[:MOST_JSON]
    yield "gzip, gzip", gzip.compress(once)
    yield "deflate", gzip.compress(once)


async def slow_heads(port: int, stop: asyncio.Event) -> set[int]:
    """200 connections, a byte now and then, each opened anew when it is closed."""
    return await _drip(port, stop, request("GET", "/orders", STAFF)[:-2], b"X: a\r\n", 200)


async def slow_bodies(port: int, stop: asyncio.Event) -> set[int]:
    """200 connections that have sent 40 MB together, and go on byte by byte."""
    head = request("POST", "/orders/batch", STAFF, JSON, f"Content-Length: {MOST_JSON}")
    return await _drip(port, stop, head + b" " * 200_000, b" ", 200)


async def slow_bodies_of_one(port: int, stop: asyncio.Event) -> set[int]:
    """The same by one customer."""
    return await _drip(port, stop, request("POST", "/orders", RIVAL, JSON, f"Content-Length: {MOST_JSON}") + b" " * 10_000, b" ", 200)


async def _drip(port: int, stop: asyncio.Event, begin: bytes, more: bytes, connections: int) -> set[int]:
    async def one() -> int:
        async with connected(port) as (reader, writer):
            answered = asyncio.create_task(heard(reader))
            writer.write(begin)
            while not answered.done() and not stop.is_set():
                writer.write(more)
                await asyncio.wait([answered], timeout=0.2)
            answered.cancel() if stop.is_set() else None
            return (await answered).status

    return await _again(stop, [one] * connections)


async def large_heads(port: int, stop: asyncio.Event) -> set[int]:
    raws = [
        request("GET", "/orders", STAFF, f"X: {'a' * 64 * 1024}"),
        request("GET", "/orders", STAFF, *[f"X-{number}: a" for number in range(6000)]),
        request("GET", f"/{'a' * 100_000}", STAFF),
    ]
    return await _again(stop, [lambda raw=raw: _status(port, raw) for raw in raws])  # type: ignore[misc]  # mypy and defaults of lambdas


async def many_query_keys(port: int, stop: asyncio.Event) -> set[int]:
    raws = [request("GET", "/orders?" + "&".join(f"k{number}" for number in range(keys)), STAFF) for keys in (100_000, 1300)]
    return await _again(stop, [lambda raw=raw: _status(port, raw) for raw in raws])  # type: ignore[misc]  # mypy and defaults of lambdas


async def strange_json(port: int, stop: asyncio.Event) -> set[int]:
    """As deep, as long, as wide as a body can be."""
    bodies = [
        b"[" * MOST_JSON,
        b'{"a":' * (MOST_JSON // 5),
        b"[" + b"1," * (MOST_JSON // 2 - 1) + b"1]",
        b'{"orders":[' + b"{}," * (MOST_JSON // 3 - 6) + b"{}]}",
        json.dumps({f"k{number}": 1 for number in range(70_000)}).encode(),
        json.dumps({"lines": [{f"k{number}": 1 for number in range(90)} for _ in range(900)]}).encode(),
        b'{"quantity":' + b"9" * (MOST_JSON - 20) + b"}",
        b'{"customer_id":"' + b"a" * (MOST_JSON - 20) + b'"}',
        b'{"customer_id":"a"' + b',"customer_id":"a"' * (MOST_JSON // 19) + b"}",
    ]
    paths = ("/orders", "/orders/batch")
    raws = [request("POST", path, STAFF, body=body) for body in bodies for path in paths]
    return await _again(stop, [lambda raw=raw: _status(port, raw) for raw in raws])  # type: ignore[misc]  # mypy and defaults of lambdas


async def early_leavers(port: int, stop: asyncio.Event) -> set[int]:
    """Gone in the middle of the body, or before the answer has come."""

    async def leave(raw: bytes) -> int:
        async with connected(port) as (_, writer):
            writer.write(raw)
            await writer.drain()
            writer.transport.abort()
        return 0

    half = request("POST", "/orders", STAFF, JSON, "Content-Length: 1000") + b" " * 500
    whole = request("GET", "/orders?limit=200", STAFF)
    return await _again(stop, [lambda raw=raw: leave(raw) for raw in (half, whole, whole[:30]) for _ in range(4)])  # type: ignore[misc]


async def long_rows(port: int, stop: asyncio.Event) -> set[int]:
    """Requests in a row, without ever reading an answer."""

    async def push() -> int:
        async with connected(port) as (_, writer):
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):
                    while not stop.is_set():
                        writer.write(request("GET", "/nothing", STAFF) * 500)
                        await writer.drain()
        return 0

    return await _again(stop, [push] * 10)


async def strangers(port: int, stop: asyncio.Event) -> set[int]:
    """Without a key, and with wrong ones."""
    raws = [request("POST", "/orders", JSON, body=b"{}"), request("GET", "/orders", "Authorization: Bearer operator.guess")]
    return await _again(stop, [lambda raw=raw: _status(port, raw) for raw in raws for _ in range(4)])  # type: ignore[misc]


async def refused_by_their_heads(port: int, stop: asyncio.Event) -> set[int]:
    """What costs next to nothing, all of it at once."""
    attacks = (announced_body, bomb, large_heads, many_query_keys, strangers)
    return set().union(*await asyncio.gather(*[attack(port, stop) for attack in attacks]))


async def _status(port: int, raw: bytes) -> int:
    return (await say(port, raw)).status


async def _again(stop: asyncio.Event, attempts: list[Callable[[], Awaitable[int]]]) -> set[int]:
    """All at once, each again soon after it has ended."""
    statuses: set[int] = set()

    async def repeat(attempt: Callable[[], Awaitable[int]]) -> None:
        while not stop.is_set():
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                statuses.add(await attempt())
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*[repeat(attempt) for attempt in attempts])
    return statuses - {0}


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        *(endless_body, slow_heads, slow_bodies, slow_bodies_of_one),
        *(refused_by_their_heads, strange_json, early_leavers, long_rows),
    )
}


async def main(name: str, port: int, seconds: float) -> set[int]:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await ATTACKS[name](port, stop)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sorted(asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))))
