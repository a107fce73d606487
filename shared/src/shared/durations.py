import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: object) -> object:
    """90s, 1500ms, 24h or 7d as a timedelta; anything else is left to pydantic."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", str(text).strip())
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else text


Duration = Annotated[timedelta, BeforeValidator(duration), Field(ge=timedelta(0), le=timedelta(days=3660))]
