from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from kpi.event_handlers import record_facts
from shared.database import Pool, transaction
from shared.events import Event

from tests.kpi.builders import AnOrder

Tell = Callable[..., Awaitable[None]]
YEAR: dict[str, str | int] = {"from": "2024-01-01", "to": "2025-01-01"}


@pytest.fixture
def tell(pool: Pool) -> Tell:
    """Lets kpi hear of orders, or of single events, and remember them."""

    async def telling(*stories: AnOrder | list[Event]) -> None:
        async with transaction(pool) as tx:
            await record_facts(tx, [event for story in stories for event in (story.events if isinstance(story, AnOrder) else story)])

    return telling


@dataclass
class Figures:
    """Asks the API; every number is checked against its evidence on the way."""

    client: httpx.AsyncClient

    async def get(self, path: str, **query: str | int) -> Any:
        answer = await self.client.get(path, params=YEAR | query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def measure(self, name: str, customer_id: str, **query: str | int) -> dict[str, Any]:
        """The one row of a KPI without groups."""
        [row] = (await self.get(f"/kpis/{name}", customer_id=customer_id, **query))["rows"]
        items = (await self.get(f"/kpis/{name}/evidence", customer_id=customer_id, limit=200, **query))["items"]
        assert sum(item["numerator"] for item in items) == row["numerator"]
        assert sum(item["denominator"] for item in items) == row["denominator"]
        assert all(item["in_numerator"] == (item["numerator"] > 0) for item in items)
        return dict(row)

    async def share(self, name: str, customer_id: str, **query: str | int) -> tuple[int, int]:
        row = await self.measure(name, customer_id, **query)
        return row["numerator"], row["denominator"]


@pytest.fixture
def figures(client: httpx.AsyncClient) -> Figures:
    return Figures(client)
