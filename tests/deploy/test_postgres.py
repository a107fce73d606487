import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.errors import InUseError, StackError
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, became
from deploy.local.unprivileged import OPEN_GROUND, sweep


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    postgres = Postgres(tmp_path_factory.mktemp("deploy") / "postgres", fsync=False, settings={"synchronous_commit": "on"})
    yield postgres
    postgres.wipe()


@pytest.fixture
def server(shared_server: Postgres) -> Postgres:
    """Running, whatever the test before did to it."""
    if shared_server.pid is None:
        shared_server.start()
    return shared_server


async def value(server: Postgres, sql: str, database: str = "kpi") -> object:
    connection = await asyncpg.connect(server.url(database))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def note(server: Postgres, number: int) -> None:
    server.create_database("kpi")
    await value(server, "CREATE TABLE IF NOT EXISTS noted (number integer)")
    await value(server, f"INSERT INTO noted VALUES ({number})")


async def is_noted(server: Postgres, number: int) -> bool:
    return await value(server, f"SELECT count(*) FROM noted WHERE number = {number}") == 1


async def test_data_is_there_again_after_a_stop_and_a_start(server: Postgres) -> None:
    await note(server, 1)
    url = server.url("kpi")

    server.stop()
    assert server.pid is None
    server.start()

    assert await is_noted(server, 1)
    assert server.url("kpi") == url


async def test_the_login_is_no_superuser_and_may_make_databases(server: Postgres) -> None:
    server.create_database("kpi")
    server.create_database("kpi")

    assert await value(server, "SELECT rolsuper::text || rolcreatedb FROM pg_roles WHERE rolname = current_user") == "falsetrue"
    assert await value(server, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'kpi'") == "lsc"


async def test_a_wrong_password_is_refused(server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url("postgres").replace("lsc:", "lsc:wrong"))


async def test_a_postmaster_killed_from_outside_is_started_again_with_its_data(server: Postgres) -> None:
    await note(server, 2)
    os.kill(server.pid or 0, signal.SIGKILL)
    assert became(lambda: server.pid is None, 5)

    assert server.revive()

    assert await is_noted(server, 2)


async def test_what_was_killed_on_purpose_stays_down_until_it_is_started(server: Postgres) -> None:
    await note(server, 3)

    server.kill()

    assert not server.revive()
    assert server.pid is None
    server.start()
    assert await is_noted(server, 3)


async def test_a_server_left_by_a_killed_run_is_stopped_first(server: Postgres) -> None:
    await note(server, 4)
    left = Process.of(server.pid or 0)
    server._lock.release()  # what the system does when the run that has the lock dies

    with Postgres(server.folder, fsync=False) as again:
        assert left
        assert not left.is_alive()
        assert await is_noted(again, 4)


def test_a_pid_file_whose_pid_is_another_program_now_is_not_believed(server: Postgres) -> None:
    server.stop()
    (server._data / "postmaster.pid").write_text(f"{os.getpid()}\n{server._data}\n0\n")

    assert server.pid is None
    server.start()

    assert server.pid not in {None, os.getpid()}


def test_a_folder_has_one_user_at_a_time(server: Postgres) -> None:
    other = Postgres(server.folder)

    with pytest.raises(InUseError):
        other.start()
    with pytest.raises(InUseError):
        other.stop()

    assert server.pid


def test_a_second_server_runs_beside_it_and_leaves_nothing_when_wiped(server: Postgres, tmp_path: Path) -> None:
    second = Postgres(tmp_path / "second", fsync=False)
    second.start()
    places = [second.folder, second._home, second._socket]
    assert server.port != second.port
    assert server.pid != second.pid
    assert [place.stat().st_mode & 0o077 for place in (second._side, second._home, second._socket)] == [0, 0, 0]

    second.wipe()

    assert not [place for place in places if place.exists()]


def test_a_taken_port_is_said(server: Postgres, tmp_path: Path) -> None:
    second = Postgres(tmp_path / "second", port=server.port, fsync=False)

    with pytest.raises(StackError, match=f"Port {server.port}"):
        second.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps data elsewhere")
def test_data_kept_elsewhere_goes_with_its_temporary_folder(tmp_path: Path) -> None:
    for name in ("gone", "kept"):
        (tmp_path / name).mkdir()
    homes = {name: OPEN_GROUND / f"lsc-test-{tmp_path.name}-{name}" for name in ("gone", "kept")}
    for name, home in homes.items():
        home.mkdir()
        (home / "origin").write_text(str(tmp_path / name))
    (tmp_path / "gone").rmdir()

    sweep()

    assert not homes["gone"].exists()
    assert homes["kept"].exists()
    shutil.rmtree(homes["kept"])


def test_fsync_is_on_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    assert "fsync" not in Postgres(tmp_path)._settings
    assert Postgres(tmp_path, fsync=False)._settings["fsync"] == "off"
    assert Postgres(tmp_path, settings={"work_mem": "8MB"})._settings["work_mem"] == "8MB"


async def test_a_number_drawn_while_its_table_was_made_is_not_drawn_again_after_a_crash(server: Postgres) -> None:
    """With wal_level = minimal PostgreSQL forgets what a sequence gave out after the transaction that made it and used it."""
    server.create_database("kpi")
    made = "CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, word text); INSERT INTO numbered (word) VALUES ('first')"
    await value(server, "DROP TABLE IF EXISTS numbered")
    connection = await asyncpg.connect(server.url("kpi"))
    await connection.execute(made)
    await connection.close()
    last = await value(server, "INSERT INTO numbered (word) VALUES ('last') RETURNING id")

    server.kill()
    server.start()

    assert await value(server, f"INSERT INTO numbered (word) VALUES ('next') RETURNING id > {last}")
