from datetime import timedelta
from functools import cache
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.events import ServiceLevel
from shared.settings import Duration, StackSettings
from shared.settings import Settings as Shared

MOST_CAREFUL = timedelta(days=90)
"""A partner may send the same interchange again for so long; then it is answered with the same bytes."""


class Settings(Shared):
    port: int = 8001


class Terms(StackSettings):
    """What we promise and when we act, the same for every process of the service."""

    model_config = SettingsConfigDict(env_prefix="LSC_", extra="ignore", frozen=True)

    promise_express: Duration = timedelta(hours=24)
    promise_standard: Duration = timedelta(hours=72)
    promise_economy: Duration = timedelta(hours=120)
    release_horizon: Duration = timedelta(days=7)
    close_after: Duration = timedelta(days=7)
    business_zone: str = "Asia/Shanghai"
    edi_kept: Annotated[Duration, Field(ge=MOST_CAREFUL)] = timedelta(days=400)
    """For how long the bytes of an interchange are kept that speaks of no order."""
    open_orders_per_customer: Annotated[int, Field(ge=0)] = 100_000
    """How many a customer may have under way; 0 = any number."""

    def promised_within(self, level: ServiceLevel) -> timedelta:
        match level:
            case ServiceLevel.EXPRESS:
                return self.promise_express
            case ServiceLevel.STANDARD:
                return self.promise_standard
            case ServiceLevel.ECONOMY:
                return self.promise_economy


@cache
def terms() -> Terms:
    """Read from the environment at first use."""
    return Terms()
