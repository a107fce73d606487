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
from tests.crash.places import NOTED, Places

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


@pytest.mark.parametrize(("seconds", "broken"), [(2.9, 1), (3.1, 0)])
async def test_no_order_is_closed_before_its_time(checker: asyncpg.Connection, seconds: float, broken: int) -> None:
    outbox = (
        "INSERT INTO outbox (service, event_id, aggregate, version, type, created_at) VALUES ('order-intake', $1, 'order/7', $2, $3, $4)"
    )
    await checker.execute(outbox, uuid4(), 1, "order.delivered.v1", LOST)
    await checker.execute(outbox, uuid4(), 2, "order.closed.v1", LOST + timedelta(seconds=seconds))

    [verdict] = await judge_each(checker, [one for one in adapted(INVARIANTS) if one.sentence.startswith("No order is closed")])
    assert verdict.broken == broken


Look = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def look(checker: asyncpg.Connection) -> AsyncIterator[Look]:
    """Moves a place of crm to these offsets, one after the other, then looks; returns what moved back where it may not."""
    known, all_of_it = Places(), checker.transaction()
    await all_of_it.start()
    await checker.execute("CREATE TABLE consumer_offsets (topic text, partition int, next_offset int)")
    await checker.execute("INSERT INTO consumer_offsets VALUES ('orders', 0, 0), ('orders', 1, 0)")
    for statement in NOTED:
        await checker.execute(statement)

    async def look(*offsets: int, losses: int, partition: int = 0) -> list[str]:
        for offset in offsets:
            await checker.execute("UPDATE consumer_offsets SET next_offset = $1 WHERE partition = $2", offset, partition)
        return await known.moved_back("crm", checker, Losses(losses))

    yield look
    await all_of_it.rollback()


async def test_a_place_begins_anew_once_a_loss_and_not_again(look: Look) -> None:
    assert await look(40, losses=0) == []
    assert await look(0, losses=0, partition=1) == []
    assert await look(0, 10, losses=1) == []
    assert await look(0, losses=1) == ["crm had read orders/0 up to 10, then up to 0"]
    assert await look(20, 0, 30, losses=1, partition=1) == []


async def test_that_a_place_was_moved_back_is_seen_when_it_has_gone_on_since(look: Look) -> None:
    assert await look(40, 0, 50, losses=0) == ["crm had read orders/0 up to 40, then up to 0"]
    assert await look(60, losses=0) == []


async def test_a_place_goes_back_to_the_beginning_or_not_at_all(look: Look) -> None:
    assert await look(40, 39, losses=1) == ["crm had read orders/0 up to 40, then up to 39"]


async def test_a_loss_that_a_place_did_not_need_is_not_kept_for_later(look: Look) -> None:
    assert await look(losses=1) == []
    assert await look(20, losses=2) == []
    assert await look(0, 15, losses=2) == []
    assert await look(0, losses=2) == ["crm had read orders/0 up to 15, then up to 0"]


async def test_two_losses_between_two_looks_allow_two_beginnings(look: Look) -> None:
    assert await look(40, losses=0) == []
    assert await look(0, 20, 0, 10, losses=2) == []
    assert await look(0, losses=2) == ["crm had read orders/0 up to 10, then up to 0"]
