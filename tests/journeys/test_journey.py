"""Real orders through the five services as a company runs them: ten processes, a database server, a bus."""

import asyncio
import time
from uuid import uuid4

import httpx
import pytest

from deploy.local.demo.board import MOVING
from deploy.local.demo.choices import Choices
from deploy.local.demo.outcome import Outcome
from deploy.local.demo.performance import perform
from deploy.local.services import ROLES
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import Plays, target_of

pytestmark = pytest.mark.timeout(100)


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


@pytest.mark.kafka
async def test_every_order_comes_to_its_end_on_kafka(on_kafka: LocalSystem, plays: Plays) -> None:
    result = await perform(target_of(on_kafka), plays.first, Choices(), ignore)

    all_is_as_promised(result)
    assert errors_logged(on_kafka) == []


@pytest.mark.kafka
async def test_every_order_comes_to_its_end_though_every_process_is_killed(on_kafka: LocalSystem, plays: Plays) -> None:
    victims = [(service.name, role) for service in on_kafka.services for role in ROLES]
    before = {victim: on_kafka.program(*victim).restarts for victim in victims}

    def kill_on_the_way(ended: int, total: int) -> None:
        """One after the other, the last one when some orders are still to come."""
        if victims and ended >= total * 0.8 * (len(before) - len(victims)) / len(before):
            on_kafka.kill(*victims.pop())

    result = await perform(target_of(on_kafka), plays.second, Choices(seed=2), kill_on_the_way)

    all_is_as_promised(result)
    assert victims == []
    assert [victim for victim, restarts in before.items() if on_kafka.program(*victim).restarts == restarts] == []


def ignore(ended: int, total: int) -> None:
    pass


def all_is_as_promised(result: Outcome) -> None:
    """No invariant broken, every KPI a number with its evidence, counts that add up; and the play was worth it."""
    assert result.faults == []
    assert not set(result.statuses) & set(MOVING)
    assert result.statuses["delivered"] + result.statuses["closed"] > len(result.plan.sales) / 2
    assert len(result.figures) >= 11
    assert all(figure.provisional for figure in result.figures if figure.definition.name == "resolved_48h_rate")


def errors_logged(system: LocalSystem) -> list[str]:
    lines = [line for log in (system.folder / "logs").glob("*.log") for line in log.read_text().splitlines()]
    return [line for line in lines if '"level": "error"' in line or '"level":"error"' in line or "Traceback" in line]
