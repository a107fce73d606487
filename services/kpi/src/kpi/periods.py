"""When: half-open periods whose days begin at midnight of the business zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, WithJsonSchema

from kpi.errors import EmptyPeriod, TooManyDays

MOST_DAYS = 400
_YEARS = range(2000, 2200)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})")


def read_edge(text: object) -> date:
    """A date, or an instant with its zone; raises ValueError for anything else."""
    if not isinstance(text, str) or not text.isascii() or not (_DATE.fullmatch(text) or _INSTANT.fullmatch(text)):
        raise ValueError("must be a date such as 2026-05-01 or an instant such as 2026-05-01T08:00:00Z (in a URL + is written %2B)")
    edge = date.fromisoformat(text) if _DATE.fullmatch(text) else datetime.fromisoformat(text.upper().replace(",", "."))
    if edge.year not in _YEARS:
        raise ValueError(f"must lie between the years {_YEARS.start} and {_YEARS.stop - 1}")
    return edge


Edge = Annotated[
    date,
    PlainValidator(read_edge),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""Where a period begins or ends: an instant, or a date, which means its first moment in the business zone."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to and without `end`; its days are those of `zone`."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def days(self) -> list[str]:
        """Every day that the period touches; raises TooManyDays."""
        first = self.start.astimezone(self.zone).date()
        last = (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        count = (last - first).days + 1
        if count > MOST_DAYS:
            raise TooManyDays(count, MOST_DAYS)
        return [(first + timedelta(days=nth)).isoformat() for nth in range(count)]


def period(start: date, end: date, zone: ZoneInfo) -> Period:
    """The period between two edges; raises EmptyPeriod."""
    made = Period(_instant(start, zone), _instant(end, zone), zone)
    if made.start >= made.end:
        raise EmptyPeriod
    return made


def _instant(edge: date, zone: ZoneInfo) -> datetime:
    if isinstance(edge, datetime):
        return edge.astimezone(UTC)
    return datetime.combine(edge, time.min, zone).astimezone(UTC)
