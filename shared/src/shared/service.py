import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData
from starlette.datastructures import State

from shared import key_uses
from shared.audit.api import audit_routes
from shared.command_line import Command
from shared.door import Door
from shared.edge.middleware import guard, shown
from shared.edge.room import Most
from shared.health import health_routes
from shared.jobs import Job
from shared.key_store import KeyStore, open_key_store
from shared.key_watch import note_last_uses, watch_keys
from shared.keys import Keys
from shared.measured import Measured
from shared.memory import settle
from shared.migrations import at_head
from shared.observability import POOL_SIZE, POOL_USED, api_metrics
from shared.oidc import open_gate
from shared.openapi import describe
from shared.problems import handle_errors
from shared.registry import Handlers, Timers
from shared.settings import Settings
from shared.sides import Sides

JSON_BODIES = Most(1024 * 1024)


@dataclass(frozen=True)
class Service:
    """What the plumbing needs to know of a service: everything that is special about it."""

    name: str
    package: str
    title: str
    settings: Callable[[], Settings]
    metadata: MetaData
    router: APIRouter
    handlers: Handlers = field(default_factory=Handlers)
    timers: Timers = field(default_factory=Timers)
    bodies: Most = JSON_BODIES
    seals: bool = False
    """It stores personal data: it needs the key store and the master key."""
    commands: Sequence[Command] = ()
    jobs: Sequence[Job] = ()
    """What the worker does again and again beside its timers."""

    async def key_store(self, settings: Settings) -> KeyStore | None:
        return await open_key_store(settings.key_store(self.package), settings.masters()) if self.seals else None


def create_app(service: Service, settings: Settings) -> FastAPI:
    """The HTTP side of a service: its routes, health, metrics, errors as problem+json."""
    lifespan = partial(_open, service, settings)
    app = FastAPI(title=service.title, version="0.1.0", lifespan=lifespan, redirect_slashes=False, **shown(settings))
    app.state.draining = False
    app.add_middleware(Measured)
    guard(app, service.bodies, settings)
    handle_errors(app)
    app.include_router(health_routes(partial(_is_ready, app.state, service.package), partial(_metrics, app.state)))
    app.include_router(service.router)
    app.include_router(audit_routes())
    app.include_router(key_uses.api)
    describe(app)
    return app


@asynccontextmanager
async def _open(service: Service, settings: Settings, app: FastAPI) -> AsyncIterator[None]:
    """From the first request to the last: the connections, who may call, and the keys of what is sealed."""
    state = app.state
    state.settings = settings
    state.sides = await Sides.open(settings, service.package)
    state.pool = state.sides.staff.pool
    state.keys = Keys()
    tokens = open_gate(settings.oidc)
    state.door = Door(state.keys, settings.tries_per_key, settings.tries_per_address, tokens)
    watched = watch_keys(state.keys, state.pool, settings.operator_key)
    watching = asyncio.gather(watched, *([tokens.keep()] if tokens else []))
    state.key_store = await service.key_store(settings)
    settle()
    yield
    state.draining = True
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await _close(state)


async def _close(state: State) -> None:
    await note_last_uses(state.keys, state.pool)
    if state.key_store:
        await state.key_store.close()
    await state.sides.close()


async def _is_ready(state: State, package: str) -> bool:
    return not state.draining and state.keys.is_read and await at_head(state.pool, package)


def _metrics(state: State) -> bytes:
    size, used = state.sides.connections
    POOL_SIZE.set(size)
    POOL_USED.set(used)
    return api_metrics()
