"""The five services as the embedded stack runs them: an API and a worker each."""

import http.client
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import psutil
from shared.sealing import check_master_key, new_master_key
from shared.secrets import HOW, weak_key

from deploy.local.errors import StackError
from deploy.local.processes import free_port, is_free
from deploy.local.sidefile import write_private

ROLES = ("api", "worker")
WORKER_OFFSET = 100
FIRST_PORT = 8001


@dataclass(frozen=True)
class Service:
    name: str
    package: str


SERVICES = tuple(Service(name, name.replace("-", "_")) for name in ("order-intake", "inventory", "dispatch", "crm", "kpi"))


def ports_from(first: int, count: int) -> list[int]:
    """Those of the APIs, then those of the workers."""
    apis = range(first, first + count)
    return [*apis, *(port + WORKER_OFFSET for port in apis)]


def free_first_port(count: int) -> int:
    return next(first for first in iter(free_port, None) if all(is_free(port) for port in ports_from(first, count)))


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


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (TimeoutError, OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def master_key(folder: Path) -> str:
    """LSC_MASTER_KEY, or one made once and kept: without it what is sealed in the databases cannot be read."""
    file = folder / "master.key"
    key = os.environ.get("LSC_MASTER_KEY") or (file.read_text().strip() if file.exists() else "")
    if not key:
        key = new_master_key("local")
        write_private(file, key + "\n")
    try:
        return check_master_key(key)
    except ValueError as weak:
        raise StackError(str(weak)) from None


def operator_key(folder: Path) -> str:
    """LSC_OPERATOR_KEY, or one made once and kept."""
    file = folder / "operator.key"
    key = os.environ.get("LSC_OPERATOR_KEY") or (file.read_text().strip() if file.exists() else "")
    if not key:
        key = f"operator.{secrets.token_hex(20)}"
        write_private(file, key + "\n")
    if why := weak_key(key):
        raise StackError(f"LSC_OPERATOR_KEY is refused: {why}. {HOW}")
    return key
