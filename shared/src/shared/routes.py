"""How every request runs: key, query names, JSON, one transaction, the answer kept if it may be asked again, commit, the response."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Param, Query
from fastapi.routing import APIRoute
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from shared.auth import bearer
from shared.database import RETRIED_AT_ONCE, TRANSIENT, Cause, Transaction
from shared.errors import DomainError, Fault, InvalidInput, Malformed
from shared.idempotency import Once, StillRunning, Stored
from shared.problems import Problem, unavailable

TRIES = 4
Run = Callable[[Request], Coroutine[Any, Any, Response]]


class TransactionalRoute(APIRoute):
    """Gives the endpoint `Tx`; commits before the response leaves, so that what was answered is stored."""

    def get_route_handler(self) -> Run:
        run = super().get_route_handler()
        known = _query_names(self)
        once_allowed = "POST" in (self.methods or ())

        async def handle(request: Request) -> Response:
            request.state.caller = request.app.state.keys.caller(request.headers.get("authorization"))
            _refuse_unknown(request, known)
            await _read_json(request)
            once = _once(request, self.path) if once_allowed else None
            return await _until_it_commits(request, run, once)

        return handle


def router() -> APIRouter:
    """The router of a service: transactional, behind a key, every error documented."""
    errors = {status: {"model": Problem, "description": text} for status, text in _ERRORS.items()}
    return APIRouter(route_class=TransactionalRoute, dependencies=[bearer], responses=errors)  # type: ignore[arg-type]  # int keys are fine


_ERRORS = {
    400: "Not JSON",
    401: "No valid key",
    404: "No such thing",
    409: "Contradicts the state of things",
    412: "If-Match is stale",
    413: "Body too large",
    422: "Breaks a rule; `faults` says where",
    503: "Try again",
}


async def _until_it_commits(request: Request, run: Run, once: Once | None) -> Response:
    cause = request.state.cause = _cause(request)
    structlog.contextvars.bind_contextvars(correlation_id=str(cause.correlation_id))
    for left in reversed(range(TRIES)):
        tx = request.state.tx = Transaction(request.app.state.pool, cause)
        try:
            response = await _answer(request, tx, run, once)
        except RETRIED_AT_ONCE:
            await tx.rollback()
            if not left:
                raise
        except asyncpg.LockNotAvailableError as busy:
            await tx.rollback()
            if once:
                raise StillRunning("Another request holds what this one needs. Wait a moment and send it again.") from busy
            raise
        except BaseException:
            await tx.rollback()
            raise
        else:
            return await _committed(request, tx, response)
    raise AssertionError("the last try raises")


async def _answer(request: Request, tx: Transaction, run: Run, once: Once | None) -> Response:
    """The endpoint's answer; with an Idempotency-Key that was used before, the answer that was given then."""
    if once is None:
        return await run(request)
    try:
        response = await run(request)
        if await once.keep(tx, response.status_code, bytes(response.body)):
            return response
    except DomainError:
        await tx.rollback()
        if not (stored := await once.first_answer(tx)):
            raise
        return _replayed(stored)
    await tx.rollback()
    stored = await once.first_answer(tx)
    assert stored
    return _replayed(stored)


def _replayed(stored: Stored) -> Response:
    return Response(stored.body, stored.status, {"Idempotent-Replayed": "true"}, "application/json")


async def _committed(request: Request, tx: Transaction, response: Response) -> Response:
    try:
        await tx.commit()
    except TRANSIENT as lost:
        return await unavailable(request, lost)
    response.headers["X-Correlation-ID"] = str(tx.cause.correlation_id)
    return response


def _cause(request: Request) -> Cause:
    """The caller may name the chain that its request belongs to."""
    try:
        correlation_id = UUID(request.headers.get("x-correlation-id", ""))
    except ValueError:
        correlation_id = uuid7()
    trace = request.headers.get("traceparent", "")
    return Cause(correlation_id, None, trace if len(trace) == 55 and trace.isascii() else None)


def _once(request: Request, path: str) -> Once | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    path = path.format(**request.path_params)
    return Once.of(request.state.caller.key_id, f"{request.method} {path}", key, getattr(request, "_json", None))


async def _read_json(request: Request) -> None:
    body = await request.body()
    if body and "json" in request.headers.get("content-type", ""):
        try:
            request._json = from_json(body, allow_inf_nan=False)
        except ValueError as fault:
            raise Malformed(f"The body is not JSON: {fault}.") from fault


def _query_names(route: APIRoute) -> frozenset[str]:
    """FastAPI hands the fields of a parameter model out flat, as plain fields that are no Param."""
    flat = get_flat_params(route.dependant)
    return frozenset(each.alias for each in flat if isinstance(each.field_info, Query) or not isinstance(each.field_info, Param))


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    unknown = sorted(set(request.query_params) - known) if request.url.query else []
    if unknown:
        names = [name.encode("utf-8", "replace").decode() for name in unknown]
        allowed = ", ".join(sorted(known)) or "none"
        raise InvalidInput("Unknown query parameters.", [Fault(f"?{name}", f"is not known here; known: {allowed}") for name in names])


async def _tx(request: Request) -> Transaction:
    tx: Transaction = request.state.tx
    return tx


async def _reading(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.reader.connect() as connection:
        yield connection


Tx = Annotated[Transaction, Depends(_tx)]
"""The transaction of this request; the endpoint never commits."""

Reading = Annotated[AsyncConnection, Depends(_reading)]
"""A connection for `queries.py`: reads only."""
