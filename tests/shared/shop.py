"""A service with two routes and a batch call, behind a door that a test sets as it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Annotated

import httpx
from fastapi import FastAPI
from pydantic import Field, SecretStr
from shared.batches import BatchResult, Done, Item, results, sound
from shared.bodies import Body, Code, View
from shared.key_rows import hash_of
from shared.routes import Tx, router
from shared.scopes import needs
from shared.service import Service, create_app
from shared.settings import Settings

from tests.shared.plumbing import World, metadata

STAFF = f"operator.{token_urlsafe(32)}"
SCOPES = ["orders:read", "orders:write"]


class NewThing(Body):
    name: Code
    notes: Annotated[list[Code], Field(max_length=10_000, default_factory=list)]


class NewThings(Body):
    things: Annotated[list[Item[NewThing]], Field(min_length=1, max_length=500)]


class ThingView(View):
    name: str


@dataclass
class Shop:
    """`gate` holds back what is being made, until it is set."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    making: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def service(self) -> Service:
        api = router()

        @api.post("/things", status_code=201, response_model=ThingView)
        @needs("orders:write")
        async def make(new: NewThing, tx: Tx) -> ThingView:
            self.making += 1
            await self.gate.wait()
            await tx.execute("INSERT INTO effects (said) VALUES ($1)", new.name)
            return ThingView(name=new.name)

        @api.post("/things/batch", response_model=BatchResult)
        @needs("orders:write")
        async def make_all(batch: NewThings, tx: Tx) -> BatchResult:
            return results("things", batch.things, [Done(thing) for thing in sound(batch.things)], lambda thing: thing.name)

        @api.get("/things", response_model=ThingView)
        @needs("orders:read")
        async def show(name: str = "none") -> ThingView:
            return ThingView(name=name)

        return Service("things", "shared", "Things", Settings, metadata, api)


@asynccontextmanager
async def opened(world: World, shop: Shop | None = None, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    """Called with the operator key."""
    chosen = {"operator_key": SecretStr(STAFF), **settings}
    app = create_app((shop or Shop()).service(), Settings(DATABASE_URL=world.url).model_copy(update=chosen))
    async with app.router.lifespan_context(app), caller(app) as calling:
        while not app.state.keys.is_read:
            await asyncio.sleep(0.01)
        yield calling


def caller(app: FastAPI, key: str = STAFF) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://things", headers={"Authorization": f"Bearer {key}"})


async def a_customers_key(world: World, customer_id: str = "ACME") -> dict[str, str]:
    """The header that shows it."""
    key_id, secret = f"key{token_urlsafe(4).replace('-', '_')}", token_urlsafe(32)
    insert = "INSERT INTO api_keys (key_id, secret_hash, customer_id, scopes, issued_at) VALUES ($1, $2, $3, $4, now())"
    await world.pool.execute(insert, key_id, hash_of(secret), customer_id, SCOPES)
    return {"Authorization": f"Bearer {key_id}.{secret}"}
