"""What the rig excuses where the broker lost everything, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.demo.evidence import make_tables
from deploy.local.demo.invariants import INVARIANTS, judge_each
from deploy.local.postgres import Postgres
from tests.crash.checks import adapted
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


def test_the_first_replay_after_a_loss_counts_and_the_next_loss_forgets_it() -> None:
    losses = Losses()
    losses.begin(["crm", "kpi"])
    losses.replayed("crm")
    first = losses.replayed_at["crm"]
    losses.replayed("crm")

    assert first is not None
    assert (losses.replayed_at["crm"], losses.owed) == (first, ["kpi"])

    losses.begin(["crm", "kpi"])
    assert (losses.times, losses.owed) == (2, ["crm", "kpi"])


async def test_a_place_begins_anew_once_a_loss_and_not_again(checker: asyncpg.Connection) -> None:
    places = Places()
    await checker.execute(
        "CREATE TEMP TABLE consumer_offsets AS SELECT 'orders' AS topic, n AS partition, 0 AS next_offset FROM (VALUES (0), (1)) v (n)"
    )

    async def now_at(first: int, second: int, losses: int) -> int:
        sql = "UPDATE consumer_offsets SET next_offset = CASE partition WHEN 0 THEN $1::int ELSE $2::int END"
        await checker.execute(sql, first, second)
        return len(await places.moved_back("crm", checker, losses))

    assert await now_at(40, 40, 0) == 0
    assert await now_at(50, 30, 0) == 1
    assert await now_at(10, 40, 1) == 0
    assert await now_at(5, 45, 1) == 1
