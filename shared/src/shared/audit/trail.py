"""Who did what to which thing: an entry for every request that changes something, in the transaction that does it."""

from collections.abc import Callable, Coroutine, Iterator
from time import monotonic
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic_core import from_json

from shared.auth import Caller
from shared.batches import BatchResult
from shared.crash import crash_point
from shared.database import Transaction, transaction
from shared.endings import Insert
from shared.errors import Forbidden

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REFUSALS_A_MINUTE = 60
"""So many refused calls of a key are written down; what goes beyond is only counted, in the figures of the requests."""

ENTRY = Insert(
    "audit_entry",
    ("text", "text", "text", "text", "text", "int", "int", "text", "uuid"),
    """INSERT INTO audit (caller, customer_id, kind, action, subject, items, things, status, client, correlation_id)
        SELECT caller, customer_id, CASE WHEN customer_id IS NULL THEN 'staff' ELSE 'customer' END,
               action, subject, string_to_array(items, E'\\n'), things, status, client, correlation_id
        FROM {rows} AS e(caller, customer_id, action, subject, items, things, status, client, correlation_id)""",
)
Run = Callable[[Request], Coroutine[Any, Any, Response]]
Subject = tuple[str, str | None, int]
"""The path of the thing, those of a batch's things line by line, and how many things there are."""


def recording(route: APIRoute, run: Run) -> Run:
    """What the route does is written down in its transaction, where it changes something."""
    if not _changes(route):
        return run
    trail = Trail(route)

    async def recorded(request: Request) -> Response:
        response = await run(request)
        trail.record(request.state.tx, request, response)
        return response

    return recorded


def recording_refusals(route: APIRoute, handle: Run) -> Run:
    """That a known caller asked for a change which it may not make is written down as well."""
    if not _changes(route):
        return handle
    trail = Trail(route)

    async def watched(request: Request) -> Response:
        try:
            return await handle(request)
        except Forbidden as refused:
            await trail.record_refusal(request, refused.status)
            raise

    return watched


def _changes(route: APIRoute) -> bool:
    return not CHANGING.isdisjoint(route.methods or ())


class Trail:
    """Writes the entries of one route."""

    def __init__(self, route: APIRoute) -> None:
        self.action = f"{' '.join(sorted(route.methods or ()))} {route.path}"
        self._thing = route.path[: route.path.rfind("}") + 1] or route.path
        self._path = route.path
        self._is_batch = route.response_model is BatchResult
        self._collection: str | None = None

    def record(self, tx: Transaction, request: Request, response: Response) -> None:
        """Write down what this request has done; the row goes with the last statement of its transaction."""
        tx.gather(ENTRY, [self._entry(tx, request, response.status_code, self._subject(request, response))])

    async def record_refusal(self, request: Request, status: int) -> None:
        """Nothing else has changed, so this has a transaction of its own."""
        if _refusals.take(request.state.caller.key_id):
            async with transaction(request.app.state.pool, request.state.cause) as tx:
                tx.gather(ENTRY, [self._entry(tx, request, status, (self._called(request), None, 0))])
                crash_point("api.refusal_before_commit")

    def _entry(self, tx: Transaction, request: Request, status: int, subject: Subject) -> tuple[object, ...]:
        caller: Caller = request.state.caller
        client = request.client
        origin = client.host if client else None
        return (caller.key_id, caller.customer_id, self.action, *subject, status, origin, tx.cause.correlation_id)

    def _subject(self, request: Request, response: Response) -> Subject:
        if self._is_batch:
            items = [each["id"] for each in from_json(bytes(response.body))["results"] if each["status"] < 300]
            within = self._collected(request.app)
            return within, "\n".join(f"{within}/{item}" for item in items), len(items)
        created = response.headers.get("location")
        return (unquote(created) if created else self._called(request)), None, 1

    def _called(self, request: Request) -> str:
        """The path as it was called, up to the thing; a path that was refused may hold anything."""
        return self._thing.format(**request.path_params).replace("\0", "")[:500]

    def _collected(self, app: FastAPI) -> str:
        """Where the things of the batch can be read: `POST /orders/batch` places what is then at `/orders/{order_id}`."""
        if self._collection is None:
            within = [path for path in _collections(app) if f"{self._path}/".startswith(f"{path}/")]
            self._collection = max(within, key=len, default=self._path)
        return self._collection


def _collections(app: FastAPI) -> Iterator[str]:
    """Paths below which things can be read one by one."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "/{" in route.path:
            yield route.path.partition("/{")[0]


class _Refusals:
    """Counts a key's refusals of this minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._taken: dict[str, int] = {}

    def take(self, key_id: str) -> bool:
        minute = int(monotonic() // 60)
        if minute != self._minute:
            self._minute, self._taken = minute, {}
        self._taken[key_id] = self._taken.get(key_id, 0) + 1
        return self._taken[key_id] <= REFUSALS_A_MINUTE


_refusals = _Refusals()
