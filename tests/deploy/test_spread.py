"""The workers that share the tests: what stays together, what runs alone, and that a worker which dies leaves nothing running."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.spread import ALONE, ROW, group_of, turn_of

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py"))
TELLING = """
import json, os, time
from pathlib import Path

def test_this():
    began = time.monotonic()
    time.sleep(0.1)
    line = [os.environ["PYTEST_XDIST_WORKER"], began, time.monotonic()]
    Path(__file__).with_suffix(".told").write_text(json.dumps(line))
"""
DYING = """
import os, subprocess, sys
from pathlib import Path

def test_this():
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(__file__).with_suffix(".told").write_text(str(left.pid))
    os._exit(1)
"""


@dataclass(frozen=True)
class Told:
    worker: str
    began: float
    ended: float


def run(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A run of these files by two workers, as `make test` does it."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (folder / "conftest.py").write_text(
        "from tests.spread import pytest_collection_modifyitems, pytest_sessionfinish, pytest_xdist_make_scheduler\n"
    )
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-n", "2", "--max-worker-restart", "0", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, check=False
    )


def told(folder: Path, name: str) -> Told:
    return Told(*json.loads((folder / name).with_suffix(".told").read_text()))


def test_who_needs_the_machine_gets_it_and_who_shares_a_system_shares_a_worker(tmp_path: Path) -> None:
    together, longest = ["tests/journeys/kafka/test_journey.py", "tests/shared/test_bus.py"], "tests/test_longest.py"

    done = run(tmp_path, {**dict.fromkeys([*ALONE, *together], TELLING), longest: TELLING.replace("0.1", "2")})

    assert done.returncode == 0, done.stdout
    first, second, other = [told(tmp_path, name) for name in (*together, longest)]
    assert first.worker == second.worker != other.worker
    assert all(told(tmp_path, name).began >= max(first.ended, second.ended, other.ended) for name in ALONE)


@pytest.mark.parametrize("others", [[], ["tests/test_one.py"]])
def test_they_run_though_there_is_little_else(tmp_path: Path, others: list[str]) -> None:
    done = run(tmp_path, dict.fromkeys([*ALONE, *others], TELLING))

    assert done.returncode == 0, done.stdout
    assert f"{len(ALONE) + len(others)} passed" in done.stdout


def test_a_worker_that_dies_fails_the_run_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = run(tmp_path, {"tests/test_dying.py": DYING, "tests/test_other.py": TELLING, **dict.fromkeys(ALONE, TELLING)})

    assert done.returncode == 1, done.stdout
    assert "crashed while running" in done.stdout
    assert not psutil.pid_exists(int((tmp_path / "tests/test_dying.told").read_text()))


def test_every_place_that_is_named_is_there() -> None:
    assert [place for place in (*ROW, *ALONE) if not any(file.startswith(place) for file in FILES)] == []


def test_all_who_need_a_real_kafka_share_a_worker_or_run_alone() -> None:
    needing = [file for file in FILES if "mark.kafka" in (ROOT / file).read_text() and file != "tests/deploy/test_spread.py"]

    assert len(needing) >= 5
    assert {group_of(file) for file in needing} <= {"on kafka", "alone"}


def test_who_runs_alone_comes_last() -> None:
    assert min(turn_of(file) for file in ALONE) > max(turn_of(file) for file in FILES if not file.startswith(ALONE))
