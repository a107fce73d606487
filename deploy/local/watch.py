"""Keeping programs alive: a process that dies is started again, and its last words are said."""

import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from deploy.local.errors import StackError, last_lines
from deploy.local.server import Server

AT_ONCE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 30
REMEMBERED = 100
"""So many lives that ended otherwise than they were meant to."""
KILLED, ASKED = frozenset({-signal.SIGKILL}), frozenset({0, -signal.SIGTERM, 128 + signal.SIGTERM})
"""What a process may end with that was killed, and one that was asked to end: an API ends by the signal, as who had not begun yet."""


class Child(Protocol):
    """A process that was started, as subprocess.Popen knows it."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    def wait(self) -> int: ...

    def send_signal(self, which: signal.Signals, /) -> None: ...


class Life(NamedTuple):
    exit_code: int
    seconds: float
    last_words: str


class Program:
    """One command that is to run until it is stopped. Its output goes to its log. `crashed_at` are the places at which it killed itself,
    `ended` the lives that ended in another way than they were meant to, `asked` is how many ended because they were asked to, however;
    `next_life` has variables for the next start alone.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        say: Callable[[str], None],
        born: Callable[[str, int], None],
    ) -> None:
        self.name = name
        self.restarts = self.asked = 0
        self.crashed_at: list[str] = []
        self.ended: deque[Life] = deque(maxlen=REMEMBERED)
        self.next_life: Mapping[str, str] = {}
        self.log = folder / "logs" / f"{name}.log"
        self._command = list(command)
        self._environment = dict(environment)
        self._crash_at, self._armed_with = self._environment.pop("CRASH_AT", ""), ""
        self._meant: frozenset[int] = frozenset()
        self._folder = folder
        self._say, self._born = say, born
        self._stopping = threading.Event()
        self._child: Child | None = None
        self._keeper: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """None while it is down."""
        return self._child.pid if self._child and self._child.returncode is None else None

    def start(self) -> None:
        self._stopping.clear()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        self._launch()
        self._keeper = threading.Thread(target=self._keep, name=f"keeps {self.name}", daemon=True)
        self._keeper.start()

    def kill(self) -> None:
        """SIGKILL; it is started again."""
        if self.pid:
            self._armed_with = ""
            self._end(signal.SIGKILL, KILLED)

    def pause(self) -> None:
        """SIGSTOP, until it goes on."""
        if self.pid:
            self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.pid:
            self._signal(signal.SIGCONT)

    def roll(self) -> None:
        """SIGTERM; when it has ended it is started again."""
        if self.pid:
            self._end(signal.SIGTERM, ASKED)

    def arm(self, crash_at: str) -> None:
        """Killed, and started again so that it kills itself there, once: what is started after that lives."""
        self._crash_at = crash_at
        self.kill()

    def ask_to_stop(self) -> None:
        self._stopping.set()
        self._end(signal.SIGTERM, ASKED)

    def wait_stopped(self, deadline: float) -> None:
        """Killed when the deadline (time.monotonic) has passed."""
        if self._keeper is None:
            return
        self._keeper.join(max(0.0, deadline - time.monotonic()))
        if self._keeper.is_alive():
            self._say(f"{self.name} did not stop in time and is killed.")
            self._end(signal.SIGKILL, KILLED)
            self._keeper.join()

    def _launch(self) -> None:
        self._armed_with, self._crash_at = self._crash_at, ""
        self._meant = KILLED if self._armed_with else frozenset()
        environment, self.next_life = {**self._environment, **self.next_life}, {}
        self._child = self._spawn(environment | ({"CRASH_AT": self._armed_with} if self._armed_with else {}))
        self._born(self.name, self._child.pid)

    def _spawn(self, environment: Mapping[str, str]) -> Child:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )

    def _end(self, which: signal.Signals, meant: frozenset[int]) -> None:
        """What else was meant for this life stays so: whoever is asked to end may be killed before it has."""
        self._meant |= meant
        self._signal(which)

    def _signal(self, which: signal.Signals) -> None:
        """Popen knows whether the child was reaped, so that the pid cannot be another program's."""
        if self._child:
            self._child.send_signal(which)

    def _keep(self) -> None:
        pause, began = 0.0, time.monotonic()
        while (code := self._wait()) is not None:
            lived = time.monotonic() - began
            self._note_end(code, lived)
            if self._stopping.is_set():
                return
            is_sick = self.restarts and lived < AT_ONCE_SECONDS and code not in self._meant
            pause = min(max(1.0, pause * 2), LONGEST_PAUSE_SECONDS) if is_sick else 0.0
            self._say(f"{self.name} is started again" + (f" in {pause:.0f} s, because it died at once." if pause else "."))
            if self._stopping.wait(pause):
                return
            began = time.monotonic()
            self.restarts += 1
            self._launch()
            if self._stopping.is_set():
                self._end(signal.SIGTERM, ASKED)

    def _note_end(self, code: int, lived: float) -> None:
        words = last_lines(self.log, 8)
        self.ended += [] if code in self._meant else [Life(code, lived, words)]
        self.asked += self._meant.issuperset(ASKED) and code not in KILLED
        self.crashed_at += [self._armed_with] if self._armed_with and code == -signal.SIGKILL else []
        if not self._stopping.is_set() or code not in self._meant:
            self._say(f"{self.name} died ({_cause(code)}) after {lived:.1f} s. Its last lines:\n{words}")

    def _wait(self) -> int | None:
        return self._child.wait() if self._child else None


class Watch:
    """Looks at the servers every half second and starts again what somebody killed; what was stopped on purpose stays down."""

    def __init__(self, servers: Mapping[str, Server], say: Callable[[str], None]) -> None:
        self._servers = servers
        self._say = say
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="keeps the servers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        while not self._stopping.wait(0.5):
            for name, server in self._servers.items():
                try:
                    if server.revive():
                        self._say(f"{name} died and was started again.")
                except StackError as refused:
                    self._say(f"{name} died: {refused}")


def _cause(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
