"""The five services as the embedded stack runs them: an API and a worker each."""

import http.client
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from shared.sealing import check_master_key, new_master_key
from shared.secrets import HOW, weak_key

from deploy.local.errors import StackError
from deploy.local.sidefile import write_private

ROLES = ("api", "worker")
FIRST_PORT = 8001


@dataclass(frozen=True)
class Service:
    name: str
    package: str


SERVICES = tuple(Service(name, name.replace("-", "_")) for name in ("order-intake", "inventory", "dispatch", "crm", "kpi"))


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
