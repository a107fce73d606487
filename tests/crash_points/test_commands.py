"""What an operator starts may be killed half-way as well: started again it does the rest, and nothing twice."""

from uuid import uuid4

import asyncpg
import pytest
from shared.events import Topic
from shared.sealing import new_master_key
from shared.settings import KEYS_DATABASE
from shared.walls import Role, entered_as

from deploy.local.demo.board import Board
from tests.crash_points.people import OWNER, People
from tests.crash_points.stage import KILLED, Stage
from tests.crash_points.truth import broken, settled

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("place", ["migration.applied:3", "migration.all_applied", "migration.before_last_commit", "migration.upgraded"])
def test_a_migration_that_was_cut_off_goes_on(stage: Stage, place: str) -> None:
    name = f"half_{uuid4().hex[:8]}"
    stage.postgres.create_service("dispatch", name)
    url = stage.postgres.url(name, "dispatch")

    assert stage.call("dispatch", "migrate", DATABASE_URL=url, CRASH_AT=place)[0] == KILLED
    assert stage.call("dispatch", "migrate", DATABASE_URL=url)[0] == 0

    code, said = stage.call("dispatch", "check", DATABASE_URL=url)
    assert code == 0, said


async def test_leaves_that_were_cut_off_are_made_by_the_next(stage: Stage) -> None:
    name = f"half_{uuid4().hex[:8]}"
    stage.postgres.create_service("dispatch", name)
    url = stage.postgres.url(name, "dispatch")
    leaves = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox'::regclass"

    assert stage.call("dispatch", "migrate", DATABASE_URL=url, CRASH_AT="migration.leaves_made")[0] == KILLED
    connection = await asyncpg.connect(entered_as(url, "dispatch", Role.OWNER))
    before = await connection.fetchval(leaves)
    assert stage.call("dispatch", "migrate", DATABASE_URL=url)[0] == 0

    assert (before, await connection.fetchval(leaves)) == (0, 9)
    await connection.close()


async def test_a_key_that_was_not_committed_was_not_issued(stage: Stage, people: People) -> None:
    words = ("crm", "keys", "issue", "--customer", OWNER, "--scopes", "orders:read", "--label", f"label-{uuid4().hex}")
    connection = await asyncpg.connect(stage.target.database("crm", Role.STAFF))
    count = "SELECT count(*) FROM issued_keys WHERE label = $1"

    assert stage.call(*words, CRASH_AT="keys_command.done")[0] == KILLED
    before = await connection.fetchval(count, words[-1])
    assert stage.call(*words)[0] == 0

    assert (before, await connection.fetchval(count, words[-1])) == (0, 1)
    await connection.close()


@pytest.mark.parametrize("place", ["relay.fenced", "relay.queued_again"])
async def test_a_replay_of_the_ledger_that_was_cut_off_queues_nothing(stage: Stage, people: People, board: Board, place: str) -> None:
    words = ("order_intake", "relay", "replay", "--from", "2020-01-01T00:00:00Z")
    await people.work()
    await settled(board)
    before = await _said_again(stage)

    assert stage.call(*words, CRASH_AT=place)[0] == KILLED
    await settled(board)
    after = await _said_again(stage)
    assert stage.call(*words)[0] == 0

    await settled(board)
    assert (after, await _said_again(stage) > before) == (before, True)
    assert await broken(stage, people) == []


async def _said_again(stage: Stage) -> int:
    """How many records of order-intake's lie in the log beside others that are the same; timers may say something new at any moment."""
    log = await asyncpg.connect(stage.stack["LSC_LOG_URL"])
    again = await log.fetchval("SELECT count(*) - count(DISTINCT (key, headers, body)) FROM log WHERE topic = $1", Topic.ORDERS)
    await log.close()
    return int(again)


@pytest.mark.parametrize("place", ["rebuild.schema_made", "rebuild.put_in_place", "rebuild.schema_dropped"])
async def test_a_rebuild_that_was_cut_off_leaves_the_facts_whole(stage: Stage, people: People, board: Board, place: str) -> None:
    await people.work()
    await settled(board)

    assert stage.call("kpi.rebuild", CRASH_AT=place)[0] == KILLED
    assert await broken(stage, people) == []
    assert stage.call("kpi.rebuild")[0] == 0

    await settled(board)
    assert await broken(stage, people) == []


def test_making_the_bus_and_the_key_store_again_makes_the_rest(stage: Stage) -> None:
    for words, place in (
        (("shared", "topics"), "postgres_log.tables_made"),
        (("shared", "key-store", "--owner", "lsc"), "key_upkeep.tables_made"),
    ):
        assert stage.call(*words, CRASH_AT=place)[0] == KILLED
        code, said = stage.call(*words)
        assert code == 0, said


async def test_a_rewrapping_that_was_cut_off_goes_on(stage: Stage, people: People) -> None:
    await people.work()
    former, current = stage.stack["LSC_MASTER_KEY"], new_master_key("rewrapped")
    assert former
    keys = await asyncpg.connect(stage.postgres.url(KEYS_DATABASE))
    wrapped = "SELECT array_agg(DISTINCT master_id ORDER BY master_id) FROM subject_keys"
    anew = {"LSC_MASTER_KEY": current, "LSC_MASTER_KEYS_FORMER": former}

    assert stage.call("shared", "rewrap", CRASH_AT="key_upkeep.rewrapped", **anew)[0] == KILLED
    assert stage.call("shared", "rewrap", **anew)[0] == 0
    assert await keys.fetchval(wrapped) == ["rewrapped"]

    assert stage.call("shared", "rewrap", LSC_MASTER_KEY=former, LSC_MASTER_KEYS_FORMER=current)[0] == 0
    assert await keys.fetchval(wrapped) == [former.partition(".")[0]]
    await people.work()
    await keys.close()
