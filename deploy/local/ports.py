"""Ports of this machine: which are free, and which of those a process may take without meeting others that start at the same time."""

import secrets
import socket
import tempfile
from collections import deque
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import psutil

from deploy.local.errors import InUseError, StackError
from deploy.local.processes import became
from deploy.local.sidefile import Lock

WORKER_OFFSET = 100
FIRST, LANE, LANES = 20_000, 1_000, 12
"""Below the range that outgoing connections take theirs from."""


def ports_from(first: int, count: int) -> list[int]:
    """Those of the APIs, then those of the workers."""
    apis = range(first, first + count)
    return [*apis, *(port + WORKER_OFFSET for port in apis)]


def free_first_port(count: int) -> int:
    return _take(ports_from(0, count))


def require_free(ports: list[int]) -> None:
    taken = [f"  {port} by {_owner(port)}" for port in ports if not is_free(port)]
    if taken:
        raise StackError("\n".join(["These ports are taken:", *taken, "Stop those programs, then try again."]))


def _owner(port: int) -> str:
    try:
        found = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN and c.pid]
        return f"{psutil.Process(found[0].pid).name()} (pid {found[0].pid})" if found else "another program"
    except psutil.Error:
        return "another program"


def is_free(port: int) -> bool:
    """Nobody answers there and we may listen there: one alone does not say it on every system."""
    with socket.socket() as caller:
        if caller.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(wanted: int | None = None) -> int:
    """The wanted one if it is free or soon will be, else one of this process's own."""
    if wanted and became(lambda: is_free(wanted), 3):
        _given.append(wanted)
        return wanted
    return _take([0])


def _take(offsets: Sequence[int]) -> int:
    """The first of free ports that lie so far from it."""
    while True:
        first = _lane() + secrets.randbelow(LANE - max(offsets))
        ports = [first + offset for offset in offsets]
        if not any(port in _given for port in ports) and all(map(is_free, ports)):
            _given.extend(ports)
            return first


@cache
def _lane() -> int:
    """Where the ports begin that are this process's own for as long as it lives; where all lanes are taken it shares one."""
    for number in range(LANES):
        lock = Lock(Path(tempfile.gettempdir()) / f"lsc-ports-{number}")
        try:
            lock.take()
        except (InUseError, OSError):
            continue
        _held.append(lock)
        return FIRST + number * LANE
    return FIRST + secrets.randbelow(LANES) * LANE


_held: list[Lock] = []
_given: deque[int] = deque(maxlen=200)
"""Whoever got one of these may not have taken it yet."""
