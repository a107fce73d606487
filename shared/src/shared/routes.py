"""How every request runs: key, scope, query names, JSON, one transaction, an answer kept to be asked again, commit, the response."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Param, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from shared.audit.trail import recording, recording_refusals
from shared.auth import Caller
from shared.batches import BatchResult
from shared.crash import crash_point
from shared.database import RETRIED_AT_ONCE, Cause, Transaction
from shared.door import admit
from shared.edge.documents import Shape, read_json
from shared.edge.rates import Kind
from shared.errors import Conflict, DomainError, Fault, InvalidInput
from shared.faults import MOST_FAULTS, short
from shared.idempotency import Once, StillRunning, Stored
from shared.own_rows import confine
from shared.problems import Problem
from shared.reach import found_in_path, reaching
from shared.scopes import MissingScope, scope_of
from shared.sides import Sides

TRIES = 4
Run = Callable[[Request], Coroutine[Any, Any, Response]]


class TransactionalRoute(APIRoute):
    """Wants the scope that the endpoint declares, gives it `Tx`, commits before the response leaves: what was answered is stored."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scope = scope_of(endpoint, f"{' '.join(options.get('methods') or ())} {path}")
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), "security": [{"key": [self.scope]}]}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Run:
        run = recording(self, super().get_route_handler())
        known = _query_names(self)
        once_allowed, scope = "POST" in (self.methods or ()), self.scope
        kind, shape = _kind(self), _shape(self)

        async def handle(request: Request) -> Response:
            cause = request.state.cause = _cause(request)
            structlog.contextvars.bind_contextvars(correlation_id=str(cause.correlation_id))
            caller = request.state.caller = await admit(request)
            request.app.state.admission.begin(request, kind)
            if not caller.may(scope):
                raise MissingScope(scope)
            with reaching(caller.customer_id):
                found_in_path(request.path_params.get("customer_id"))
                _refuse_unknown(request, known)
                await read_json(request, kind, shape)
                once = _once(request, self.path) if once_allowed else None
                return await _until_it_commits(request, run, once)

        return recording_refusals(self, handle)


def router() -> APIRouter:
    """The router of a service: transactional, behind a key, every error documented."""
    errors = {status: {"model": Problem, "description": text} for status, text in _ERRORS.items()}
    return APIRouter(route_class=TransactionalRoute, responses=errors)  # type: ignore[arg-type]  # int keys are fine


_ERRORS = {
    400: "Not JSON",
    401: "No valid key",
    403: "The key does not allow this",
    404: "No such thing",
    409: "Contradicts the state of things",
    410: "The answer to this Idempotency-Key was erased",
    412: "If-Match is stale",
    413: "Body too large",
    415: "Body compressed",
    422: "Breaks a rule; `faults` says where",
    429: "More than is allowed, or too many tries without a valid key; `Retry-After` says when to come again",
    503: "Try again",
}


async def _until_it_commits(request: Request, run: Run, once: Once | None) -> Response:
    """Again where somebody else was quicker: the second time their work is seen, or the answer that they got with the same key."""
    cause: Cause = request.state.cause
    sides: Sides = request.app.state.sides
    for left in reversed(range(TRIES)):
        tx = request.state.tx = sides.transaction(request.state.caller, cause)
        try:
            response = await _answer(tx, request, run, once)
        except BaseException as error:
            await tx.rollback()
            if once and isinstance(error, (DomainError, asyncpg.UniqueViolationError)) and (stored := await _stored(tx, once)):
                return await _replayed(request, once, stored)
            if left and isinstance(error, RETRIED_AT_ONCE):
                continue
            if named := _named(error, once):
                raise named from error
            raise
        else:
            response.headers["X-Correlation-ID"] = str(cause.correlation_id)
            crash_point("api.before_answer")
            return response
    raise AssertionError("the last try returns or raises")


async def _answer(tx: Transaction, request: Request, run: Run, once: Once | None) -> Response:
    response = await run(request)
    if once and not isinstance(response, RepeatableAnswer):
        once.keep(tx, response.status_code, bytes(response.body), getattr(response, "keys", ()))
    crash_point("api.before_commit")
    await tx.commit()
    crash_point("api.committed")
    return response


class RepeatableAnswer(Response):
    """Not kept for an Idempotency-Key: whatever the request says is answered so again by itself, and is no JSON."""


async def _stored(tx: Transaction, once: Once) -> Stored | None:
    try:
        return await once.first_answer(tx)
    finally:
        await tx.rollback()


def _named(error: BaseException, once: Once | None) -> DomainError | None:
    """What a caller can do about it, where the error itself does not say so."""
    if once and isinstance(error, asyncpg.LockNotAvailableError):
        return StillRunning("Another request holds what this one needs. Wait a moment and send it again.")
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict("Others change the same things at this moment. Send it again.")
    return None


async def _replayed(request: Request, once: Once, stored: Stored) -> Response:
    crash_point("api.before_replay")
    keys = await request.app.state.key_store.read_now(stored.key_ids) if stored.key_ids else {}
    return Response(once.opened(stored, keys), stored.status, {"Idempotent-Replayed": "true"}, "application/json")


def _cause(request: Request) -> Cause:
    """The caller may name the chain that its request belongs to."""
    trace = request.headers.get("traceparent", "")
    return Cause(_chain(request), None, trace if len(trace) == 55 and trace.isascii() else None)


def _chain(request: Request) -> UUID:
    if named := request.headers.get("x-correlation-id"):
        with suppress(ValueError):
            return UUID(named)
    return uuid7()


def _once(request: Request, path: str) -> Once | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    path = path.format(**request.path_params)
    return Once.of(request.state.caller.key_id, f"{request.method} {path}", key, getattr(request.state, "document", None))


def _kind(route: APIRoute) -> Kind:
    if route.response_model is BatchResult:
        return Kind.BATCH
    return Kind.READ if "GET" in (route.methods or ()) else Kind.WRITE


def _shape(route: APIRoute) -> Shape:
    shape = route.body_field.field_info.annotation if route.body_field else None
    return shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None


def _query_names(route: APIRoute) -> frozenset[str]:
    """FastAPI hands the fields of a parameter model out flat, as plain fields that are no Param."""
    flat = get_flat_params(route.dependant)
    return frozenset(each.alias for each in flat if isinstance(each.field_info, Query) or not isinstance(each.field_info, Param))


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    unknown = sorted(set(request.query_params) - known) if request.scope["query_string"] else []
    if unknown:
        names = [short(name) for name in unknown[:MOST_FAULTS]]
        allowed = ", ".join(sorted(known)) or "none"
        raise InvalidInput("Unknown query parameters.", [Fault(f"?{name}", f"is not known here; known: {allowed}") for name in names])


async def _tx(request: Request) -> Transaction:
    tx: Transaction = request.state.tx
    return tx


async def _reading(request: Request) -> AsyncIterator[AsyncConnection]:
    sides: Sides = request.app.state.sides
    caller: Caller = request.state.caller
    async with sides.reading(caller) as connection:
        if caller.customer_id is not None:
            confine(connection, caller.customer_id)
        yield connection


Tx = Annotated[Transaction, Depends(_tx)]
"""The transaction of this request; the endpoint never commits."""

Reading = Annotated[AsyncConnection, Depends(_reading, scope="function")]
"""A connection for `queries.py`: reads only."""
