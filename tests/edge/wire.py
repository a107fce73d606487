"""HTTP by hand: clients are too polite for what is sent here."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PATIENCE = 15


@dataclass(frozen=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def problem(self) -> Any:  # any JSON
        assert self.fields["content-type"] == "application/problem+json", self
        return json.loads(self.body)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def request(method: str, path: str, *fields: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: door", *fields]
    if body:
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def ask(port: int, method: str, path: str, *fields: str, body: bytes = b"") -> Answer:
    return await say(port, request(method, path, *fields, body=body))


async def say(port: int, raw: bytes) -> Answer:
    """Send these bytes on a connection of their own."""
    async with connected(port) as (reader, writer):
        with suppress(ConnectionError):
            writer.write(raw)
            await writer.drain()
        return await heard(reader)


async def heard(reader: asyncio.StreamReader) -> Answer:
    """The next answer; raises IncompleteReadError or ConnectionResetError where the other side only closed."""
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
    return Answer(int(first.split()[1]), fields, body)


async def closed(reader: asyncio.StreamReader) -> bool:
    """The other side has closed, after whatever it still said."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass
    return True
