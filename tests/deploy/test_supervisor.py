import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe

import asyncpg
import httpx
import pytest

from deploy.local.errors import InUseError, StackError, StartError
from deploy.local.ports import is_free, require_free
from deploy.local.processes import Process, became, listens
from deploy.local.services import Service, answers, operator_key
from deploy.local.supervisor import LocalSystem

ROOT = Path(__file__).resolve().parents[2]
SERVICES = (Service("first-one", "first_one"), Service("second", "second"))
NAMES = {"first-one-api", "first-one-worker", "second-api", "second-worker"}


def a_system(folder: Path, said: list[str] | None = None, **env: str) -> LocalSystem:
    """Of two stand-in services instead of five real ones."""
    folder.mkdir(exist_ok=True)
    for name in ("first_one", "second", "shared"):
        shutil.copy(Path(__file__).with_name("stand_in.py"), folder / f"{name}.py")
    say = said.append if said is not None else lambda text: None
    return LocalSystem(folder, services=SERVICES, fsync=False, env={"PYTHONPATH": str(folder), **env}, say=say)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> Iterator[LocalSystem]:
    with a_system(tmp_path_factory.mktemp("system"), said, LSC_PROMISE_STANDARD="40s") as running:
        yield running
    running.postgres.wipe()


def told(url: str) -> str:
    return httpx.get(url, timeout=2).text


def is_told(what: str, url: str) -> bool:
    try:
        return told(url) == what
    except httpx.TransportError:
        return False


def is_answered_by_another(url: str, before: str) -> bool:
    try:
        return told(url) != before
    except httpx.TransportError:
        return False


def python(code: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-c", code, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_every_process_runs_and_every_database_is_prepared(system: LocalSystem) -> None:
    assert set(system.processes) == NAMES | {"postgres"}
    calls = {name: (system.folder / f"{name}.calls").read_text().splitlines() for name in ("first_one", "second", "shared")}
    assert (calls["first_one"][0], calls["second"][0]) == ("migrate", "migrate")
    assert sorted(calls["shared"]) == ["key-store --owner lsc", "topics"]
    assert told(system.url("second") + "/promise") == "40s"


async def test_the_stack_file_leads_to_the_databases(system: LocalSystem) -> None:
    lines = (system.folder / "stack.env").read_text().splitlines()
    stack = dict(line.split("=", 1) for line in lines)

    assert set(stack) == {"DATABASE_URL", "LSC_LOG_URL", "LSC_KEYS_URL", "LSC_OPERATOR_KEY", "LSC_MASTER_KEY"}
    assert stack["LSC_OPERATOR_KEY"] == system.operator_key
    for url in (stack["DATABASE_URL"], stack["LSC_LOG_URL"], stack["LSC_KEYS_URL"]):
        await (await asyncpg.connect(url.replace("{database}", "first_one"))).close()
    assert (system.folder / "stack.env").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("role", ["api", "worker"])
def test_a_killed_process_is_back_within_three_seconds(system: LocalSystem, said: list[str], role: str) -> None:
    url = system.url("second", role) + "/instance"
    before = told(url)

    system.kill("second", role)

    assert became(lambda: is_answered_by_another(url, before), 3)
    assert any(f"second-{role} died (SIGKILL)" in text for text in said)


def test_a_process_is_armed_once(system: LocalSystem) -> None:
    url, program = system.url("second") + "/crash-at", system.program("second", "api")

    program.arm("relay.read:3")

    assert became(lambda: is_told("relay.read:3", url), 10)
    program.kill()
    assert became(lambda: is_told("", url), 10)


def test_a_killed_postgres_is_back_at_the_same_address(system: LocalSystem, said: list[str]) -> None:
    before, url = system.processes["postgres"], system.postgres.url("second")

    os.kill(before, signal.SIGKILL)

    assert became(lambda: system.processes.get("postgres", before) != before and "PostgreSQL died and was started again." in said, 10)
    assert system.postgres.url("second") == url


def test_a_second_run_of_the_same_folder_is_refused_and_harms_nothing(system: LocalSystem) -> None:
    with pytest.raises(InUseError), LocalSystem(system.folder, services=SERVICES):
        pass

    assert set(system.processes) == NAMES | {"postgres"}


def test_what_a_killed_run_left_behind_is_ended_by_the_next_which_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "system"
    a_system(folder)
    killed = python(_A_RUN, folder)
    assert killed.stdout
    left = [process for pid in killed.stdout.readline().split() if (process := Process.of(int(pid)))]
    killed.kill()
    killed.communicate()
    assert len(left) == 5
    assert all(process.is_alive() for process in left)
    said: list[str] = []

    with a_system(folder, said) as system:
        assert not any(process.is_alive() for process in left)
        assert "Ended what a killed run left behind" in said[0]
        ours = [process for pid in system.processes.values() if (process := Process.of(pid))]
        ports = [system.port(service.name, role) for service in SERVICES for role in ("api", "worker")]
        assert len(ours) == 5
    assert not any(process.is_alive() for process in ours)
    assert all(is_free(port) for port in ports)
    assert not (folder / "run.json").exists()
    system.postgres.wipe()


_A_RUN = """
import sys, time
from pathlib import Path
from secrets import token_urlsafe
from tests.deploy.test_supervisor import a_system
system = a_system(Path(sys.argv[1]))
system.start()
print(*system.processes.values(), flush=True)
time.sleep(60)
"""


def test_ctrl_c_stops_the_run_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "system"
    run = python(_SERVING, folder)
    assert run.stdout
    shown = "".join(iter(run.stdout.readline, "Serving. Ctrl-C stops everything.\n"))
    left = [process for entry in json.loads((folder / "run.json").read_text()).values() if (process := Process.of(entry["pid"]))]
    assert "Operator key   operator." in shown
    assert len(left) == 4

    run.send_signal(signal.SIGINT)
    last_words, _ = run.communicate(timeout=20)

    assert run.returncode == 0
    assert last_words.endswith("Stopping ...\nEverything is stopped.\n")
    assert not any(process.is_alive() for process in left)
    a_system(folder).postgres.wipe()


_SERVING = """
import sys
from pathlib import Path
from secrets import token_urlsafe
from deploy.local.run import serve
from tests.deploy.test_supervisor import a_system
sys.exit(serve(a_system(Path(sys.argv[1])), demo=False))
"""


def test_a_pid_that_another_program_has_by_now_is_not_ended(tmp_path: Path) -> None:
    folder = tmp_path / "system"
    system = a_system(folder)
    (folder / "run.json").write_text(f'{{"second-api": {{"pid": {os.getpid()}, "started_at": 1.0}}}}')

    assert system._record.leftovers() == {}


def test_a_service_that_cannot_migrate_is_named_with_its_last_words(tmp_path: Path) -> None:
    system = a_system(tmp_path / "system")
    (system.folder / "second.broken").touch()

    with pytest.raises(StartError, match=r"(?s)second-migrate did not start.*second is broken"), system:
        pass

    assert system.processes == {}
    system.postgres.wipe()


def test_another_program_on_the_port_does_not_make_a_process_ready(system: LocalSystem) -> None:
    port = system.port("second")

    assert listens(system.processes["second-api"], port)
    assert not listens(system.processes["second-worker"], port)


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(StackError, match=rf"{port} by .+"):
            require_free([port])


def test_the_operator_key_is_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSC_OPERATOR_KEY", raising=False)
    key = operator_key(tmp_path)

    assert operator_key(tmp_path) == key
    assert (tmp_path / "operator.key").stat().st_mode & 0o077 == 0
    chosen = f"me.{token_urlsafe(32)}"
    monkeypatch.setenv("LSC_OPERATOR_KEY", chosen)
    assert operator_key(tmp_path) == chosen
    monkeypatch.setenv("LSC_OPERATOR_KEY", "too.short")
    with pytest.raises(StackError, match="fewer than 32"):
        operator_key(tmp_path)
    monkeypatch.setenv("LSC_OPERATOR_KEY", "me." + "x" * 32)
    with pytest.raises(StackError, match="few characters"):
        operator_key(tmp_path)


def test_a_port_without_anyone_does_not_answer() -> None:
    assert not answers(1, "/readyz")
