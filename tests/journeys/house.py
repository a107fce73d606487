"""The five services of a running system, called by one person with the operator key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import asyncpg
import httpx
from shared.walls import Role

from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import target_of

WITHIN = 60.0
Json = dict[str, Any]  # any JSON


@dataclass
class House:
    """The five services, called with the operator key."""

    system: LocalSystem
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def get(self, service: str, path: str, **query: str) -> Json:
        answer = await self.clients[service].get(path, params=query)
        assert answer.is_success, answer.text
        read: Json = answer.json()
        return read

    async def send(self, service: str, method: str, path: str, body: object, once: str = "") -> Json:
        answer = await self.clients[service].request(method, path, json=body, headers={"Idempotency-Key": once} if once else {})
        assert answer.is_success, answer.text
        read: Json = answer.json()
        assert all(result["status"] < 300 for result in read.get("results", [])), read
        return read

    async def database(self, package: str, sql: str) -> str | None:
        connection = await asyncpg.connect(target_of(self.system).database(package, Role.OWNER))
        try:
            said: str | None = await connection.fetchval(sql)
            return said
        finally:
            await connection.close()


@asynccontextmanager
async def house_of(system: LocalSystem) -> AsyncIterator[House]:
    house, headers = House(system), {"Authorization": f"Bearer {system.operator_key}"}
    for service in system.services:
        house.clients[service.name] = httpx.AsyncClient(base_url=system.url(service.name), headers=headers, timeout=30)
    try:
        yield house
    finally:
        for client in house.clients.values():
            await client.aclose()


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    deadline = monotonic() + WITHIN
    while not await is_so():
        assert monotonic() < deadline, f"{is_so.__name__} did not come true"
        await asyncio.sleep(0.2)
