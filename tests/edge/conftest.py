"""One real API process, as it runs in an installation, on a real database."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from shared.key_rows import hash_of
from shared.walls import Role, entered_as

from deploy.local.ports import free_port
from deploy.local.processes import became
from deploy.local.services import answers
from tests.conftest import OPERATOR_KEY
from tests.edge.who import CUSTOMER, CUSTOMER_KEY, RIVAL, RIVAL_KEY, SKU
from tests.edge.wire import Answer, ask
from tests.shared.plumbing import until

if TYPE_CHECKING:
    Database = asyncpg.Connection[asyncpg.Record]

SLOW_AFTER = 1.0


@dataclass(frozen=True)
class Api:
    port: int
    process: psutil.Process
    log: Path

    async def ask(self, method: str, path: str, *fields: str, body: bytes = b"", key: str = OPERATOR_KEY) -> Answer:
        return await ask(self.port, method, path, f"Authorization: Bearer {key}", *fields, body=body)

    def memory(self) -> int:
        return int(self.process.memory_info().rss)

    async def figure(self, name: str) -> float:
        """A figure of /metrics, all its labels together."""
        lines = (await self.ask("GET", "/metrics")).body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


@contextmanager
def running(url: str, folder: Path, **settings: str) -> Iterator[Api]:
    port = free_port()
    environment = os.environ | {"DATABASE_URL": url, "LSC_OPERATOR_KEY": OPERATOR_KEY, "LSC_PORT": str(port)} | settings
    log = folder / "api.log"
    with log.open("wb") as out:
        api = subprocess.Popen([sys.executable, "-m", "order_intake", "--only", "api"], env=environment, stdout=out, stderr=out)
        try:
            assert became(lambda: answers(port, "/readyz"), 30), log.read_text()
            yield Api(port, psutil.Process(api.pid), log)
        finally:
            api.terminate()
            api.wait()


@pytest.fixture(scope="module")
def api(database_of: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(database_of("order_intake"), tmp_path_factory.mktemp("door"), LSC_SLOW_AFTER=f"{SLOW_AFTER * 1000:.0f}ms") as one:
        yield one


@pytest.fixture
async def database(database_of: Callable[[str], str]) -> AsyncIterator["Database"]:
    connection = await asyncpg.connect(entered_as(database_of("order_intake"), "order_intake", Role.STAFF))
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
async def customers(api: Api, database: "Database") -> None:
    """Two customers with an item and a key each, known to the running API."""
    for customer_id, key in ((CUSTOMER, CUSTOMER_KEY), (RIVAL, RIVAL_KEY)):
        key_id, _, secret = key.partition(".")
        await database.execute("INSERT INTO customers VALUES ($1, false, 1) ON CONFLICT DO NOTHING", customer_id)
        await database.execute("INSERT INTO items VALUES ($1, $2) ON CONFLICT DO NOTHING", customer_id, SKU)
        await database.execute(
            "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes) VALUES ($1, $2, $3, '{orders:read,orders:write}') "
            "ON CONFLICT DO NOTHING",
            *(key_id, hash_of(secret), customer_id),
        )

        async def is_known(key: str = key) -> bool:
            return (await api.ask("GET", "/orders?limit=1", key=key)).status == 200

        await until(is_known)
