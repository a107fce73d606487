import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from shared.settings import Settings
from shared.worker import HARD_STOP_AFTER, Worker, _all_or_none, run

from tests.shared.shop import Shop


def test_a_worker_without_its_database_says_so_and_ends_as_unavailable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(Shop().service(), Settings(DATABASE_URL="postgresql://127.0.0.1:1/things"))

    assert ended.value.code == os.EX_UNAVAILABLE
    assert "worker.cannot_start" in capsys.readouterr().out


def test_an_address_that_cannot_be_right_is_no_database_that_is_away() -> None:
    with pytest.raises(ValueError, match="sslmode"):
        run(Shop().service(), Settings(DATABASE_URL="postgresql://127.0.0.1:1/things?sslmode=nonsense"))


def both(part: Path, does: str) -> subprocess.Popen[str]:
    """A service started whole, whose API and worker are this script."""
    part.write_text(f"#!/bin/sh\n{does}\n")
    part.chmod(0o755)
    run = "import sys; from shared.main import _run_both; from tests.shared.shop import Shop; sys.executable = sys.argv[1]"
    return subprocess.Popen([sys.executable, "-c", f"{run}; _run_both(Shop().service())", str(part)], stdout=subprocess.PIPE, text=True)


def test_who_ends_first_says_what_both_end_with(tmp_path: Path) -> None:
    with both(tmp_path / "part", '[ "$4" = worker ] && exit 69; exec sleep 60') as whole:
        assert whole.wait(60) == os.EX_UNAVAILABLE


def test_whoever_is_asked_to_end_and_does_has_nothing_to_complain_of(tmp_path: Path) -> None:
    """uvicorn ends by the signal that asked it to."""
    with both(tmp_path / "part", "echo begun; exec sleep 60") as whole:
        assert whole.stdout
        assert [whole.stdout.readline() for _ in range(2)] == ["begun\n"] * 2
        whole.terminate()
        assert whole.wait(60) == 0


@pytest.mark.parametrize("ends", ["by an error", "by being called back"])
async def test_a_job_that_ends_stops_the_others_and_does_not_wait_for_ever(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, hard_stops = asyncio.Event(), list[tuple[object, ...]]()
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", lambda *given: hard_stops.append(given), raising=False)

    async def ending() -> None:
        raise ValueError("of no use") if ends == "by an error" else asyncio.CancelledError

    jobs = [asyncio.create_task(ending()), asyncio.create_task(_until(stopping))]
    with pytest.raises((ValueError, asyncio.CancelledError)):
        await _all_or_none(jobs, stopping)

    assert stopping.is_set()
    assert [after for after, *_ in hard_stops] == [HARD_STOP_AFTER]


async def _until(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def test_tidying_that_finds_somebody_in_the_way_comes_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    slept, kept, forgotten, stopping = list[float](), list[str](), list[object](), asyncio.Event()

    async def keep_leaves(url: str) -> None:
        kept.append(url)
        if len(kept) == 1:
            raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")

    async def forget_answers(pool: object) -> int:
        forgotten.append(pool)
        return 0

    async def sleep(seconds: float, until: asyncio.Event) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            until.set()

    for double in (keep_leaves, forget_answers):
        monkeypatch.setattr(f"shared.worker.{double.__name__}", double)
    monkeypatch.setattr("shared.worker._sleep", sleep)
    settings = Settings(DATABASE_URL="postgresql://127.0.0.1:1/things")
    nothing: Any = None
    await Worker(Shop().service(), settings, nothing, nothing, nothing, nothing, nothing, stopping, None).keep_house()

    assert (slept, len(kept), len(forgotten)) == ([60, 3600], 2, 2)
