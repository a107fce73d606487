import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter

from fastapi import APIRouter, FastAPI, Request, Response
from sqlalchemy import MetaData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import key_uses
from shared.audit.api import audit_routes
from shared.command_line import Command
from shared.door import Door
from shared.edge.middleware import guard, shown
from shared.edge.room import Most
from shared.jobs import Job
from shared.key_store import KeyStore, open_key_store
from shared.key_watch import note_last_uses, watch_keys
from shared.keys import Keys
from shared.memory import settle
from shared.migrations import at_head
from shared.observability import POOL_SIZE, POOL_USED, REQUESTS, api_metrics
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

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings = settings
        app.state.sides = await Sides.open(settings, service.package)
        app.state.pool = app.state.sides.staff.pool
        app.state.keys = Keys()
        tokens = open_gate(settings.oidc)
        app.state.door = Door(app.state.keys, settings.tries_per_key, settings.tries_per_address, tokens)
        watched = watch_keys(app.state.keys, app.state.pool, settings.operator_key)
        watching = asyncio.gather(watched, *([tokens.keep()] if tokens else []))
        app.state.key_store = await service.key_store(settings)
        settle()
        yield
        app.state.draining = True
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await note_last_uses(app.state.keys, app.state.pool)
        if app.state.key_store:
            await app.state.key_store.close()
        await app.state.sides.close()

    app = FastAPI(title=service.title, version="0.1.0", lifespan=lifespan, redirect_slashes=False, **shown(settings))
    app.state.draining = False
    app.add_middleware(Measured)
    guard(app, service.bodies, settings)
    handle_errors(app)
    app.include_router(_health(service))
    app.include_router(service.router)
    app.include_router(audit_routes())
    app.include_router(key_uses.api)
    describe(app)
    return app


def _health(service: Service) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(request: Request, response: Response) -> dict[str, str]:
        state = request.app.state
        ready = not state.draining and state.keys.is_read and await at_head(state.pool, service.package)
        response.status_code = 200 if ready else 503
        return {"status": "ready" if ready else "not ready"}

    @router.get("/metrics")
    async def show_metrics(request: Request) -> Response:
        size, used = request.app.state.sides.connections
        POOL_SIZE.set(size)
        POOL_USED.set(used)
        return Response(api_metrics(), media_type="text/plain; version=0.0.4")

    return router


class Measured:
    """Times every answer by its route's template."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = perf_counter(), "500"

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            REQUESTS.labels(scope["method"], route, status).observe(perf_counter() - began)
