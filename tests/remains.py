"""What the workers of a test run have started and not ended: it bears the name of the run in its environment."""

from collections.abc import Callable
from contextlib import suppress

import psutil

NAMED_BY = "PYTEST_XDIST_TESTRUNUID"
PATIENCE = 5.0


def remains(run: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if _is_of(process, run)]


def end_remains(run: str) -> list[str]:
    """Ask, then insist; the names of what had to be ended."""
    found = remains(run)
    names = sorted(process.name() for process in found)
    _each(found, psutil.Process.terminate)
    _, stubborn = psutil.wait_procs(found, PATIENCE)
    _each(stubborn, psutil.Process.kill)
    return names


def _is_of(process: psutil.Process, run: str) -> bool:
    try:
        return bool(process.environ().get(NAMED_BY) == run)
    except psutil.Error:
        return False


def _each(processes: list[psutil.Process], end: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            end(process)
