"""The command line that every service has: `python -m <package>`."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import uvicorn
from alembic import command

from shared.audit.chain import Head
from shared.edge.protocol import guarded
from shared.log_lines import start_logging
from shared.migrations import config, migrate
from shared.service import Service, create_app
from shared.settings import Settings
from shared.starting import ends_where_unavailable, read_settings
from shared.walls import Role

WORKER_PORT = 100
"""The worker answers /livez, /readyz and /metrics at the service's port plus this."""


def main(service: Service, arguments: Sequence[str] | None = None) -> None:
    chosen = _parser(service).parse_args(arguments)
    settings = read_settings(service.settings)
    if chosen.command is None:
        _serve(service, settings, chosen.only)
    else:
        with ends_where_unavailable():
            _do(service, settings, chosen)


def _do(service: Service, settings: Settings, chosen: argparse.Namespace) -> None:
    match chosen.command:
        case "migrate" | "check" | "revision":
            _shape(service, settings.database(service.package, Role.OWNER), chosen)
        case "parked" | "relay" | "audit":
            _operate(service, settings, chosen)
        case name:
            own = next(each for each in service.commands if each.name == name)
            asyncio.run(own.run(settings, chosen))


def _shape(service: Service, url: str, chosen: argparse.Namespace) -> None:
    """The tables: made, compared with what is declared, or a step written that brings them there."""
    match chosen.command:
        case "migrate":
            migrate(service.package, url)
        case "check":
            command.check(config(service.package, url, service.metadata))
        case _:
            command.revision(config(service.package, url, service.metadata), chosen.message, autogenerate=True)


def _operate(service: Service, settings: Settings, chosen: argparse.Namespace) -> None:
    """On what was said, heard and done."""
    match chosen.command:
        case "parked":
            from shared.parked import operate

            asyncio.run(operate(service, settings, chosen.action, chosen.aggregate))
        case "relay":
            from shared.relay import replay

            asyncio.run(replay(service, settings, chosen.since))
        case _:
            from shared.audit.command import verify

            sys.exit(not asyncio.run(verify(service, settings, chosen.begin, chosen.expect)))


def _serve(service: Service, settings: Settings, only: str | None) -> None:
    start_logging(service.name, only or "both", settings.log_level)
    if service.seals:
        settings.masters()
    if only == "api":
        return _run_api(service, settings)
    if only == "worker":
        from shared.worker import run

        return run(service, settings)
    return _run_both(service)


def _run_api(service: Service, settings: Settings) -> None:
    uvicorn.run(
        create_app(service, settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=guarded(settings, service.bodies.largest),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        date_header=False,
        timeout_graceful_shutdown=15,
    )


def _run_both(service: Service) -> None:
    """Two processes; when one ends, or a signal comes, both do."""
    itself = [sys.executable, "-m", service.package, "--only"]
    children: list[subprocess.Popen[bytes]] = []
    is_asked = threading.Event()

    def stop(*_: object) -> None:
        is_asked.set()
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    children += [subprocess.Popen([*itself, part]) for part in ("api", "worker")]  # noqa: S603 - no word of it comes from outside
    if is_asked.is_set():
        stop()
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # whoever it is keeps its exit code
    stop()
    sys.exit(max(_complaint(child.wait()) for child in children))


def _complaint(code: int) -> int:
    """Who was asked to end and ended by that has none."""
    return 0 if code == -signal.SIGTERM else abs(code)


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m {service.package}", description=f"{service.title}: API and worker.")
    parser.add_argument("--only", choices=["api", "worker"], help="start one of the two processes")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("migrate", help="bring the database to the newest version")
    commands.add_parser("check", help="fail when the tables and the migrations differ")
    commands.add_parser("revision", help="write a migration for what has changed in models.py").add_argument("message")
    parked = commands.add_parser("parked", help="list, replay or discard what a handler refused")
    parked.add_argument("action", choices=["list", "replay", "discard"])
    parked.add_argument("aggregate", nargs="?", help="kind/id")
    relay = commands.add_parser("relay", help="send events of the ledger again")
    relay.add_argument("action", choices=["replay"])
    relay.add_argument("--from", dest="since", required=True, help="an instant such as 2026-05-01T00:00:00Z")
    audit = commands.add_parser("audit", help="compare who did what with what was sealed")
    audit.add_argument("action", choices=["verify"])
    audit.add_argument("--expect", type=Head.read, metavar="HEAD", help="a head that was kept elsewhere: the chain must have it")
    audit.add_argument("--from", dest="begin", type=Head.read, metavar="HEAD", help="a head that was verified: begin after it")
    for own in service.commands:
        own.arguments(commands.add_parser(own.name, help=own.help))
    return parser
