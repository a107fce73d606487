"""What cannot be applied, and a timer that fails, wait for a person; whoever is killed meanwhile, nothing else waits with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
from shared.walls import Role

from deploy.local.demo.board import Board
from tests.crash_points.people import DONE_WITHIN, People
from tests.crash_points.stage import KILLED, Stage, crashed
from tests.crash_points.truth import broken, settled
from tests.shared.plumbing import until

if TYPE_CHECKING:
    Database = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection
pytestmark = pytest.mark.timeout(120)
_SAY = """
WITH said AS (
    INSERT INTO outbox (event_id, topic, key, aggregate, version, type, customer_id, occurred_at, correlation_id, body)
    VALUES (gen_random_uuid(), 'stock', $1, 'stock/' || $1, 1, 'stock.adjusted.v1', 'CRASH', now(), gen_random_uuid(), '{}')
    RETURNING id, created_at
)
INSERT INTO outbox_pending (id, created_at) SELECT id, created_at FROM said
"""
"""An event without a body, of a type to which crm alone listens."""
_PARKED = (
    "SELECT count(*) FROM progress p JOIN waiting w USING (consumer, aggregate) WHERE aggregate = 'stock/' || $1 AND parked_at IS NOT NULL"
)
_LETTERS = "SELECT count(*) FROM outbox WHERE topic = 'crm.dead-letters' AND key = $1"


@asynccontextmanager
async def _connected(stage: Stage, package: str) -> AsyncIterator[Database]:
    made = await asyncpg.connect(stage.target.database(package, Role.WORKER))
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def inventory(stage: Stage) -> AsyncIterator[Database]:
    async with _connected(stage, "inventory") as made:
        yield made


@pytest.fixture
async def crm(stage: Stage) -> AsyncIterator[Database]:
    async with _connected(stage, "crm") as made:
        yield made


@pytest.fixture
async def intake(stage: Stage) -> AsyncIterator[Database]:
    async with _connected(stage, "order_intake") as made:
        yield made


async def test_what_cannot_be_applied_is_parked_once_and_given_up_once(
    stage: Stage, people: People, board: Board, inventory: Database, crm: Database
) -> None:
    thing = f"CRASH/GHOST/{uuid4().hex}"
    discard, replay = (("crm", "parked", action, f"stock/{thing}") for action in ("discard", "replay"))
    stage.arm({"crm-worker": "consumer.parked"})
    await inventory.execute(_SAY, thing)
    await crashed(stage, "crm-worker", "consumer.parked")

    await until(lambda: crm.fetchval(_PARKED, thing), DONE_WITHIN)
    assert await crm.fetchval(_LETTERS, thing) == 1

    assert stage.call(*replay, CRASH_AT="parked.replayed")[0] == KILLED
    assert stage.call(*discard, CRASH_AT="parked.discarded")[0] == KILLED
    assert (await crm.fetchval(_PARKED, thing), await crm.fetchval(_LETTERS, thing)) == (1, 1)

    assert (stage.call(*discard)[0], stage.call(*replay)[0]) == (0, 0)
    assert (await crm.fetchval(_PARKED, thing), await crm.fetchval(_LETTERS, thing)) == (0, 1)
    await settled(board)
    await crm.execute("DELETE FROM outbox WHERE topic = 'crm.dead-letters' AND key = $1", thing)
    assert await broken(stage, people) == []


async def test_a_timer_that_fails_holds_up_no_other(stage: Stage, people: People, board: Board, intake: Database) -> None:
    sick, sound = f"sick-{uuid4().hex}", str(uuid4())
    insert = "INSERT INTO timers (kind, subject, due_at) VALUES ('close_order', $1, now() - interval '1 s'), ('close_order', $2, now())"
    failures, fired = "SELECT failures FROM timers WHERE subject = $1", "SELECT count(*) = 0 FROM timers WHERE subject = $1"
    stage.arm({"order-intake-worker": "timers.fired_alone"})
    await intake.execute(insert, sick, sound)
    await crashed(stage, "order-intake-worker", "timers.fired_alone")

    await until(lambda: intake.fetchval(fired, sound), DONE_WITHIN)
    assert await intake.fetchval(failures, sick) > 0

    await intake.execute("DELETE FROM timers WHERE subject = $1", sick)
    await settled(board)
    assert await broken(stage, people) == []
