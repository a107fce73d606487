"""Processes of this machine: who lives, who is meant, who listens."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True)
class Process:
    """A pid and when it began: a recycled pid is never taken for the process that had it before."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int) -> Self | None:
        try:
            return cls(pid, round(float(psutil.Process(pid).create_time()), 2))
        except psutil.NoSuchProcess:
            return None

    def is_alive(self) -> bool:
        try:
            found = psutil.Process(self.pid)
            same: bool = abs(found.create_time() - self.started_at) < 1 and found.status() != psutil.STATUS_ZOMBIE
            return same
        except psutil.NoSuchProcess:
            return False

    def send(self, which: signal.Signals) -> None:
        if self.is_alive():
            psutil.Process(self.pid).send_signal(which)

    def end(self, patience: float) -> None:
        """Ask, wait that many seconds, then insist."""
        self.send(signal.SIGTERM)
        if not became(lambda: not self.is_alive(), patience):
            self.kill()

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        became(lambda: not self.is_alive(), 10)


def command_line(pid: int) -> list[str]:
    """The words the process was started with; none when there is no such process or it is not ours to look at."""
    try:
        words: list[str] = psutil.Process(pid).cmdline()
        return words
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def listens(pid: int, port: int) -> bool:
    """The process, or a child of it, is the one that listens there."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for each in family for c in each.net_connections("tcp"))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def became(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
