"""What every route of every service does, on a service of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from secrets import token_urlsafe

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from shared.bodies import At, Body, Code, Quantity, View
from shared.errors import Conflict
from shared.routes import Reading, Tx, router
from shared.scopes import needs
from shared.service import Service, create_app
from shared.settings import Settings
from shared.walls import Role
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.shared.plumbing import PACKAGE, World, metadata, until

KEY = f"operator.{token_urlsafe(32)}"


class NewThing(Body):
    name: Code
    quantity: Quantity = 1
    at: At | None = None


class ThingView(View):
    name: str


def things() -> Service:
    api = router()

    @api.post("/things", status_code=201, response_model=ThingView)
    @needs("orders:write")
    async def make(new: NewThing, tx: Tx) -> ThingView:
        await tx.execute("INSERT INTO effects (said) VALUES ($1)", new.name)
        if new.name == "REFUSED":
            raise Conflict("It is refused.")
        if new.name == "BROKEN":
            raise RuntimeError("canary 7391")
        return ThingView(name=new.name)

    @api.get("/things", response_model=ThingView)
    @needs("orders:read")
    async def show(name: str = "none") -> ThingView:
        return ThingView(name=name)

    @api.get("/read", response_model=ThingView)
    @needs("orders:read")
    async def read(db: Reading, what: str) -> ThingView:
        return ThingView(name=str((await db.execute(text(f"SELECT {what}"))).scalar()))

    return Service("things", PACKAGE, "Things", Settings, metadata, api)


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setenv("DATABASE_URL", world.url)
    monkeypatch.setattr("shared.reading.WAIT_SECONDS", 0.2)
    app = create_app(things(), Settings().model_copy(update={"operator_key": SecretStr(KEY)}))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://things", headers={"Authorization": f"Bearer {KEY}"}) as calling,
    ):
        while (await calling.get("/things")).status_code == 503:
            await asyncio.sleep(0.01)
        yield calling


async def made(world: World, name: str) -> object:
    return await world.value("SELECT count(*) FROM effects WHERE said = $1", name)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Bearer operator.wrong", "Basic b3A6eA==", "Bearer nobody.0123456789abcdef0123456789abcdef", "Bearer ."],
)
async def test_without_a_valid_key_nothing_is_answered_but_401(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.post("/things", json={"name": "A"}, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_health_and_metrics_need_no_key(client: httpx.AsyncClient) -> None:
    answers = [await client.get(path, headers={"Authorization": ""}) for path in ("/livez", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "\xff"}', 400),
        (b"[" * 50_000, 400),
        (b'{"name": "\\u0000"}', 422),
        (b'{"name": "a", "quantity": 1' + b"0" * 5000 + b"}", 400),
        (b'{"name": "a", "quantity": 0}', 422),
        (b'{"name": "a", "quantity": "1"}', 422),
        (b'{"name": "a", "quantity": true}', 422),
        (b'{"name": "a/b"}', 422),
        (b'{"name": " a"}', 422),
        (b'{"name": "a", "colour": 1}', 422),
        (b'{"name": "a", "at": 1700000000}', 422),
        (b'{"name": "a", "at": "2026-01-01T00:00:00"}', 422),
        (b'{"name": "a", "at": "9999-12-31T23:59:59-12:00"}', 422),
        (b'{"name": "\\ud800"}', 400),
        (b'{"\\ud800": 1}', 400),
        (b"null", 422),
        (b"", 422),
        (b'{"name": "' + b"a" * 2_000_000 + b'"}', 413),
    ],
)
async def test_bad_bodies_are_refused_with_a_reason_and_store_nothing(
    client: httpx.AsyncClient, world: World, body: bytes, status: int
) -> None:
    answer = await client.post("/things", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert status != 422 or answer.json()["faults"]
    assert await world.value("SELECT count(*) FROM effects") == 0


async def test_a_fault_is_pointed_at(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "a", "a~/b": 1})

    assert [fault["pointer"] for fault in answer.json()["faults"]] == ["/a~0~1b"]


async def test_unknown_query_parameters_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things?nmae=x&name=y")

    assert answer.status_code == 422
    assert answer.json()["faults"] == [{"pointer": "?nmae", "message": "is not known here; known: name"}]


async def test_our_own_fault_shows_no_trace_of_it(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post("/things", json={"name": "BROKEN"})

    assert answer.status_code == 500
    assert "7391" not in answer.text
    assert await made(world, "BROKEN") == 0


async def test_the_same_key_is_answered_from_the_first_time(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid7())}
    first = await client.post("/things", content=b'{"name": "A", "quantity": 2}', headers={**headers, "Content-Type": "application/json"})

    again = await client.post("/things", content=b'{"quantity":2,"name":"A"}', headers={**headers, "Content-Type": "application/json"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await made(world, "A") == 1


async def test_the_same_key_with_another_body_is_refused(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid7())}
    await client.post("/things", json={"name": "A"}, headers=headers)

    other = await client.post("/things", json={"name": "B"}, headers=headers)

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert await made(world, "B") == 0


async def test_a_refused_request_frees_its_key(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid7())}
    refused = await client.post("/things", json={"name": "REFUSED"}, headers=headers)

    accepted = await client.post("/things", json={"name": "A"}, headers=headers)

    assert (refused.status_code, accepted.status_code) == (409, 201)


async def test_many_at_once_with_one_key_do_the_work_once(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid7())}

    answers = await asyncio.gather(*[client.post("/things", json={"name": "A"}, headers=headers) for _ in range(8)])

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await made(world, "A") == 1


async def test_a_key_in_use_for_too_long_is_a_conflict(client: httpx.AsyncClient, world: World) -> None:
    key = str(uuid7())
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO idempotency_keys (caller, route, key, fingerprint, status, body)"
            " VALUES ('operator', 'POST /things', $1, '', 201, '')",
            key,
        )
        answer = await client.post("/things", json={"name": "A"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/idempotency-key-in-progress"


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank"])
async def test_a_malformed_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post("/things", json={"name": "A"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 422


async def test_a_lost_database_is_503_and_the_next_requests_work(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/things", json={"name": "A"})
    connection = await asyncpg.connect(world.url)
    others = "datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    await connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    answers = [(await client.post("/things", json={"name": "B"})).status_code for _ in range(20)]

    assert set(answers) <= {201, 503}
    assert answers[-1] == 201
    await connection.execute(f"SET ROLE {Role.WORKER.of(PACKAGE)}")
    assert await connection.fetchval("SELECT count(*) FROM effects WHERE said = 'B'") == answers.count(201)
    await connection.close()


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
async def test_what_is_lost_while_it_is_read_is_503_as_well(client: httpx.AsyncClient, world: World, end: str) -> None:
    other = await asyncpg.connect(world.url)
    reading = asyncio.create_task(client.get("/read", params={"what": "pg_sleep(60)"}))

    async def has_ended() -> object:
        return await other.fetchval(f"SELECT {end}(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = current_user")

    await until(has_ended)
    answer = await reading
    again = await client.get("/read", params={"what": "1"})

    assert (answer.status_code, answer.headers.get("retry-after"), answer.json()["type"]) == (503, "1", "/problems/unavailable")
    assert again.status_code == 200
    await other.close()


async def test_who_finds_no_connection_free_is_asked_to_come_again(client: httpx.AsyncClient) -> None:
    reading = [asyncio.create_task(client.get("/read", params={"what": "pg_sleep(1)"})) for _ in range(20)]

    answers = await asyncio.gather(*reading)

    assert {(answer.status_code, answer.headers.get("retry-after")) for answer in answers} == {(200, None), (503, "1")}


async def test_a_read_that_cannot_be_right_is_a_fault_of_ours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/read", params={"what": "1 / 0"})

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal")


async def test_the_chain_of_the_caller_is_kept(client: httpx.AsyncClient) -> None:
    chain = str(uuid7())

    answer = await client.post("/things", json={"name": "A"}, headers={"X-Correlation-ID": chain})

    assert answer.headers["x-correlation-id"] == chain
