"""A load generator that costs little: raw HTTP/1.1 on kept connections, the requests made beforehand."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

from pydantic_core import to_json

LINES = 3


@dataclass
class Run:
    """What a run saw: seconds from the first request to the last answer, each request's seconds, answers that were not 201."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bad: list[bytes] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 2)


def order(customer: str, reference: str, skus: Iterable[str]) -> dict[str, object]:
    address = {"name": "Consignee", "street": "Street 1", "city": "City", "postal_code": "12345", "country": "GB"}
    lines = [{"sku": sku, "quantity": 1 + n} for n, sku in enumerate(skus)]
    return {"customer_id": customer, "customer_reference": reference, "ship_to": address, "lines": lines}


def requests(key: str, customer: str, prefix: str, count: int, skus: int) -> Iterator[bytes]:
    """POST /orders of three lines each, with an Idempotency-Key."""
    for n in range(count):
        body = to_json(order(customer, f"{prefix}-{n}", [f"SKU-{(n * LINES + k) % skus}" for k in range(LINES)]))
        yield (
            f"POST /orders HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: {prefix}-{n}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


async def closed(port: int, made: list[bytes], connections: int) -> Run:
    """Every connection sends its next request when its last one was answered."""
    run, todo, began = Run(), iter(made), perf_counter()

    async def work() -> None:
        link = await asyncio.open_connection("127.0.0.1", port)
        for request in todo:
            await _exchange(link, request, run, perf_counter())
        link[1].close()

    await asyncio.gather(*[work() for _ in range(connections)])
    run.seconds = perf_counter() - began
    return run


async def open_loop(port: int, made: list[bytes], rate: float, connections: int) -> Run:
    """Requests leave at a fixed rate whatever the answers do; latency counts from the intended time."""
    run, queue, began = Run(), asyncio.Queue[tuple[bytes, float] | None](), perf_counter()

    async def work() -> None:
        link = await asyncio.open_connection("127.0.0.1", port)
        while (due := await queue.get()) is not None:
            await _exchange(link, *due[:1], run, due[1])
        link[1].close()

    workers = [asyncio.create_task(work()) for _ in range(connections)]
    for n, request in enumerate(made):
        at = began + n / rate
        if (wait := at - perf_counter()) > 0:
            await asyncio.sleep(wait)
        queue.put_nowait((request, at))
    for _ in workers:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    run.seconds = perf_counter() - began
    return run


async def _exchange(link: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes, run: Run, since: float) -> None:
    reader, writer = link
    writer.write(request)
    head, body = await _answer(reader)
    run.latencies.append(perf_counter() - since)
    if not head.startswith(b"HTTP/1.1 201"):
        run.bad.append(head[:40] + body[:300])


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.lower().index(b"content-length:") + 15
    return head, await reader.readexactly(int(head[at : head.index(b"\r", at)]))


async def ask(port: int, request: bytes) -> tuple[float, bytes, bytes]:
    """One request alone: seconds until its answer was there, the answer's head and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = perf_counter()
    writer.write(request)
    head, body = await _answer(reader)
    seconds = perf_counter() - began
    writer.close()
    return seconds, head, body
