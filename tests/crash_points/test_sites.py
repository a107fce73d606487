"""Where something is committed or sent a test can kill the process, and a sentence says what must be true then."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.crash_points.sites import points_in, sites, sources
from tests.docs.texts import text

PAGE = text("docs/crash-points.md").content


def promised() -> dict[str, str]:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    return {point.strip("`"): true for point, true in rows}


def test_every_commit_and_every_send_has_a_crash_point() -> None:
    found = [site for place, source in sources() for site in sites(place, source)]

    assert len(found) > 30
    assert [f"{site.place}, line {site.line}" for site in found if not site.points] == []


def test_every_crash_point_has_one_place_and_one_promise() -> None:
    there = Counter(name for _, source in sources() for name in points_in(source))

    assert {name: times for name, times in there.items() if times > 1} == {}
    assert set(there) == set(promised())
    assert all(promised().values())


def test_a_process_is_killed_at_every_place_but_those_that_the_page_names() -> None:
    here, beside = Path(__file__), Path(__file__).parents[1] / "order_intake/test_interchange_crashes.py"
    tests = "".join(path.read_text() for path in (*here.parent.glob("*.py"), beside) if path != here)
    killed = {name for name in promised() if f'"{name}' in tests}
    excused = re.findall(r"`([a-z_]+\.(?:\*|[a-z_]+))`", PAGE.partition("Not killed there")[2].partition("##")[0])

    left = set(promised()) - killed

    assert excused
    assert left == {name for name in promised() if name in excused or f"{name.split('.')[0]}.*" in excused}


@pytest.mark.parametrize(
    "statement",
    [
        "await tx.commit()",
        'await connection.execute("COMMIT")',
        "async with transaction(pool) as tx:\n        await do(tx)",
        "async with pool.acquire() as connection, connection.transaction():\n        pass",
        "with context.begin_transaction():\n        run()",
        'await pool.execute("UPDATE things SET state = 1")',
        "await self.pool.fetchval(TAKE, owner)",
        'again = f"DELETE FROM {table}"\n    await self.pool.execute(again)',
        "await pool.execute(what)",
        "await self.bus.send(records)",
        "await producer.send_batch(batch, topic)",
        "await bus.commit(positions)",
    ],
)
def test_a_new_commit_without_one_is_found(statement: str) -> None:
    source = f'TAKE = """\nINSERT INTO leases VALUES ($1) RETURNING epoch\n"""\n\n\nasync def change():\n    {statement}\n'

    [site] = sites("new.py", source)
    [covered] = sites("new.py", source + '    crash_point("new.committed")\n')

    assert (site.points, covered.points) == ((), ("new.committed",))


@pytest.mark.parametrize("statement", ['await pool.fetch("SELECT 1")', "await tx.execute(UPDATE)", "tx = sides.transaction(caller, cause)"])
def test_what_neither_commits_nor_sends_needs_none(statement: str) -> None:
    assert sites("read.py", f"async def read():\n    {statement}\n") == []
