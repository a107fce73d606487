import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from secrets import token_urlsafe

import asyncpg
import httpx
import pytest
import structlog
from hypothesis import settings
from shared.database import Connection, Pool, Transaction, open_pool
from shared.key_store import KeyStore, open_key_store
from shared.key_upkeep import make_key_store
from shared.migrations import migrate
from shared.sealing import MasterKeys, new_master_key
from shared.service import Service, create_app
from shared.settings import KEYS_DATABASE
from shared.walls import Role, entered_as

from deploy.local.java import missing as missing_tools
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from tests.spread import pytest_collection_modifyitems, pytest_sessionfinish, pytest_xdist_make_scheduler  # noqa: F401 - pytest calls them

OPERATOR_KEY = f"operator.{token_urlsafe(32)}"
MASTER_KEY = new_master_key("test")
settings.register_profile("on any machine", deadline=None)
settings.load_profile("on any machine")
PACKAGES = ("order_intake", "inventory", "dispatch", "crm", "kpi")


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """No test reaches a system that happens to run on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSC_STACK_FILE", os.devnull)
        patch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/{database}")
        patch.setenv("LSC_MASTER_KEY", MASTER_KEY)
        structlog.configure(processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)])
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL for the whole run, without fsync: nothing in it must survive the run. Many short runs may be given a common one."""
    common = os.environ.get("LSC_COMMON_POSTGRES")
    server = Postgres(Path(common) if common else tmp_path_factory.mktemp("postgres"), fsync=False)
    with nullcontext() if common else server, pytest.MonkeyPatch.context() as patch:
        server.create_database(KEYS_DATABASE)
        patch.setenv("LSC_KEYS_URL", server.url(KEYS_DATABASE))
        with ThreadPoolExecutor(1) as threads:
            threads.submit(asyncio.run, make_key_store(server.url(KEYS_DATABASE))).result()
        yield server
    if not common:
        server.wipe()


def require_kafka() -> None:
    """Where Java or Maven is missing, the tests on Kafka are skipped loudly, or fail when CI requires them."""
    if missing := missing_tools():
        if os.environ.get("LSC_KAFKA_REQUIRED"):
            pytest.fail(f"The Kafka suite is required, but {', '.join(missing)} is missing.")
        pytest.skip(f"THE KAFKA SUITE DID NOT RUN: {', '.join(missing)} is missing.")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One real broker for the whole run."""
    require_kafka()
    with Kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="session")
def database_of(postgres: Postgres) -> Callable[[str], str]:
    """The URL of a service's migrated database, made at its first use, with the service's login and no role yet."""
    made: dict[str, str] = {}

    def database(package: str) -> str:
        if package not in made:
            postgres.create_service(package)
            made[package] = postgres.url(package, package)
            migrate(package, entered_as(made[package], package, Role.OWNER))
        return made[package]

    return database


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    """Of each service, one after the other."""
    return str(request.param)


@pytest.fixture
def url(package: str, database_of: Callable[[str], str]) -> str:
    """Of its database."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(database_of, package).result()


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Service:
    """The service whose tests folder this is."""
    package = next(name for name in PACKAGES if name in request.path.parts)
    found: Service = import_module(f"{package}.app").SERVICE
    return found


@pytest.fixture(scope="module")
def database(service: Service, database_of: Callable[[str], str]) -> str:
    """Made in a thread, because Alembic starts an event loop of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(database_of, service.package).result()


@pytest.fixture(scope="module")
async def pool(service: Service, database: str) -> AsyncIterator[Pool]:
    """As the worker."""
    made = await open_pool(entered_as(database, service.package, Role.WORKER), 10)
    yield made
    await made.close()


@pytest.fixture
async def key_store(postgres: Postgres) -> AsyncIterator[KeyStore]:
    """The keys of data subjects that the service uses as well, without its memory."""
    made = await open_key_store(postgres.url(KEYS_DATABASE), MasterKeys(MASTER_KEY))
    yield made
    await made.close()


class SeenAtOnce(Transaction):
    """Writes what was gathered before it reads, so that a test sees it without a commit."""

    async def connection(self) -> Connection:
        connection = await super().connection()
        await self._write_gathered()
        return connection


@pytest.fixture
async def tx(pool: Pool) -> AsyncIterator[Transaction]:
    """A transaction that is rolled back after the test."""
    one = SeenAtOnce(pool)
    yield one
    await one.rollback()


@asynccontextmanager
async def serving(service: Service, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service's API in this process, called with the operator key."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        environment.setenv("LSC_OPERATOR_KEY", OPERATOR_KEY)
        settings = service.settings()
    app = create_app(service, settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.02)
            yield client


@pytest.fixture(scope="module")
async def client(service: Service, database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(service, database) as calling:
        yield calling


async def published(tx: Transaction) -> list[asyncpg.Record]:
    """What was said in this transaction, in order."""
    return await tx.fetch(
        "SELECT type, aggregate, version, customer_id, convert_from(body, 'UTF8') AS body FROM outbox WHERE created_at = now() ORDER BY id"
    )
