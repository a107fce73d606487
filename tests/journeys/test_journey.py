"""Real orders through the five services as a company runs them: ten processes, a database server, a bus."""

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
