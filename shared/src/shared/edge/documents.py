"""JSON bodies: parsed once, and none takes long to refuse."""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

from fastapi import Request
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import from_json

from shared.edge.admission import Admission
from shared.edge.rates import Kind
from shared.errors import Malformed, TooLarge
from shared.faults import MOST_FAULTS, TooManyFaults

LARGE = 16 * 1024
"""Beyond it a body is judged aside, one at a time, while everybody else is served."""
HUGE = 256 * 1024
"""Beyond it the next one has to wait until this one's work is done."""
MOST_ELEMENTS = 70_000
"""Elements and fields; a body of 1 MiB whose lines have names of eight letters has some 65,000."""
MOST_FIELDS = 100
"""Fields of one object; no body of ours knows more than thirty."""

Shape = type[BaseModel] | None


async def read_json(request: Request, kind: Kind, shape: Shape) -> None:
    """The body, kept in the request where FastAPI looks for it; a batch counts by its items."""
    body = await request.body()
    if not body or "json" not in request.headers.get("content-type", ""):
        if body and "idempotency-key" in request.headers:
            request.state.document = hashlib.sha256(body).hexdigest()
        return
    admission: Admission = request.app.state.admission
    if len(body) > HUGE:
        await admission.turn_of_huge(request)
    elif len(body) > LARGE:
        admission.rest_for_large(request)
    if len(body) <= LARGE:
        document = request._json = parsed(body)
    else:
        async with admission.large:
            document, request._json = await asyncio.to_thread(_judged, body, shape)
    request.state.document = document
    if kind is Kind.BATCH and isinstance(document, dict):
        admission.count_items(request, kind, sum(len(value) for value in document.values() if isinstance(value, list)))


def parsed(body: bytes) -> JsonValue:
    """At most 200 levels deep, no number of over 4,300 digits: the parser sees to it. Of a name that stands twice the last counts."""
    try:
        document: JsonValue = from_json(body, allow_inf_nan=False)
    except ValueError as fault:
        raise Malformed(f"The body is not JSON: {fault}.") from fault
    return document


def _judged(body: bytes, shape: Shape) -> tuple[JsonValue, Any]:
    """The document, and what it means where that is sound: it is not judged again."""
    if body.count(b",") > MOST_ELEMENTS or body.count(b"[") + body.count(b"{") > MOST_ELEMENTS:
        raise TooLarge(f"At most {MOST_ELEMENTS} elements and fields are taken.")
    document = parsed(body)
    if any(len(each) > MOST_FIELDS for each in _objects(document)):
        raise TooLarge(f"An object of at most {MOST_FIELDS} fields is taken.")
    try:
        return document, shape.model_validate(document) if shape else document
    except ValidationError as wrong:
        if wrong.error_count() > MOST_FAULTS:
            raise TooManyFaults from wrong
        return document, document


def _objects(document: JsonValue) -> Iterator[dict[str, JsonValue]]:
    waiting: list[JsonValue] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += [value for value in one.values() if isinstance(value, dict | list)]
        elif isinstance(one, list):
            waiting += [value for value in one if isinstance(value, dict | list)]
