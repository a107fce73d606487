"""What the door lets through: limits of time, size, number and rate, and what is shown to whom."""

import re
from datetime import timedelta
from typing import Annotated

from limits import RateLimitItem, parse
from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.durations import Duration


def _rate(text: str) -> str:
    if text:
        parse(text)
    return text


def _listed(text: str) -> str:
    return ",".join(part.strip() for part in text.split(",") if part.strip())


def _origins(text: str) -> str:
    if wrong := [origin for origin in parts(text) if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", origin)]:
        raise ValueError(f"LSC_CORS_ORIGINS lists exact origins such as https://shop.example.com, not {wrong[0]!r}")
    return text


Rate = Annotated[str, AfterValidator(_rate)]
"""600/minute, 20/second, 100/10seconds; empty = no limit."""
Listed = Annotated[str, AfterValidator(_listed)]
"""Words with commas between them."""


class EdgeSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LSC_", extra="ignore", frozen=True)

    connections: Annotated[int, Field(ge=1)] = 800
    in_flight: Annotated[int, Field(ge=1)] = 256
    in_flight_per_key: Annotated[int, Field(ge=1)] = 32
    slow_after: Duration = timedelta(seconds=10)
    rate_read: Rate = "6000/minute"
    rate_write: Rate = "3000/minute"
    rate_batch: Rate = "60000/minute"
    rate_staff: Rate = ""
    rate_anonymous: Rate = "1200/minute"
    docs: bool = False
    hosts: Listed = ""
    cors_origins: Annotated[Listed, AfterValidator(_origins)] = ""
    hsts: Duration = timedelta(0)


def parts(listed: str) -> list[str]:
    return listed.split(",") if listed else []


def rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None
