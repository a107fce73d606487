"""Every change leaves one entry, in the transaction that made it; on a service of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from secrets import token_urlsafe
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Query, Response
from pydantic import Field, SecretStr
from shared.audit.trail import REFUSALS_A_MINUTE
from shared.batches import BatchResult, Done, Item, results, sound
from shared.bodies import Body, Code, View
from shared.errors import Conflict
from shared.key_rows import hash_of
from shared.pages import Page, Paging
from shared.routes import Tx, router
from shared.scopes import needs
from shared.service import Service, create_app
from shared.settings import Settings

from tests.shared.plumbing import World, metadata

SECRET = token_urlsafe(32)
BATCH = 3


class NewThing(Body):
    name: Code


class NewThings(Body):
    things: Annotated[Sequence[Item[NewThing]], Field(max_length=BATCH)]


class ThingView(View):
    name: str


def service() -> Service:
    api = router()
    _making(api)
    _changing(api)
    _showing(api)
    return Service("things", "shared", "Things", Settings, metadata, api)


def _making(api: APIRouter) -> None:
    @api.post("/things", status_code=201, response_model=ThingView)
    @needs("orders:write")
    async def make(new: NewThing, tx: Tx, response: Response) -> ThingView:
        await tx.execute("INSERT INTO effects (said) VALUES ($1)", new.name)
        if new.name == "REFUSED":
            raise Conflict("It is refused.")
        response.headers["Location"] = f"/things/{new.name}"
        return ThingView(name=new.name)

    @api.post("/things/batch", response_model=BatchResult)
    @needs("orders:write")
    async def make_all(new: NewThings, tx: Tx) -> BatchResult:
        outcomes = [Conflict("It is refused.") if one.name == "REFUSED" else Done(one) for one in sound(new.things)]
        return results("things", new.things, outcomes, lambda one: one.name)


def _changing(api: APIRouter) -> None:
    @api.put("/things/{name}", response_model=ThingView)
    @needs("orders:write")
    async def replace(name: Code, tx: Tx) -> ThingView:
        return ThingView(name=name)

    @api.post("/things/{name}/closing", status_code=202, response_model=ThingView)
    @needs("orders:manage")
    async def close(name: Code, tx: Tx) -> ThingView:
        return ThingView(name=name)

    @api.delete("/things/{name}", status_code=204)
    @needs("orders:write")
    async def remove(name: Code, tx: Tx) -> None:
        """Nothing is there to remove."""


def _showing(api: APIRouter) -> None:
    @api.get("/things/{name}", response_model=ThingView)
    @needs("orders:read")
    async def show(name: Code) -> ThingView:
        return ThingView(name=name)

    @api.get("/things", response_model=Page[ThingView])
    @needs("orders:read")
    async def show_all(paging: Annotated[Paging, Query()]) -> Page[ThingView]:
        return Page(items=[])


@pytest.fixture
async def client(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setenv("DATABASE_URL", world.url)
    await world.pool.execute(
        "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes) VALUES ('lantern', $1, 'LANTERN', $2)",
        hash_of(SECRET),
        ["orders:read", "orders:write"],
    )
    app = create_app(service(), Settings().model_copy(update={"operator_key": SecretStr(f"operator.{SECRET}")}))
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://things", headers=key("operator")) as calling,
    ):
        while (await calling.get("/things")).status_code in (401, 503):
            await asyncio.sleep(0.01)
        yield calling


def key(key_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_id}.{SECRET}"}


async def entries(world: World) -> list[asyncpg.Record]:
    return await world.pool.fetch("SELECT * FROM audit ORDER BY id")


async def test_an_entry_says_who_did_what_to_which_thing_when_from_where_and_why(client: httpx.AsyncClient, world: World) -> None:
    chain = uuid4()
    before = await world.value("SELECT clock_timestamp()")

    await client.post("/things", json={"name": "A"}, headers=key("lantern") | {"X-Correlation-ID": str(chain)})

    [entry] = await entries(world)
    assert entry["at"] > before
    assert dict(entry) | {"at": None} == {
        "id": 1,
        "at": None,
        "caller": "lantern",
        "customer_id": "LANTERN",
        "kind": "customer",
        "action": "POST /things",
        "subject": "/things/A",
        "items": None,
        "things": 1,
        "status": 201,
        "client": "192.0.2.7",
        "correlation_id": chain,
    }


@pytest.mark.parametrize(
    ("method", "path", "action", "subject", "status"),
    [
        ("PUT", "/things/A%20%C3%A9", "PUT /things/{name}", "/things/A é", 200),
        ("POST", "/things/A/closing", "POST /things/{name}/closing", "/things/A", 202),
        ("DELETE", "/things/A", "DELETE /things/{name}", "/things/A", 204),
    ],
)
async def test_the_subject_is_the_thing(
    client: httpx.AsyncClient, world: World, method: str, path: str, action: str, subject: str, status: int
) -> None:
    answer = await client.request(method, path)

    [entry] = await entries(world)
    assert answer.status_code == status
    assert (entry["kind"], entry["action"], entry["subject"], entry["status"]) == ("staff", action, subject, status)


async def test_a_batch_names_the_things_that_were_taken(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/things/batch", json={"things": [{"name": "A"}, {"name": "REFUSED"}, {"name": "B"}]})

    [entry] = await entries(world)
    assert (entry["subject"], entry["items"], entry["things"]) == ("/things", ["/things/A", "/things/B"], 2)


async def test_a_batch_of_which_nothing_was_taken_is_written_down_too(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/things/batch", json={"things": [{"name": "REFUSED"}]})

    [entry] = await entries(world)
    assert (entry["subject"], entry["items"], entry["things"]) == ("/things", [], 0)


async def test_what_was_rolled_back_or_only_read_leaves_no_entry(client: httpx.AsyncClient, world: World) -> None:
    answers = [
        await client.post("/things", json={"name": "REFUSED"}),
        await client.post("/things", json={"name": ""}),
        await client.post("/things", json={"name": "A"}, headers={"Authorization": "Bearer nobody.at-all"}),
        await client.get("/things/A"),
    ]

    assert [answer.status_code for answer in answers] == [409, 422, 401, 200]
    assert await entries(world) == []


async def test_without_its_entry_nothing_is_done(client: httpx.AsyncClient, world: World) -> None:
    owner = await asyncpg.connect(world.log_url)
    await owner.execute("ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (subject <> '/things/A')")
    await owner.close()

    assert (await client.post("/things", json={"name": "A"})).status_code == 500
    assert await world.value("SELECT count(*) FROM effects") == 0


async def test_a_repetition_that_is_answered_from_the_first_time_leaves_no_second_entry(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}

    answers = [await client.post("/things", json={"name": "A"}, headers=headers) for _ in range(3)]

    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert len(await entries(world)) == 1


async def test_of_many_at_once_only_the_one_that_commits_leaves_an_entry(client: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}

    answers = await asyncio.gather(*[client.post("/things", json={"name": "A"}, headers=headers) for _ in range(8)])

    assert {answer.status_code for answer in answers} == {201}
    assert len(await entries(world)) == await world.value("SELECT count(*) FROM effects") == 1


async def test_a_change_that_a_known_caller_may_not_make_is_written_down(client: httpx.AsyncClient, world: World) -> None:
    answers = [
        await client.post("/things/A%00/closing", headers=key("lantern")),
        await client.get("/audit", headers=key("lantern")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    [entry] = await entries(world)
    assert (entry["caller"], entry["customer_id"], entry["status"], entry["things"]) == ("lantern", "LANTERN", 403, 0)
    assert (entry["action"], entry["subject"]) == ("POST /things/{name}/closing", "/things/A")


async def test_refusals_do_not_fill_the_disk(client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.audit.trail.monotonic", lambda: 1e9)
    await asyncio.gather(*[client.delete("/things/A", headers=key("lantern")) for _ in range(3)])

    refused = [await client.post("/things/A/closing", headers=key("lantern")) for _ in range(REFUSALS_A_MINUTE + 5)]

    assert {answer.status_code for answer in refused} == {403}
    assert len(await entries(world)) == 3 + REFUSALS_A_MINUTE


async def lines(client: httpx.AsyncClient, query: str) -> list[int]:
    answer = await client.get(f"/audit?{query}")
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["items"]]


async def test_entries_are_found_by_all_that_they_say(client: httpx.AsyncClient, world: World) -> None:
    chain = uuid4()
    await client.post("/things", json={"name": "A"}, headers=key("lantern"))
    await client.post("/things/A/closing", headers={"X-Correlation-ID": str(chain)})
    await client.post("/things/batch", json={"things": [{"name": "A"}, {"name": "AB"}]})
    await client.put("/things/AB")
    third = str(await world.value("SELECT at FROM audit WHERE id = 3")).replace("+", "%2B")

    found = [
        await lines(client, query)
        for query in (
            "",
            "caller=lantern",
            "action=POST+/things/{name}/closing",
            "subject=/things/A",
            "subject=/things",
            f"correlation_id={chain}",
            f"from={third}",
            f"to={third}",
            f"caller=operator&subject=/things/AB&from={third}",
        )
    ]

    assert found == [[1, 2, 3, 4], [1], [2], [1, 2, 3], [1, 2, 3, 4], [2], [3, 4], [1, 2], [3, 4]]


async def test_pages_go_on_where_the_one_before_ended(client: httpx.AsyncClient, world: World) -> None:
    await world.pool.execute(
        "INSERT INTO audit (caller, kind, action, subject, things, correlation_id)"
        " SELECT 'x', 'console', 'migrate', '/', 1, gen_random_uuid() FROM generate_series(1, 5)"
    )
    first = (await client.get("/audit?limit=3")).json()
    second = (await client.get(f"/audit?limit=3&after={first['next']}")).json()

    assert [line["id"] for page in (first, second) for line in page["items"]] == [1, 2, 3, 4, 5]
    assert second["next"] is None


async def test_an_entry_is_read_at_its_path(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/things/batch", json={"things": [{"name": "A"}]})

    answers = [await client.get(f"/audit/{entry_id}") for entry_id in (1, 2, 2**63 - 1, 2**63, "x")]

    assert [answer.status_code for answer in answers] == [200, 404, 404, 422, 422]
    assert answers[0].json()["items"] == ["/things/A"]
    assert UUID(answers[0].json()["correlation_id"])


@pytest.mark.parametrize("query", ["after=x", "after=1", "after=99999999999999999-1", "subject=%00", "caller=", "from=yesterday"])
async def test_bad_questions_are_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/audit?{query}")

    assert answer.status_code == 422
