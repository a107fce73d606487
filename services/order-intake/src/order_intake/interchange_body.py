"""From a request to what stands in its body; what takes long is done aside, once, before the transaction begins."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from fastapi import Request
from shared.database import Cause
from shared.edge.admission import Admission
from shared.edge.documents import HUGE, LARGE
from shared.edge.rates import Kind
from shared.errors import DomainError, InvalidInput
from shared.sides import Sides

from order_intake.edi import LIMITS, Transmission, read
from order_intake.interchange_rows import known_senders
from order_intake.receiving import Arrival, Known, arrivals, senders

BODY_BYTES = LIMITS.body_bytes
PATHS = ("/edi/interchanges", "/edi/validate")
TAKEN = frozenset({"application/edi-x12", "application/edifact", "text/plain", "application/octet-stream"})
T = TypeVar("T")


class UnsupportedMedia(DomainError):
    status = 415
    type = "unsupported-media"
    title = "The body is of a kind that is not taken here"


async def arrived(request: Request) -> tuple[Transmission, list[Arrival]]:
    """Kept, for the case that the transaction has to be begun again."""
    found: tuple[Transmission, list[Arrival]] | None = getattr(request.state, "arrived", None)
    if found is None:
        found = request.state.arrived = await _arrived(request)
    return found


async def _arrived(request: Request) -> tuple[Transmission, list[Arrival]]:
    body = await request.body()
    _check(request, body)
    if len(body) > HUGE:
        await _admission(request).turn_of_huge(request)
    elif len(body) > LARGE:
        _admission(request).rest_for_large(request)
    transmission = await _aside(request, len(body), lambda: read(body))
    _admission(request).count_items(request, Kind.BATCH, sum(len(each.messages) for each in transmission.interchanges))
    known = await _known(request, transmission)
    zone = ZoneInfo(request.app.state.settings.business_zone)
    return transmission, await _aside(request, len(body), lambda: arrivals(transmission, known, zone))


def _check(request: Request, body: bytes) -> None:
    if not body:
        raise InvalidInput("The body is empty; send an interchange.")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in TAKEN:
        raise UnsupportedMedia("Send application/EDI-X12, application/EDIFACT, text/plain or application/octet-stream.")


def _admission(request: Request) -> Admission:
    found: Admission = request.app.state.admission
    return found


async def _aside(request: Request, size: int, work: Callable[[], T]) -> T:
    if size <= LARGE:
        return work()
    async with _admission(request).large:
        return await asyncio.to_thread(work)


async def _known(request: Request, transmission: Transmission) -> Known:
    """As the caller sees them: a sender that stands for another customer than the key's is nobody."""
    sides: Sides = request.app.state.sides
    cause: Cause = request.state.cause
    looking = sides.transaction(request.state.caller, cause)
    try:
        return await known_senders(looking, senders(transmission))
    finally:
        await looking.rollback()
