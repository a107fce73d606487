"""Real processes that are forked from one that has imported everything: they live and die as others, only sooner."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from deploy.local.watch import Program

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """`with Nursery() as nursery:` - what it forked dies with it."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.crash_points.nursery"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._turn = threading.Lock()
        self._born: SimpleQueue[Forked] = SimpleQueue()
        self._living: dict[int, Forked] = {}
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._listening.join()

    def bear(self, words: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> "Forked":
        assert self._process.stdin
        asked = json.dumps(["born", list(words), dict(environment), str(folder), str(log)])
        with self._turn:
            self._process.stdin.write(asked.encode() + b"\n")
            self._process.stdin.flush()
            return self._born.get(timeout=30)

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as said:
            for line in said:
                what, pid, *code = json.loads(line)
                if what == "born":
                    self._living[pid] = born = Forked(pid)
                    self._born.put(born)
                else:
                    self._living.pop(pid).end(*code)


class Forked:
    """What a Program needs of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()

    def end(self, code: int) -> None:
        self.returncode = code
        self._ended.set()

    def wait(self) -> int:
        self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, which: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, which)


class ForkedProgram(Program):
    """Its command is without the interpreter and its option -m."""

    nursery: Nursery

    def _spawn(self, environment: Mapping[str, str]) -> Forked:
        return self.nursery.bear(self._command, environment, self._folder, self.log)
