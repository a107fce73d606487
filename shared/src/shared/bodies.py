"""The words that bodies are made of, with the house's limits."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from shared.errors import Fault, InvalidInput
from shared.reach import only_own

AHEAD_AT_MOST = timedelta(minutes=5)
"""Clocks differ: a business time up to this far ahead is taken as now."""
_YEARS = range(2000, 2200)


def _code(text: str) -> str:
    text = text if text.isascii() else unicodedata.normalize("NFC", text)
    if text != text.strip() or not text.isprintable() or "/" in text or not 1 <= len(text) <= 40:
        raise ValueError("must be 1 to 40 printable characters without a slash and without a blank at either end")
    return text


def _text(text: str) -> str:
    if not (text.isascii() and text.isprintable()) and any(unicodedata.category(character) in ("Cc", "Cs", "Cn") for character in text):
        raise ValueError("must not contain control characters")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _only_text(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("must be a text such as 2026-05-01T08:00:00+08:00")
    return value


def _sane(at: datetime) -> datetime:
    if at.year not in _YEARS:
        raise ValueError(f"must lie between the years {_YEARS.start} and {_YEARS.stop - 1}")
    return at.astimezone(UTC)


Code = Annotated[
    str, AfterValidator(_code), Field(min_length=1, max_length=40, json_schema_extra={"pattern": r"^[^\s/]([^/\x00-\x1f]*[^\s/])?$"})
]
"""A business key in the customer's own words: customer, sku, warehouse, carrier, vehicle, consignee."""

Text = Annotated[str, AfterValidator(_text), Field(min_length=1, max_length=200)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
"""Whole units of the item."""
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
LineNo = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
Flag = Annotated[bool, Field(strict=True)]
At = Annotated[AwareDatetime, BeforeValidator(_only_text), AfterValidator(_sane)]
"""An instant with its zone, kept in UTC."""


class Body(BaseModel):
    """What a caller sends: unknown fields are refused, and a `customer_id` that is not the caller's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    own_customer = field_validator("customer_id", check_fields=False)(only_own)


class View(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


def business_time(at: datetime | None, now: datetime, *, pointer: str, after: datetime | None = None) -> datetime:
    """When it happened: now unless said, at most a few minutes ahead (taken as now), not before the step before it; else InvalidInput."""
    at = at or now
    if at > now + AHEAD_AT_MOST:
        raise InvalidInput("A time lies in the future.", [Fault(pointer, f"{at.isoformat()} is ahead of {now.isoformat()}")])
    if after and at < after:
        raise InvalidInput("A time lies before the step before it.", [Fault(pointer, f"{at.isoformat()} is before {after.isoformat()}")])
    return min(at, now)
