"""Real orders through the five services as a company runs them: ten processes, a database server, a bus."""

import asyncio
import time
from uuid import uuid4

import httpx
import pytest

from deploy.local.demo.choices import Choices
from deploy.local.demo.performance import perform
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import Plays, target_of
from tests.journeys.endings import all_is_as_promised, errors_logged, ignore

pytestmark = pytest.mark.timeout(200)


async def test_every_order_comes_to_its_end(on_postgres: LocalSystem, plays: Plays) -> None:
    result = await perform(target_of(on_postgres), plays.first, Choices(), ignore)

    all_is_as_promised(result)
    assert errors_logged(on_postgres) == []


async def test_a_second_play_finds_what_the_first_left(on_postgres: LocalSystem, plays: Plays) -> None:
    await perform(target_of(on_postgres), plays.small, Choices(), ignore)

    again = await perform(target_of(on_postgres), plays.small, Choices(), ignore)

    assert again.faults == []
    assert again.journal.happened["order found from an earlier play"] == len(plays.small.sales)


SEEN_WITH = {
    "order-intake": ("orders:read", "/orders"),
    "inventory": ("stock:read", "/stock"),
    "dispatch": ("shipments:read", "/shipments"),
    "crm": ("cases:read", "/cases"),
    "kpi": ("kpi:read", "/kpis"),
}
"""Something that a customer's key opens in each service."""
DEAD_WITHIN = 5.0


async def test_a_customers_key_opens_all_five_services_and_is_dead_in_all_within_five_seconds(on_postgres: LocalSystem) -> None:
    customer = f"{on_postgres.url('crm')}/customers/KEYS-{uuid4().hex[:8]}"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {on_postgres.operator_key}"}) as operator:
        (await operator.put(customer, json={"name": "Owner of a key"})).raise_for_status()
        issued = (await operator.post(f"{customer}/keys", json={"scopes": [scope for scope, _ in SEEN_WITH.values()]})).json()
        await asyncio.gather(*[answers(on_postgres, service, issued["key"], 200, within=30) for service in SEEN_WITH])

        (await operator.delete(f"{customer}/keys/{issued['key_id']}")).raise_for_status()
        await asyncio.gather(*[answers(on_postgres, service, issued["key"], 401, within=DEAD_WITHIN) for service in SEEN_WITH])


async def answers(system: LocalSystem, service: str, key: str, status: int, *, within: float) -> None:
    """The service answers the key so, before the time is over."""
    deadline = time.monotonic() + within
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as caller:
        while (await caller.get(system.url(service) + SEEN_WITH[service][1])).status_code != status:
            assert time.monotonic() < deadline, f"{service} does not answer {status}"
            await asyncio.sleep(0.25)
