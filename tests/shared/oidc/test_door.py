"""An access token at the door of a service, beside its keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr
from shared.auth import Who
from shared.bodies import View
from shared.oidc.issuers import Issuer
from shared.routes import router
from shared.scopes import needs
from shared.service import Service, create_app
from shared.settings import Settings

from tests.shared.oidc.issuer import AUDIENCE, RunningIssuer, rsa_key, signed
from tests.shared.plumbing import World, metadata

KEY = "operator.0123456789abcdef0123456789abcdef"


class CallerView(View):
    customer_id: str | None
    key_id: str


def whoami() -> Service:
    api = router()

    @api.get("/me")
    @needs("orders:read")
    async def me(who: Who) -> CallerView:
        return CallerView(customer_id=who.customer_id, key_id=who.key_id)

    @api.get("/desk")
    @needs("orders:manage")
    async def desk(who: Who) -> CallerView:
        return CallerView(customer_id=who.customer_id, key_id=who.key_id)

    return Service("things", "shared", "Things", Settings, metadata, api)


@asynccontextmanager
async def serving(world: World, monkeypatch: pytest.MonkeyPatch, *issuers: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setenv("DATABASE_URL", world.url)
    settings = Settings().model_copy(update={"operator_key": SecretStr(KEY), "oidc": issuers, "tries_per_address": 5})
    app = create_app(whoami(), settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://things") as calling:
        yield calling


@pytest.fixture
async def client(world: World, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(world, monkeypatch, Issuer(issuer=issuer.url, audience=AUDIENCE, staff_without_customer=True)) as calling:
        while (await get(calling, issuer.token())).status_code == 503:
            await asyncio.sleep(0.01)
        yield calling


async def get(client: httpx.AsyncClient, token: str, path: str = "/me") -> httpx.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})


async def test_a_token_opens_what_its_scopes_say_for_its_customer(client: httpx.AsyncClient, issuer: RunningIssuer) -> None:
    token = issuer.token(scope="orders:read orders:manage")

    answers = [await get(client, token, path) for path in ("/me", "/me", "/desk")]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert answers[0].json()["customer_id"] == "ACME"
    assert answers[0].json() == answers[1].json()
    assert (await get(client, issuer.token(customer_id=None, scope="orders:manage"), "/desk")).json()["customer_id"] is None


async def test_keys_open_as_before(client: httpx.AsyncClient) -> None:
    while (answer := await get(client, KEY)).status_code in (401, 503):
        await asyncio.sleep(0.01)

    assert answer.json()["key_id"] == "operator"


async def test_a_refused_token_is_told_nothing(client: httpx.AsyncClient, issuer: RunningIssuer) -> None:
    answers = [await get(client, token) for token in (issuer.token(aud="billing"), issuer.token(iat=1, exp=2), "a.b.c")]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_who_forges_has_to_wait_and_who_was_known_goes_on(client: httpx.AsyncClient, issuer: RunningIssuer) -> None:
    known = issuer.token()
    await get(client, known)

    answers = [await get(client, signed(issuer.header(), issuer.claims(), rsa_key("thief"))) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert (await get(client, known)).status_code == 200


async def test_tokens_that_have_ended_keep_nobody_out(client: httpx.AsyncClient, issuer: RunningIssuer) -> None:
    answers = [await get(client, issuer.token(iat=1000, exp=2000, sub=str(number))) for number in range(20)]

    assert {answer.status_code for answer in answers} == {401}
    assert (await get(client, issuer.token(sub="honest"))).status_code == 200


async def test_before_the_issuers_keys_are_read_a_token_is_asked_to_come_again(
    world: World, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.bodies["/keys"] = lambda: b"not yet"
    async with serving(world, monkeypatch, Issuer(issuer=issuer.url, audience=AUDIENCE)) as client:
        answer = await get(client, issuer.token())

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_without_an_issuer_a_token_is_no_key(world: World, issuer: RunningIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(world, monkeypatch) as client:
        while (answer := await get(client, issuer.token())).status_code == 503:
            await asyncio.sleep(0.01)

        assert answer.status_code == 401
