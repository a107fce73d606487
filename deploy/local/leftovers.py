"""What a run has started, written down, so that the next run can end what a killed one left behind."""

import json
import signal
import threading
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, became
from deploy.local.sidefile import write_private


def postgres_folder(folder: Path, broker: str) -> Path:
    """Events on Kafka and events in PostgreSQL are two worlds; each has databases of its own."""
    return folder / ("kafka" if broker == "kafka" else "postgres-log") / "postgres"


def kafka_folder(folder: Path) -> Path:
    return folder / "kafka/broker"


class Record:
    """run.json: the processes of the run that has this folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "run.json"
        self._turn = threading.Lock()
        self._processes: dict[str, Process] = {}

    def note(self, name: str, pid: int) -> None:
        with self._turn:
            if process := Process.of(pid):
                self._processes[name] = process
            self._write()

    def forget(self) -> None:
        self._processes = {}
        self._file.unlink(missing_ok=True)

    def leftovers(self) -> dict[str, Process]:
        """Of the run before, if they still live."""
        if not self._file.exists():
            return {}
        noted = json.loads(self._file.read_text())
        known = {name: Process(entry["pid"], entry["started_at"]) for name, entry in noted.items()}
        return {name: process for name, process in known.items() if process.is_alive()}

    def _write(self) -> None:
        noted = {name: {"pid": process.pid, "started_at": process.started_at} for name, process in self._processes.items()}
        write_private(self._file, json.dumps(noted, indent=2))


def end_leftovers(folder: Path) -> list[str]:
    """Processes first, then the servers they use, of both worlds; the names of what had to be ended."""
    left = Record(folder).leftovers()
    for process in left.values():
        process.send(signal.SIGTERM)
    became(lambda: not any(process.is_alive() for process in left.values()), 5)
    for process in left.values():
        process.kill()
    running = {name: server for name, server in servers(folder).items() if server.pid}
    for server in running.values():
        server.stop()
    return [*left, *running]


def servers(folder: Path) -> dict[str, Kafka | Postgres]:
    """Those that have data here, in the order in which they are stopped."""
    known: dict[str, Kafka | Postgres] = {
        "kafka": Kafka(kafka_folder(folder)),
        "postgres (beside kafka)": Postgres(postgres_folder(folder, "kafka")),
        "postgres": Postgres(postgres_folder(folder, "postgres")),
    }
    return {name: server for name, server in known.items() if server.folder.exists()}
