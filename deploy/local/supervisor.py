"""The whole system on one machine: servers, five services as ten processes, kept alive, stopped in order."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self

from deploy.local.errors import StartError
from deploy.local.kafka import Kafka
from deploy.local.leftovers import Record, end_leftovers, kafka_folder, postgres_folder
from deploy.local.ports import WORKER_OFFSET, free_first_port, ports_from, require_free
from deploy.local.postgres import Postgres
from deploy.local.postgres_settings import LOGIN
from deploy.local.processes import became, listens
from deploy.local.services import ROLES, SERVICES, Service, answers, master_key, operator_key
from deploy.local.sidefile import Lock, write_private
from deploy.local.watch import Program, Watch

LOG_DATABASE = "lsc_log"
KEYS_DATABASE = "lsc_keys"
READY_SECONDS = 60
STOP_SECONDS = 20
OURS = (
    *("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "LSC_LOG_URL", "LSC_KEYS_URL", "LSC_OPERATOR_KEY", "LSC_MASTER_KEY"),
    *("LSC_PORT", "LSC_HOST", "LSC_INSTANCE", "LSC_STACK_FILE"),
)
"""What a caller's environment says of these is of another system than the one started here."""

Broker = Literal["postgres", "kafka"]


class LocalSystem:
    """`with LocalSystem(folder, broker="kafka") as system:` - ready inside, gone afterwards, its data kept in the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        broker: Broker = "postgres",
        env: Mapping[str, str] | None = None,
        fsync: bool = True,
        ports: int | None = None,
        services: Sequence[Service] = SERVICES,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.folder = folder.absolute()
        self.services = tuple(services)
        self.postgres = Postgres(postgres_folder(self.folder, broker), fsync=fsync)
        self.kafka = Kafka(kafka_folder(self.folder)) if broker == "kafka" else None
        self.operator_key = ""
        self.stack: dict[str, str] = {}
        self._first_port = ports or 0
        self._extra = dict(env or {})
        self._say = say
        self._lock = Lock(self.folder)
        self._record = Record(self.folder)
        self._programs: dict[str, Program] = {}
        self._watch = Watch({"PostgreSQL": self.postgres} | ({"Kafka": self.kafka} if self.kafka else {}), say)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def processes(self) -> dict[str, int]:
        """By name (`inventory-worker`, `postgres`, `kafka`); who is down at this moment is missing."""
        pids = {name: program.pid for name, program in self._programs.items()}
        pids |= {"postgres": self.postgres.pid, "kafka": self.kafka.pid if self.kafka else None}
        return {name: pid for name, pid in pids.items() if pid}

    def port(self, service: str, role: str = "api") -> int:
        place = [each.name for each in self.services].index(service)
        return self._first_port + place + (WORKER_OFFSET if role == "worker" else 0)

    def url(self, service: str, role: str = "api") -> str:
        return f"http://127.0.0.1:{self.port(service, role)}"

    @property
    def programs(self) -> list[Program]:
        return list(self._programs.values())

    def program(self, service: str, role: str) -> Program:
        return self._programs[f"{service}-{role}"]

    def kill(self, service: str, role: str) -> None:
        """SIGKILL; the process is started again."""
        self.program(service, role).kill()

    def adopt(self, name: str, pid: int) -> None:
        """A process of the caller's that must not outlive a run that is killed."""
        self._record.note(name, pid)

    def start(self) -> None:
        self._lock.take()
        if ended := end_leftovers(self.folder):
            self._say(f"Ended what a killed run left behind: {', '.join(ended)}.")
        self._first_port = self._first_port or free_first_port(len(self.services))
        require_free(ports_from(self._first_port, len(self.services)))
        self._start_servers()
        self._write_stack()
        self._prepare()
        self._start_services()

    def stop(self) -> None:
        """Services, then Kafka, then PostgreSQL; nothing to do for what is down already."""
        if not self._lock.is_held:
            return
        self._watch.stop()
        deadline = time.monotonic() + STOP_SECONDS
        for program in self._programs.values():
            program.ask_to_stop()
        for program in self._programs.values():
            program.wait_stopped(deadline)
        if self.kafka:
            self.kafka.stop()
        self.postgres.stop()
        self._record.forget()
        self._lock.release()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Every API and worker answers /readyz with 200, each itself: another program on its port does not count."""
        waiting = {name: self.port(*name.rsplit("-", 1)) for name in self._programs}

        def all_ready() -> bool:
            for name, port in list(waiting.items()):
                program = self._programs[name]
                if program.pid and listens(program.pid, port) and answers(port, "/readyz"):
                    del waiting[name]
                elif program.restarts > 2:
                    raise StartError(name, program.log)
            return not waiting

        if not became(all_ready, seconds, every=0.2):
            late = next(iter(waiting))
            raise StartError(late, self._programs[late].log)

    def _start_servers(self) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(2) as threads:
            starts = [threads.submit(server.start) for server in (self.postgres, self.kafka) if server]
            for start in starts:
                start.result()
        for service in self.services:
            self.postgres.create_service(service.package)
        for database in (LOG_DATABASE, KEYS_DATABASE):
            self.postgres.create_database(database)
        self._watch.start()
        self._say(f"{'PostgreSQL and Kafka run' if self.kafka else 'PostgreSQL runs'} ({time.monotonic() - began:.1f} s).")

    def _write_stack(self) -> None:
        """Where a service or tool that is started by hand looks for this system."""
        self.operator_key = self._extra.get("LSC_OPERATOR_KEY") or operator_key(self.folder)
        self.stack = {
            "DATABASE_URL": self.postgres.url("{database}", login="{database}"),
            "LSC_LOG_URL": self.postgres.url(LOG_DATABASE),
            "LSC_KEYS_URL": self.postgres.url(KEYS_DATABASE, login="{database}"),
            "LSC_OPERATOR_KEY": self.operator_key,
            "LSC_MASTER_KEY": self._extra.get("LSC_MASTER_KEY") or master_key(self.folder),
        }
        if self.kafka:
            self.stack["KAFKA_BOOTSTRAP_SERVERS"] = self.kafka.bootstrap
        write_private(self.folder / "stack.env", "".join(f"{name}={value}\n" for name, value in self.stack.items()))

    def tool_environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        return inherited | self.stack | {"LSC_HOST": "127.0.0.1"} | self._extra

    def _prepare(self) -> None:
        """Migrations of every database and the topics of the bus, side by side."""
        began = time.monotonic()
        jobs = {f"{service.name}-migrate": [service.package, "migrate"] for service in self.services}
        jobs |= {"topics": ["shared", "topics"], "key-store": ["shared", "key-store", *self._key_logins()]}
        with ThreadPoolExecutor(len(jobs)) as threads:
            for _ in threads.map(self._run_once, jobs.items()):
                pass
        self._say(f"Databases are migrated, topics are made ({time.monotonic() - began:.1f} s).")

    def _key_logins(self) -> list[str]:
        """order-intake makes and destroys the keys of consignees, dispatch reads them; `lsc` owns their tables."""
        known = {service.package for service in self.services}
        logins = [("--writer", "order_intake"), ("--reader", "dispatch")]
        return ["--owner", LOGIN, *(word for option, login in logins if login in known for word in (option, login))]

    def _run_once(self, job: tuple[str, list[str]]) -> None:
        name, words = job
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            command = [sys.executable, "-m", *words]
            done = subprocess.run(command, stdout=out, stderr=out, cwd=self.folder, env=self.tool_environment(), check=False)
        if done.returncode:
            raise StartError(name, log)

    def command(self, service: Service, role: str) -> list[str]:
        return [sys.executable, "-m", service.package, "--only", role]

    def environment(self, service: Service, role: str) -> dict[str, str]:
        return self.tool_environment() | {"LSC_PORT": str(self.port(service.name))}

    def make_program(self, service: Service, role: str, name: str | None = None) -> Program:
        """Not yet started."""
        name = name or f"{service.name}-{role}"
        command, environment = self.command(service, role), self.environment(service, role)
        return Program(name, command, environment=environment, folder=self.folder, say=self._say, born=self._record.note)

    def _start_services(self) -> None:
        began = time.monotonic()
        require_free(ports_from(self._first_port, len(self.services)))
        for service in self.services:
            for role in ROLES:
                self._programs[f"{service.name}-{role}"] = self.make_program(service, role)
                self.program(service.name, role).start()
        self.wait_ready()
        self._say(f"{len(self._programs)} processes are ready ({time.monotonic() - began:.1f} s).")
