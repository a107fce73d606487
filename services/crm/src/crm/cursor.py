"""The place of an entry in a timeline, as a page's `next` writes it: microseconds since 1970 and the event's id."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"([0-9]{1,16})_([0-9a-f-]{36})")


class At(NamedTuple):
    at: datetime
    event_id: UUID

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}_{self.event_id}"


def _read(text: object) -> object:
    written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if not written:
        raise ValueError("must be the `next` of the page before")
    return At(_EPOCH + timedelta(microseconds=int(written[1])), UUID(written[2]))


Place = Annotated[At, BeforeValidator(_read), WithJsonSchema({"type": "string"})]
