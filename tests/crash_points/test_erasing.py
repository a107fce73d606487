"""Keys lie in one database and what they seal in another: whoever dies between the two leaves nobody half forgotten."""

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import TypeAdapter
from shared.settings import KEYS_DATABASE
from shared.walls import Role

from deploy.local.demo.board import Board
from deploy.local.demo.client import Json
from tests.crash_points.people import CONSIGNEE, DONE_WITHIN, OWNER, People
from tests.crash_points.stage import Stage, crashed
from tests.crash_points.truth import broken, settled
from tests.shared.plumbing import until

if TYPE_CHECKING:
    Database = asyncpg.Connection[asyncpg.Record]
else:
    Database = asyncpg.Connection
pytestmark = pytest.mark.timeout(120)
ERASURE = TypeAdapter(dict[str, object])
WORKER = "order-intake-worker"
ERASING = (
    *("erasures.searched", "erasures.searched:2", "erasures.wanted_key_destroyed"),
    *("key_store.destroyed", "key_store.destroyed:2", "erasures.keys_destroyed", "erasures.forgotten"),
)
SEALING = ("key_store.made", "erasures.plain_sealed")
_KEYS = "SELECT key_id::text FROM subject_keys WHERE key_id = ANY($1::uuid[])"
_PLAIN = "UPDATE orders SET ship_to_key_id = NULL, ship_to = $2 WHERE order_id = $1"

_MOVE = "UPDATE orders SET order_id = $2 WHERE order_id = $1"
_ABANDON = """
WITH made AS (
    INSERT INTO subject_keys (key_id, master_id, wrapped)
    SELECT unused, master_id, wrapped FROM subject_keys, unnest($2::uuid[]) AS unused WHERE key_id = $1
)
INSERT INTO mintings SELECT gen_random_uuid(), now() - interval '2 days', ARRAY[$1, unused] FROM unnest($2::uuid[]) AS unused
"""
"""What crashed processes had in memory: one of them has sealed an order under the first of its keys."""
_NONE_ABANDONED = "SELECT count(*) = 0 FROM mintings WHERE made_at < now() - interval '1 day'"


@asynccontextmanager
async def _two_days_earlier(intake: Database, order_id: str) -> AsyncIterator[None]:
    """The order was placed then, as its id says; afterwards it is what the others know it by."""
    former = UUID(int=UUID(order_id).int - (2 * 86_400_000 << 80))
    await intake.execute(_MOVE, order_id, former)
    try:
        yield
    finally:
        await intake.execute(_MOVE, former, order_id)


@pytest.fixture
async def intake(stage: Stage) -> AsyncIterator[Database]:
    made = await asyncpg.connect(stage.target.database("order_intake", Role.WORKER))
    yield made
    await made.close()


@pytest.fixture
async def keys(stage: Stage) -> AsyncIterator[Database]:
    made = await asyncpg.connect(stage.postgres.url(KEYS_DATABASE))
    yield made
    await made.close()


@pytest.mark.parametrize("place", ERASING)
async def test_an_erasure_is_finished_and_its_keys_are_gone(
    stage: Stage, people: People, board: Board, intake: Database, keys: Database, place: str
) -> None:
    consignee = f"GONE-{uuid4().hex[:8]}"
    order_id = await people.order_that_ends(consignee)
    os.kill(stage.processes[WORKER], signal.SIGSTOP)
    wanted: Json = {"customer_id": OWNER, "consignee": {"code": consignee}}
    erasure = (await people.center.intake.post("/erasures", wanted, consignee)).read(ERASURE)
    sealed = await intake.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)
    looked_for = await intake.fetchval("SELECT wanted_key_id FROM erasures WHERE erasure_id = $1", erasure["erasure_id"])
    assert len(await keys.fetch(_KEYS, [sealed, looked_for])) == 2

    stage.arm({WORKER: place})
    await crashed(stage, WORKER, place)

    async def is_done() -> bool:
        return (await people.center.intake.get(f"/erasures/{erasure['erasure_id']}")).read(ERASURE)["status"] == "done"

    await until(is_done, DONE_WITHIN)
    assert await keys.fetch(_KEYS, [sealed, looked_for]) == []
    await settled(board)
    assert await broken(stage, people) == []


@pytest.mark.parametrize("place", SEALING)
async def test_what_was_stored_in_plain_is_sealed(stage: Stage, people: People, intake: Database, place: str) -> None:
    order_id = await people.order_that_ends(f"PLAIN-{uuid4().hex[:8]}")
    await intake.execute(_PLAIN, order_id, json.dumps(CONSIGNEE | {"name": "Plain"}))

    stage.arm({WORKER: place})
    await crashed(stage, WORKER, place)

    await until(lambda: intake.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id), DONE_WITHIN)
    shown = (await people.center.intake.get(f"/orders/{order_id}")).read(ERASURE)
    assert "Plain" in str(shown["ship_to"])


async def test_the_keys_of_crashed_processes_are_swept_to_the_last_and_no_other(
    stage: Stage, people: People, board: Board, intake: Database, keys: Database
) -> None:
    order_id = await people.order_that_ends(f"SWEPT-{uuid4().hex[:8]}")
    await settled(board)
    used = await intake.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)
    unused = [str(uuid4()) for _ in range(3)]

    async with _two_days_earlier(intake, order_id):
        await keys.execute(_ABANDON, used, unused)
        stage.arm({WORKER: "key_upkeep.swept"})
        await crashed(stage, WORKER, "key_upkeep.swept")
        await until(lambda: keys.fetchval(_NONE_ABANDONED), DONE_WITHIN)

    assert [row["key_id"] for row in await keys.fetch(_KEYS, [used, *unused])] == [used]
    shown = (await people.center.intake.get(f"/orders/{order_id}")).read(ERASURE)
    assert str(CONSIGNEE["street"]) in str(shown["ship_to"])
    assert await broken(stage, people) == []
