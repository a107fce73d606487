"""The whole system on this machine, every process behind links of its own to PostgreSQL and to Kafka."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.services import ROLES, SERVICES, Service
from deploy.local.supervisor import LocalSystem
from deploy.local.watch import Program
from tests.crash.proxy import Link
from tests.crash.small_disk import SmallDisk
from tests.crash.wires import KafkaSpy, PostgresSpy

ROOT = Path(__file__).resolve().parents[2]
SECOND, SECOND_INSTANCE = "worker-2", "second"
CLOSE_AFTER = "3s"
TERMS = {"LSC_CLOSE_AFTER": CLOSE_AFTER, "LSC_OPEN_ORDERS_PER_CUSTOMER": "0", "LSC_RATE_WRITE": "", "LSC_RATE_READ": ""}
"""Delivered orders close while the rig looks on; nobody is told to come again later."""


class Links:
    """`postgres` by process; `kafka` by worker: a listener of the broker each, whose advertised address is the link; `callers` by
    service, from everybody to its API."""

    def __init__(self, stage: "Stage") -> None:
        self._listeners = {name: free_port() for name in _workers()}
        self.postgres = {name: Link(f"{name} to PostgreSQL", lambda: stage.postgres.port, PostgresSpy) for name in _processes()}
        self.kafka = {name: Link(f"{name} to Kafka", lambda port=port: port, KafkaSpy) for name, port in self._listeners.items()}  # type: ignore[misc]  # the default binds the port

        self.callers = {each.name: Link(f"callers to {each.name}", lambda name=each.name: stage.port(name)) for each in SERVICES}  # type: ignore[misc]

    @property
    def all(self) -> list[Link]:
        return [*self.postgres.values(), *self.kafka.values(), *self.callers.values()]

    async def open(self) -> None:
        await asyncio.gather(*(link.open() for link in self.all))

    async def close(self) -> None:
        await asyncio.gather(*(link.close() for link in self.all))

    def calm(self) -> None:
        for link in self.all:
            link.calm()

    def settings(self) -> dict[str, str]:
        """What the broker must know of the links; once they are open."""
        words = {name: f"LINK{number}" for number, name in enumerate(self._listeners)}
        own = {word: f"{word}://127.0.0.1:{self._listeners[name]}" for name, word in words.items()}
        led = {word: f"{word}://127.0.0.1:{self.kafka[name].port}" for name, word in words.items()}
        first = "BROKER://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller_port"
        return {
            "listeners": ",".join([first, *own.values()]),
            "advertised.listeners": ",".join([first, *led.values()]),
            "listener.security.protocol.map": ",".join(f"{word}:PLAINTEXT" for word in ("BROKER", "CONTROLLER", *words.values())),
        }


def _processes() -> Iterator[str]:
    for service in SERVICES:
        yield from (f"{service.name}-{role}" for role in (*ROLES, SECOND))


def _workers() -> list[str]:
    return [name for name in _processes() if "-worker" in name]


class Stage(LocalSystem):
    """`patches` are names of patches.py that every process starts with; `second` are further workers, started and stopped by faults."""

    def __init__(self, folder: Path, note: Callable[[str], None], patches: str = "") -> None:
        self.patches = patches
        self.links = Links(self)
        self.second: list[Program] = []
        self.disk: SmallDisk | None = None
        super().__init__(folder, broker="kafka", env=TERMS, say=note)

    @property
    def all_programs(self) -> list[Program]:
        """Those that are gone as well."""
        return [*self.programs, *self.second]

    def called_at(self, service: str) -> str:
        """Where callers reach it."""
        return f"http://127.0.0.1:{self.links.callers[service].port}"

    async def rise(self) -> None:
        await self.links.open()
        assert self.kafka
        self.kafka.settings = self.links.settings()
        await asyncio.to_thread(self.start)

    async def fall(self) -> None:
        self.links.calm()
        await asyncio.to_thread(self.stop)
        await self.links.close()

    def wake_kafka(self) -> None:
        if self.kafka and self.kafka.pid:
            os.kill(self.kafka.pid, signal.SIGCONT)

    async def mend(self) -> None:
        """End what a fault that was broken off has left: links, servers, processes that hang, workers too many."""
        self.links.calm()
        self.wake_kafka()
        if self.disk:
            self.disk.empty()
        for program in self.all_programs:
            program.go_on()
        for program in self.second:
            program.ask_to_stop()
        for server in (self.postgres, self.kafka):
            if server and server.pid is None:
                await asyncio.to_thread(server.start)

    def ask_where_they_stand(self) -> None:
        """Every process writes into its log what its tasks wait for."""
        for program in self.programs:
            if program.pid:
                os.kill(program.pid, signal.SIGUSR1)

    def stop(self) -> None:
        for program in self.second:
            program.ask_to_stop()
        super().stop()
        for program in self.second:
            program.wait_stopped(0)

    def command(self, service: Service, role: str) -> list[str]:
        return [sys.executable, "-m", "tests.crash.launcher", service.package, "--only", role.removesuffix("-2")]

    def environment(self, service: Service, role: str) -> dict[str, str]:
        name = f"{service.name}-{role}"
        found = super().environment(service, role) | {"PYTHONPATH": str(ROOT), "CRASH_PATCHES": self.patches}
        server, link = f"127.0.0.1:{self.postgres.port}/", f"127.0.0.1:{self.links.postgres[name].port}/"
        found |= {variable: found[variable].replace(server, link) for variable in ("DATABASE_URL", "LSC_KEYS_URL")}
        if name in self.links.kafka:
            found["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{self.links.kafka[name].port}"
        return found | ({"LSC_PORT": str(free_port()), "LSC_INSTANCE": SECOND_INSTANCE} if role == SECOND else {})

    def patched(self, name: str) -> dict[str, str]:
        """Variables for a life with one patch more."""
        return {"CRASH_PATCHES": ",".join(filter(None, [self.patches, name]))}

    def start_second(self, service: Service) -> Program:
        """Another worker in the group of this service."""
        program = self.make_program(service, SECOND)
        self.second.append(program)
        program.start()
        return program

    async def tool(self, *words: str) -> None:
        """A command of the system, as an operator gives it: `python -m` and these words, straight to the servers."""
        environment = self.tool_environment() | {"PYTHONPATH": str(ROOT)}
        done = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, cwd=self.folder, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await done.communicate()
        finally:
            if done.returncode is None:
                done.kill()
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} failed: {output.decode()[-2000:]}")
