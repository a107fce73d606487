"""What one customer does is done again with another one's key, and nothing of the first may show."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

ALONE = httpx.Limits(max_keepalive_connections=0)
"""A connection for each call: who waits long between two finds the one before closed."""


@dataclass(frozen=True)
class Call:
    """One that the first customer made. `names` it where body or query name the customer, else its ids stand in the path."""

    service: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    names: bool = False

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


@dataclass
class Customer:
    """Calls all services with one key, and remembers calls and answers. `said` are strings that the customer has put in."""

    customer_id: str
    clients: Mapping[str, httpx.AsyncClient]
    said: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    async def __call__(self, service: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        names = self.customer_id in str(body) or f"customer_id={self.customer_id}" in path
        call = Call(service, method, path, body, headers, names)
        answer = await self.send(call)
        assert answer.is_success, f"{call}: {answer.status_code} {answer.text}"
        self.calls.append(call)
        self.heard.append(answer.text)
        return answer.json() if answer.content else None

    async def send(self, call: Call) -> httpx.Response:
        return await self.clients[call.service].request(call.method, call.path, json=call.body, headers=call.headers)

    async def all(self, service: str, path: str) -> list[Any]:
        """Every thing of a collection, page after page."""
        items, after, mark = [], "", "&" if "?" in path else "?"
        while True:
            page = await self(service, "GET", f"{path}{mark}limit=100{after}")
            items += page["items"]
            if page["next"] is None:
                return items
            after = f"&after={page['next']}"

    @property
    def canaries(self) -> set[str]:
        """Everything that is the customer's alone: what it has put in, and every id that it was answered."""
        return {self.customer_id, *self.said, *(found for text in self.heard for found in UUID.findall(text))}


async def leaks(first: Customer, second: Customer) -> list[str]:
    """A sentence for each call of the first one that the second one's key is answered wrongly."""
    canaries = first.canaries - second.canaries
    found: list[str] = []
    for call in first.calls:
        answer = await second.send(call)
        shown = answer.content + repr(sorted(answer.headers.items())).encode()
        seen = sorted(canary for canary in canaries - _in(call, canaries) if canary.encode() in shown)
        if seen:
            found.append(f"{call} shows {seen[:3]}")
        if answer.status_code not in _right(call, canaries):
            found.append(f"{call} is answered {answer.status_code}")
    return found


def _in(call: Call, canaries: set[str]) -> set[str]:
    """What the second one has sent itself may stand in the answer."""
    return {canary for canary in canaries if canary in f"{call.path} {call.body}"}


def _right(call: Call, canaries: set[str]) -> set[int]:
    if any(canary in call.path.split("?")[0] for canary in canaries):
        return {404}
    return {403} if call.names else {200}


@asynccontextmanager
async def calling(urls: Mapping[str, str], key: str) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client a service, all with the same key."""
    headers = {"Authorization": f"Bearer {key}"}
    clients = {service: httpx.AsyncClient(base_url=url, headers=headers, timeout=30, limits=ALONE) for service, url in urls.items()}
    try:
        yield clients
    finally:
        for client in clients.values():
            await client.aclose()
