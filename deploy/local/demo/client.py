"""A small HTTP/1.1 client on kept connections that goes on until the answer is definite: processes may be killed meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
T = TypeVar("T")

ATTEMPT_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
IN_PROGRESS = b"idempotency-key-in-progress"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    is_replayed: bool = False
    """It is the answer that was given first, to the same `Idempotency-Key`."""
    says_when: bool = True
    """When to come again, where it cannot be served now (Retry-After)."""

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def read(self, shape: TypeAdapter[T]) -> T:
        return shape.validate_json(self.body)

    @property
    def detail(self) -> str:
        """What a problem says, with its faults."""
        said = from_json(self.body)
        faults = [f"{fault['pointer']} {fault['message']}" for fault in said.get("faults", [])]
        return "; ".join([str(said.get("detail", said)), *faults])


class Refused(Exception):
    """An answer that the demo did not count on."""

    def __init__(self, request: str, answer: Answer) -> None:
        super().__init__(f"{request} was answered {answer.status}: {answer.body[:2000].decode(errors='replace')}")
        self.answer = answer


class GaveUp(Exception):
    """No definite answer in time."""


class Client:
    """Calls one service with one key. `calls` counts answers by status, `again` the attempts that had to be repeated."""

    def __init__(self, url: str, key: str, connections: int = 12, *, attempt: float = ATTEMPT_SECONDS) -> None:
        address = urlsplit(url)
        self._attempt_seconds = attempt
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._head = f"Host: {self._host}:{self._port}\r\nAuthorization: Bearer {key}\r\n"
        self._free: list[_Connection] = []
        self._turns = asyncio.Semaphore(connections)
        self.calls: Counter[int] = Counter()
        self.again = 0

    async def get(self, path: str) -> Answer:
        return _expected(f"GET {path}", await self.ask("GET", path))

    async def put(self, path: str, body: Json) -> Answer:
        return _expected(f"PUT {path}", await self.ask("PUT", path, body))

    async def post(self, path: str, body: Json, once: str | None = None) -> Answer:
        """Raises Refused unless the answer is 2xx."""
        return _expected(f"POST {path}", await self.ask("POST", path, body, once))

    async def ask(self, method: str, path: str, body: Json = None, once: str | None = None) -> Answer:
        """The definite answer, whatever it is. `once` is the Idempotency-Key, needed where no business key makes a repetition harmless."""
        request = self._request(method, path, body, once)
        deadline, tried = time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            answer = await self._attempt(request)
            if answer and not _is_indefinite(answer):
                self.calls[answer.status] += 1
                return answer
            if time.monotonic() > deadline:
                raise GaveUp(f"{method} {path} had no definite answer in {PATIENCE_SECONDS:.0f} s; the last was {answer}.")
            self.again += 1
            await asyncio.sleep(PAUSES[min(tried, len(PAUSES) - 1)])
            tried += 1

    async def close(self) -> None:
        for connection in self._free:
            connection.close()
        self._free.clear()

    def _request(self, method: str, path: str, body: Json, once: str | None) -> bytes:
        content = b"" if body is None else to_json(body)
        key = f"Idempotency-Key: {once}\r\n" if once else ""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if method != "GET" else ""
        return f"{method} {path} HTTP/1.1\r\n{self._head}{key}{kind}\r\n".encode() + content

    async def _attempt(self, request: bytes) -> Answer | None:
        """None when the connection broke or nothing came: nobody knows whether it was done."""
        async with self._turns:
            connection = self._free.pop() if self._free else None
            try:
                async with asyncio.timeout(self._attempt_seconds):
                    connection = connection or await _Connection.open(self._host, self._port)
                    answer = await connection.exchange(request)
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                if connection:
                    connection.close()
                return None
            if connection.is_kept:
                self._free.append(connection)
            return answer


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.is_kept = True

    @classmethod
    async def open(cls, host: str, port: int) -> "_Connection":
        return cls(*await asyncio.open_connection(host, port, limit=1 << 20))

    async def exchange(self, request: bytes) -> Answer:
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        headers = dict(_header(line) for line in head[1:] if line)
        body = await self._reader.readexactly(int(headers.get(b"content-length", b"0")))
        if headers.get(b"connection") == b"close":
            self.is_kept = False
            self.close()
        return Answer(int(head[0].split(b" ", 2)[1]), body, headers.get(b"idempotent-replayed") == b"true", b"retry-after" in headers)

    def close(self) -> None:
        self._writer.close()


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip().lower()


def _is_indefinite(answer: Answer) -> bool:
    return answer.status == 503 or (answer.status == 409 and IN_PROGRESS in answer.body)


def _expected(request: str, answer: Answer) -> Answer:
    if not answer.is_ok:
        raise Refused(request, answer)
    return answer
