"""A place in a timeline, as a page's `next` writes it: microseconds since 1970 and the event's id."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"([0-9]{1,16})_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def write_place(at: datetime, event_id: UUID) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}_{event_id}"


def read_place(text: str) -> tuple[datetime, UUID]:
    """Raises ValueError for what `write_place` has not written."""
    written = _WRITTEN.fullmatch(text)
    if not written:
        raise ValueError("must be the `next` of the page before")
    return _EPOCH + timedelta(microseconds=int(written[1])), UUID(written[2])


def _a_place(text: str) -> str:
    read_place(text)
    return text


Place = Annotated[str, AfterValidator(_a_place)]
