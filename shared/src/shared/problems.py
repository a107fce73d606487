"""Errors as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from shared.database import TRANSIENT, what_passes
from shared.errors import DomainError, Fault, InvalidInput
from shared.faults import MOST_FAULTS, TooManyFaults, pointer_of, sentence, short

log = structlog.get_logger()


class FaultView(BaseModel):
    pointer: str
    message: str


class Problem(BaseModel):
    """`type` is stable, `detail` is for people, `faults` says where in the input."""

    type: str
    title: str
    status: int
    detail: str
    faults: list[FaultView] = []


def problem(error: DomainError, prefix: str = "") -> Problem:
    """`prefix` is the pointer of the item that the error is about, where it is one of a batch."""
    faults = [FaultView(pointer=prefix + fault.pointer, message=fault.message) for fault in error.faults]
    return Problem(type=f"/problems/{error.type}", title=error.title, status=error.status, detail=error.detail, faults=faults)


def invalid(error: RequestValidationError) -> InvalidInput:
    """Pydantic's complaints as faults; a query parameter is pointed at as `?name`, a path parameter as `{name}`."""
    complaints = error.errors()
    if len(complaints) > MOST_FAULTS:
        return TooManyFaults()
    return InvalidInput("The input breaks a rule; see faults.", [_fault(each["loc"], sentence(each["msg"])) for each in complaints])


def _fault(loc: tuple[object, ...], message: str) -> Fault:
    where, *rest = loc
    if where == "body":
        return Fault(pointer_of(tuple(rest)), message)
    name = short(".".join(str(part) for part in rest))
    return Fault(f"?{name}" if where == "query" else f"{{{name}}}", message)


def answer(body: Problem, headers: Mapping[str, str] | None = None, request: Request | None = None) -> JSONResponse:
    """With the chain of the request, by which our log lines can be found."""
    cause = getattr(request.state, "cause", None) if request else None
    chain = {"X-Correlation-ID": str(cause.correlation_id)} if cause else {}
    return JSONResponse(body.model_dump(), body.status, headers={**(headers or {}), **chain}, media_type="application/problem+json")


async def _domain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    return answer(problem(error), error.headers, request)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    _forget_frames(error)
    return answer(problem(invalid(error)), request=request)


def _forget_frames(error: RequestValidationError) -> None:
    """FastAPI's frames hold the errors, and these their frames: the body would wait in a circle for the garbage collector."""
    for each in (error, *(complaint.get("ctx", {}).get("error") for complaint in error.errors())):
        if isinstance(each, Exception):
            each.__traceback__ = None


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = str(error.detail)
    body = Problem(type="about:blank", title=title, status=error.status_code, detail=title)
    return answer(body, dict(error.headers or {}), request)


async def _of_the_database(request: Request, error: Exception) -> JSONResponse:
    """503 for what passes, whoever has wrapped it; what stays wrong, such as a value that PostgreSQL cannot take, is a fault of ours."""
    if what_passes(error) is None:
        raise error
    return await _unavailable(request, error)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.warning("request.unavailable", error=repr(error))
    body = Problem(
        type="/problems/unavailable",
        title="Try again",
        status=503,
        detail="The database did not answer in time; nothing is known to be stored. Send the same request again.",
    )
    return answer(body, {"Retry-After": "1"}, request)


def unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", exc_info=_without_rows(error))
    return answer(Problem(type="/problems/internal", title="A fault of ours", status=500, detail="The fault is logged."), request=request)


def _without_rows(error: BaseException) -> BaseException:
    """PostgreSQL tells the row that it refused, which is the caller's and does not belong into a log."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        if isinstance(one, asyncpg.PostgresError):
            one.detail = None
        seen.append(one)
        waiting += [one.__cause__, one.__context__]
    return error


def handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(NoConnectionFree, _unavailable)
    for kind in (DBAPIError, *TRANSIENT):
        app.add_exception_handler(kind, _of_the_database)
