"""The whole system with forked processes, any of which can be armed."""

import asyncio
import signal
import time
from collections.abc import Mapping

from deploy.local.demo.target import Target
from deploy.local.errors import StackError
from deploy.local.services import Service
from deploy.local.supervisor import LocalSystem
from deploy.local.watch import Program
from tests.crash_points.forked import ForkedProgram, Nursery

KILLED = -signal.SIGKILL
CRASHED_WITHIN = 60.0


class Stage(LocalSystem):
    """As `make run` starts it, without the interpreter's and the imports' second a process."""

    nursery: Nursery

    @property
    def target(self) -> Target:
        return Target.of(self.stack, self.port("order-intake"))

    def arm(self, crash_at: Mapping[str, str]) -> None:
        """By name (`inventory-worker`): each is killed and comes back armed with its place."""
        for name, place in crash_at.items():
            self._programs[name].crashed_at.clear()
            self._programs[name].arm(place)

    def not_crashed(self, crash_at: Mapping[str, str]) -> dict[str, str]:
        """Those that have not come to their place yet."""
        return {name: place for name, place in crash_at.items() if self._programs[name].crashed_at != [place]}

    def leave(self, name: str) -> None:
        """Asked to end; it comes back."""
        self._programs[name].roll()

    def call(self, *words: str, **environment: str) -> tuple[int, str]:
        """A command to its end; how it ended and what it printed."""
        log = self.folder / "logs" / f"command-{time.monotonic_ns()}.log"
        log.parent.mkdir(exist_ok=True)
        code = self.nursery.bear(words, self.tool_environment() | environment, self.folder, log).wait()
        return code, log.read_text()

    def make_program(self, service: Service, role: str, name: str | None = None) -> Program:
        name, command = name or f"{service.name}-{role}", [service.package, "--only", role]
        environment = self.environment(service, role)
        made = ForkedProgram(name, command, environment=environment, folder=self.folder, say=self._say, born=self._record.note)
        made.nursery = self.nursery
        return made

    def _run_once(self, job: tuple[str, list[str]]) -> None:
        name, words = job
        code, said = self.call(*words)
        if code:
            raise StackError(f"{name}: {said}")


async def crashed(stage: Stage, name: str, place: str) -> None:
    """It has come to where it was to die."""
    deadline = time.monotonic() + CRASHED_WITHIN
    while stage.not_crashed({name: place}):
        assert time.monotonic() < deadline, f"never came to {place}"
        await asyncio.sleep(0.05)
