"""What nobody expected is told to the log and to nobody else, by every service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from traceback import format_exception

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from shared.routes import Reading, Tx, router
from shared.scopes import needs
from shared.service import Service, create_app
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.conftest import OPERATOR_KEY, PACKAGES

CANARY = "canary-7391"
TELLING = ("canary", "select", "insert", "traceback", "error:", ".py", "shared/", "sqlalchemy", "asyncpg", "pydantic", "line ")
"""What a trace, a statement or a path would have in it."""


def broken() -> FastAPI:
    """Ways to go wrong that no service should have."""
    api, app = router(), FastAPI()
    _break_in_code(api)
    _break_in_the_database(api)
    app.include_router(api)
    return app


def _break_in_code(api: APIRouter) -> None:
    @api.get("/broken/python")
    @needs("audit:read")
    async def python() -> None:
        raise RuntimeError(f"{CANARY} in {__file__}")

    @api.get("/broken/cause")
    @needs("audit:read")
    async def cause() -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ExceptionGroup(CANARY, [ValueError(CANARY)]) from error

    @api.get("/broken/answer", response_model=dict[str, int])
    @needs("audit:read")
    async def answer() -> dict[str, str]:
        return {"a": CANARY}


def _break_in_the_database(api: APIRouter) -> None:
    @api.get("/broken/statement")
    @needs("audit:read")
    async def statement(reading: Reading) -> None:
        await reading.execute(text(f"SELECT '{CANARY}' FROM nowhere"))

    @api.post("/broken/row")
    @needs("audit:read")
    async def row(body: dict[str, str], tx: Tx) -> None:
        await tx.execute("SELECT ($1::text)::json", body["secret"])


@pytest.fixture(scope="module", params=PACKAGES)
async def client(request: pytest.FixtureRequest, database_of: Callable[[str], str]) -> AsyncIterator[httpx.AsyncClient]:
    service: Service = import_module(f"{request.param}.app").SERVICE
    with ThreadPoolExecutor(1) as threads, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", threads.submit(database_of, service.package).result())
        environment.setenv("LSC_OPERATOR_KEY", OPERATOR_KEY)
        app = create_app(service, service.settings())
    app.router.routes.extend(broken().router.routes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}", "Cookie": CANARY}
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as calling:
        while not app.state.keys.is_read:
            await asyncio.sleep(0.02)
        yield calling


@pytest.mark.parametrize("way", ["python", "cause", "statement", "row", "answer"])
async def test_a_fault_of_ours_tells_nothing(client: httpx.AsyncClient, way: str) -> None:
    with capture_logs() as logged:
        method = "POST" if way == "row" else "GET"
        answer = await client.request(method, f"/broken/{way}", json={"secret": "body2846"} if way == "row" else None)

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["type"] == "/problems/internal"
    assert answer.headers["x-correlation-id"]
    said = (answer.text + str(answer.headers)).lower()
    assert not [word for word in TELLING if word in said]
    [entry] = [entry for entry in logged if entry["event"] == "request.failed"]
    trace = "".join(format_exception(entry["exc_info"]))
    assert ("invalid input syntax" if way == "row" else "Error") in trace
    assert "body2846" not in trace
