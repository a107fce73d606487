"""What a service said it had changed, and its audit does not know, is found."""

import asyncio

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from tests.crash.changes import Caller, Changes

ANSWERS = {
    "/done": "201 Created\r\n",
    "/lost": "200 OK\r\n",
    "/again": "201 Created\r\nIdempotent-Replayed: true\r\n",
    "/refused": "409 Conflict\r\n",
    "/broken": "500 Internal Server Error\r\n",
    "/later": "503 Service Unavailable\r\nRetry-After: 1\r\n",
    "/never": "503 Service Unavailable\r\n",
}


@pytest.fixture
async def audit(postgres: Postgres) -> str:
    postgres.create_database("changes")
    session = await asyncpg.connect(url := postgres.url("changes"))
    await session.execute("CREATE TABLE audit (correlation_id uuid)")
    await session.close()
    return url


async def write(audit: str, ids: list[str]) -> None:
    session = await asyncpg.connect(audit)
    await session.executemany("INSERT INTO audit VALUES ($1)", [(each,) for each in ids])
    await session.close()


async def test_a_change_that_was_acknowledged_and_is_not_there_is_found(audit: str) -> None:
    asked: dict[str, str] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split()[1]
        asked[path] = next((line.partition(": ")[2] for line in head if line.startswith("X-Correlation-ID")), "")
        writer.write(f"HTTP/1.1 {ANSWERS[path]}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    changes = Changes()
    caller = Caller(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "key", "dispatch", changes, attempt=5)
    for path in ANSWERS:
        await caller._attempt(caller._request("POST", path, None, None))
    await caller._attempt(caller._request("GET", "/done", None, None))
    server.close()
    written = [said for said in map(str, changes.said["dispatch"]) if said != asked["/lost"]]
    await write(audit, written)

    [found] = await changes.missing(lambda package: audit)

    assert [said.partition(" HTTP")[0] for said in changes.faults] == ["dispatch: POST /broken", "dispatch: POST /never"]
    assert (found.broken, asked["/lost"] in found.first, len(written)) == (1, True, 1)
