"""Real orders through the five services on a real Kafka, which loses nothing when a process dies."""

import pytest

from deploy.local.demo.choices import Choices
from deploy.local.demo.performance import perform
from deploy.local.services import ROLES
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import Plays, target_of
from tests.journeys.endings import all_is_as_promised, errors_logged, ignore

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]


async def test_every_order_comes_to_its_end_on_kafka(on_kafka: LocalSystem, plays: Plays) -> None:
    result = await perform(target_of(on_kafka), plays.first, Choices(), ignore)

    all_is_as_promised(result)
    assert errors_logged(on_kafka) == []


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
