"""The APIs of all services, with a key of staff and one of a customer for every scope, for all of them and for none."""

import hashlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module

import httpx
import pytest
from shared.database import open_pool
from shared.scopes import SCOPES
from shared.service import Service
from shared.walls import Role, entered_as

from tests.conftest import PACKAGES, serving

OWN = "SCOPES-OWN"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Called:
    service: Service
    client: httpx.AsyncClient
    url: str

    async def __call__(self, key_id: str, method: str, path: str, **more: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key_id}.{SECRET}"}
        return await self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]  # as httpx takes it


def keys() -> dict[str, tuple[str | None, list[str]]]:
    """Customer and scopes by id."""
    held = {"none": [], "all": ["*"], "listed": list(SCOPES), **{scope.replace(":", "-"): [scope] for scope in SCOPES}}
    return {f"{who}-{name}": (owner, scopes) for who, owner in (("staff", None), ("own", OWN)) for name, scopes in held.items()}


async def store_keys(url: str, package: str) -> None:
    pool = await open_pool(entered_as(url, package, Role.STAFF), 1)
    for key_id, (owner, scopes) in keys().items():
        await pool.execute(
            "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (key_id) DO UPDATE SET revoked_at = NULL, changed_in = excluded.changed_in",
            *(key_id, hashlib.sha256(SECRET.encode()).digest(), owner, scopes),
        )
    await pool.close()


@pytest.fixture(scope="module", params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
async def call(package: str, database_of: Callable[[str], str]) -> AsyncIterator[Called]:
    with ThreadPoolExecutor(1) as threads:
        url = threads.submit(database_of, package).result()
    service: Service = import_module(f"{package}.app").SERVICE
    await store_keys(url, package)
    async with serving(service, url) as client:
        yield Called(service, client, url)
