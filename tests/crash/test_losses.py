"""What the rig excuses where the broker lost everything, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.demo.evidence import make_tables
from deploy.local.demo.invariants import INVARIANTS, judge_each
from deploy.local.postgres import Postgres
from tests.crash.checks import adapted, excused
from tests.crash.losses import Losses, excuse
from tests.crash.vigil import Places

LOST = datetime(2026, 1, 1, 12, tzinfo=UTC)
REPLAYED = LOST + timedelta(seconds=20)
BEFORE, BETWEEN, AFTER = LOST - timedelta(seconds=5), LOST + timedelta(seconds=5), REPLAYED + timedelta(seconds=5)


@pytest.fixture
async def checker(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    postgres.create_database("losses")
    session = await asyncpg.connect(postgres.url("losses"))
    await make_tables(session)
    yield session
    await session.close()


async def _early(checker: asyncpg.Connection, said: Sequence[datetime], order: Sequence[int], losses: Losses) -> int:
    """How many events break I9: version n was said at said[n - 1], and the log has them in this order."""
    for version, at in enumerate(said, 1):
        outbox = "INSERT INTO outbox (service, event_id, aggregate, version, created_at) VALUES ('order-intake', $1, 'order/1', $2, $3)"
        await checker.execute(outbox, uuid4(), version, at)
    for offset, version in enumerate(order):
        log = "INSERT INTO log (topic, partition, \"offset\", aggregate, version) VALUES ('orders', 0, $1, 'order/1', $2)"
        await checker.execute(log, offset, version)
    await excuse(checker, losses)
    [verdict] = await judge_each(checker, [one for one in adapted(INVARIANTS) if one.name == "I9"])
    return verdict.broken


def _lost(*, replayed: datetime | None = REPLAYED) -> Losses:
    return Losses(1, LOST, {"order_intake": replayed, "inventory": REPLAYED})


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ((BEFORE, BETWEEN, AFTER), (2, 1, 3)),
        ((BEFORE, BETWEEN, BETWEEN), (2, 3, 1)),
        ((BEFORE, BEFORE, BEFORE), (3, 1, 2)),
    ],
)
async def test_what_was_lost_may_come_after_what_was_said_before_its_replay(
    checker: asyncpg.Connection, said: Sequence[datetime], order: Sequence[int]
) -> None:
    assert await _early(checker, said, order, _lost()) == 0
    assert await excused(checker) > 0


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ((BETWEEN, BETWEEN), (2, 1)),
        ((AFTER, AFTER), (2, 1)),
        ((BEFORE, AFTER), (2, 1)),
        ((BEFORE, BETWEEN, BETWEEN), (3, 2, 1)),
        ((BEFORE, BETWEEN, AFTER), (3, 1, 2)),
    ],
)
async def test_everything_else_is_in_order(checker: asyncpg.Connection, said: Sequence[datetime], order: Sequence[int]) -> None:
    assert await _early(checker, said, order, _lost()) == 1


async def test_while_a_replay_is_owed_what_was_said_since_the_loss_is_in_order(checker: asyncpg.Connection) -> None:
    assert await _early(checker, (BEFORE, AFTER, AFTER), (3, 2, 1), _lost(replayed=None)) == 1


async def test_a_replay_without_a_loss_excuses_nothing(checker: asyncpg.Connection) -> None:
    losses = Losses()
    losses.replayed("order_intake")

    assert await _early(checker, (BEFORE, BETWEEN), (2, 1), losses) == 1
    assert await excused(checker) == 0


def test_the_first_replay_after_a_loss_counts_and_the_next_loss_forgets_it() -> None:
    losses = Losses()
    losses.happened(["crm", "kpi"])
    losses.replayed("crm")
    first = losses.replayed_at["crm"]
    losses.replayed("crm")

    assert first is not None
    assert (losses.replayed_at["crm"], losses.owed) == (first, ["kpi"])

    losses.happened(["crm", "kpi"])
    assert (losses.times, losses.owed) == (2, ["crm", "kpi"])


@pytest.fixture
def places(checker: asyncpg.Connection) -> Callable[..., Awaitable[list[str]]]:
    """Looks at two places of crm, which stand at these offsets, when there have been so many losses; returns what moved back."""
    known = Places()

    async def look(first: int, second: int, *, losses: int) -> list[str]:
        await checker.execute("CREATE TEMP TABLE IF NOT EXISTS consumer_offsets (topic text, partition int, next_offset int)")
        await checker.execute("TRUNCATE consumer_offsets")
        await checker.execute("INSERT INTO consumer_offsets VALUES ('orders', 0, $1), ('orders', 1, $2)", first, second)
        return await known.moved_back("crm", checker, Losses(losses))

    return look


async def test_a_place_begins_anew_once_a_loss_and_not_again(places: Callable[..., Awaitable[list[str]]]) -> None:
    assert await places(40, 40, losses=0) == []
    assert await places(50, 30, losses=0) == ["crm had read orders/1 up to 40, now up to 30"]
    assert await places(10, 40, losses=1) == []
    assert await places(5, 45, losses=1) == ["crm had read orders/0 up to 10, now up to 5"]


async def test_a_loss_that_a_place_did_not_need_is_not_kept_for_later(places: Callable[..., Awaitable[list[str]]]) -> None:
    assert await places(0, 40, losses=1) == []
    assert await places(20, 40, losses=2) == []
    assert await places(10, 40, losses=2) == []
    assert await places(15, 40, losses=2) == []
    assert await places(5, 40, losses=2) == ["crm had read orders/0 up to 15, now up to 5"]


async def test_two_losses_between_two_looks_allow_two_beginnings(places: Callable[..., Awaitable[list[str]]]) -> None:
    assert await places(40, 40, losses=0) == []
    assert await places(20, 40, losses=2) == []
    assert await places(10, 40, losses=2) == []
    assert await places(5, 40, losses=2) == ["crm had read orders/0 up to 10, now up to 5"]
