"""A real Apache Kafka without Docker: one KRaft node on 127.0.0.1, run by the JDK of this machine."""

import asyncio
import base64
import shutil
import signal
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.errors import StackError, StartError
from deploy.local.java import RECIPE, jars, java
from deploy.local.ports import free_port, is_free
from deploy.local.processes import Process, became
from deploy.local.server import Server
from deploy.local.sidefile import recall, remember

START_SECONDS = 60
STOP_SECONDS = 30
JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
"""Measured on two cores with 560,000 records in batches of 100: with the second compiler 11.5 s of CPU, without it 7.3 s, and equal in
the end; the serial collector needs less memory than the parallel one or G1 and no more CPU."""


class Kafka(Server):
    """Keeps its data below the folder; the port is remembered there, so that clients find it again after a restart.

    `settings` come after those of server.properties, may use its words after a dollar sign, and are good from the next start on."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        super().__init__(folder, "kafka.json", port)
        self.settings: dict[str, str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._known['port']}"

    @property
    def pid(self) -> int | None:
        process = self._process()
        return process.pid if process else None

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    def start(self) -> None:
        with self._turn:
            self._lock.take()
            self._end(signal.SIGTERM)
            self._configure()
            if not (self._data / "meta.properties").exists():
                self._format()
            self._launch()
            if not became(self._is_serving, START_SECONDS, every=0.1):
                raise StartError("Kafka", self.log)
            self._is_wanted = True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._is_wanted = False
        with self._turn:
            self._lock.take()
            self._end(how)
            self._lock.release()

    def kill(self) -> None:
        """As when the machine dies."""
        self.stop(signal.SIGKILL)

    def wipe(self) -> None:
        """Lose every topic and record; the next start is a new, empty cluster at the same address."""
        self.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _configure(self) -> None:
        known = recall(self._side)
        port = self._wanted_port or free_port(int(known.get("port", 0)))
        if not is_free(port):
            raise StackError(f"Port {port} for Kafka is taken by another program.")
        self._known = {"port": port, "controller_port": free_port(int(known.get("controller_port", 0)))}
        remember(self._side, self._known)
        lines = [(RECIPE / "server.properties").read_text(), *(f"{name}={value}\n" for name, value in self.settings.items())]
        (self.folder / "server.properties").write_text(Template("".join(lines)).substitute(self._known, data=self._data))

    def _format(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        cluster = "L" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        options = ["format", "--standalone", "--cluster-id", cluster, "--config", str(self.folder / "server.properties")]
        command = [
            java(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            _classpath(),
            "kafka.tools.StorageTool",
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"Kafka's storage could not be formatted: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self) -> None:
        command = [java(), *JVM, "-cp", _classpath(), "kafka.Kafka", str(self.folder / "server.properties")]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        process = Process.of(self._child.pid)
        self._known |= {"pid": self._child.pid, "started_at": str(process.started_at if process else 0)}
        remember(self._side, self._known)

    def _is_serving(self) -> bool:
        if self._child and self._child.poll() is not None:
            raise StartError("Kafka", self.log)
        if is_free(int(self._known["port"])):
            return False
        with ThreadPoolExecutor(1) as thread:  # the caller may have a running event loop
            return thread.submit(asyncio.run, _has_brokers(self.bootstrap)).result()

    def _process(self) -> Process | None:
        known = self._known if "pid" in self._known else recall(self._side)
        if "pid" not in known:
            return None
        process = Process(int(known["pid"]), float(known["started_at"]))
        return process if process.is_alive() else None

    def _end(self, how: signal.Signals) -> None:
        if process := self._process():
            process.end(STOP_SECONDS) if how is signal.SIGTERM else process.kill()
        if self._child:
            self._child.wait()
            self._child = None


def _classpath() -> str:
    return f"{RECIPE}:{jars()}/*"


async def _has_brokers(bootstrap: str) -> bool:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2_000)
    try:
        await client.start()
        return bool((await client.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
