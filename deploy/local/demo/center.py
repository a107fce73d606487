"""The five services as the demo calls them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter

from deploy.local.demo.answers import BATCH, Page, Result
from deploy.local.demo.client import Client, Json, Refused
from deploy.local.demo.target import Target

T = TypeVar("T")
PAGE = 200
BATCH_ITEMS = 500


class Center:
    """`async with Center(target) as center:` - one client a service."""

    def __init__(self, target: Target) -> None:
        self.intake, self.inventory, self.dispatch, self.crm, self.kpi = (
            Client(target.url(name), target.key) for name in ("order-intake", "inventory", "dispatch", "crm", "kpi")
        )

    @property
    def clients(self) -> tuple[Client, ...]:
        return self.intake, self.inventory, self.dispatch, self.crm, self.kpi

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(client.close() for client in self.clients))


async def all_of(client: Client, path: str, shape: TypeAdapter[Page[T]], filters: Mapping[str, str]) -> AsyncIterator[T]:
    """The whole collection, page after page."""
    after: dict[str, str] = {}
    while True:
        page = (await client.get(f"{path}?{urlencode({**filters, 'limit': str(PAGE), **after})}")).read(shape)
        for item in page.items:
            yield item
        if page.next is None:
            return
        after = {"after": page.next}


async def batches(client: Client, path: str, field: str, items: Sequence[Json], expected: frozenset[int] = frozenset()) -> list[Result]:
    """The results of all items in their order, in as many calls as needed; raises Refused for a status that is neither 2xx nor expected."""
    results: list[Result] = []
    for start in range(0, len(items), BATCH_ITEMS):
        answer = await client.post(path, {field: items[start : start + BATCH_ITEMS]})
        some = answer.read(BATCH).results
        if any(result.status >= 300 and result.status not in expected for result in some):
            raise Refused(f"POST {path}", answer)
        results += some
    return results


def part(text: str) -> str:
    """Business keys in a path: they may hold blanks and anything printable but a slash."""
    return quote(text, safe="")
