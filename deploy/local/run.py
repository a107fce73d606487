"""`make run`: the embedded stack and the five services, the demo, then serving until Ctrl-C. `make reset` forgets the data."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from rich.console import Console
from rich.table import Table
from shared.plain import lines

from deploy.local.errors import StackError
from deploy.local.leftovers import end_leftovers, servers
from deploy.local.services import FIRST_PORT
from deploy.local.sidefile import Lock
from deploy.local.supervisor import LocalSystem

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".local"
SHOWN = {"LSC_DOCS": "true"}
DEMO_PROMISES = {"LSC_PROMISE_EXPRESS": "20s", "LSC_PROMISE_STANDARD": "40s", "LSC_PROMISE_ECONOMY": "60s"}
"""A promise has to fall due while the demo plays."""

console = Console(highlight=False)


def main() -> int:
    wanted = _arguments()
    try:
        if wanted.reset:
            return reset()
        settings = SHOWN if wanted.no_demo else SHOWN | DEMO_PROMISES
        unsaid = {name: value for name, value in settings.items() if name not in os.environ}
        system = LocalSystem(FOLDER, broker=wanted.broker, ports=FIRST_PORT, env=unsaid, say=say)
        return serve(system, demo=not wanted.no_demo, once=wanted.once)
    except StackError as refused:
        console.print(f"[bold red]{type(refused).__name__}[/] ", end="")
        say(str(refused))
        return 1


def serve(system: LocalSystem, *, demo: bool, once: bool = False) -> int:
    """Until Ctrl-C or a signal to stop; with `once` until the demo has ended, with its exit code."""
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, signal.default_int_handler)
    try:
        with Stopping(system):
            show(system)
            played = play(system) if demo else 0
            if played:
                say(f"The demo failed (exit code {played}).")
            if once:
                return played
            say("Serving. Ctrl-C stops everything.")
            threading.Event().wait()
    except KeyboardInterrupt:
        say("Everything is stopped.")
    return 0


class Stopping:
    """While the system goes down a second Ctrl-C is not heard: everything is stopped in order, within half a minute."""

    def __init__(self, system: LocalSystem) -> None:
        self.system = system

    def __enter__(self) -> None:
        try:
            self.system.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, signal.SIG_IGN)
        say("Stopping ...")
        self.system.stop()


def play(system: LocalSystem) -> int:
    """The demo has our terminal; Ctrl-C reaches it as well as us."""
    command = [sys.executable, "-m", "deploy.local.demo", "--stack", str(FOLDER / "stack.env")]
    demo = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"LSC_OPERATOR_KEY": system.operator_key})
    system.adopt("demo", demo.pid)
    try:
        return demo.wait()
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(10)


def reset() -> int:
    lock = Lock(FOLDER)
    lock.take()
    end_leftovers(FOLDER)
    for server in servers(FOLDER).values():
        server.wipe()
    for name in ("logs", "stack.env", "run.json"):
        path = FOLDER / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    lock.release()
    say("All data of the embedded stack is forgotten; the operator key, the master key and Kafka's jars are kept.")
    return 0


def show(system: LocalSystem) -> None:
    table = Table(title="Logistics Service Center", title_justify="left")
    for heading in ("service", "API (documentation at /docs)", "worker (figures at /metrics)"):
        table.add_column(heading, no_wrap=True)
    for service in system.services:
        table.add_row(service.name, system.url(service.name), system.url(service.name, "worker"))
    console.print(table)
    console.print(f"Operator key   {system.operator_key}")
    console.print(f"Events         {f'Apache Kafka at {system.kafka.bootstrap}' if system.kafka else 'a log in PostgreSQL'}")
    say(f"Logs           {system.folder / 'logs'}/<process>.log")


def say(text: str) -> None:
    console.print(lines(text), markup=False, soft_wrap=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.run", description=__doc__)
    parser.add_argument("--broker", choices=("postgres", "kafka"), default="postgres", help="what carries the events")
    parser.add_argument("--no-demo", action="store_true", help="serve only")
    parser.add_argument("--once", action="store_true", help="stop when the demo has ended, with its exit code")
    parser.add_argument("--reset", action="store_true", help="forget all data and end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
