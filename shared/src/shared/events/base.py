from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

LINES_PER_EVENT = 750
"""An event lists at most this many lines, so that it fits 256 KiB with the longest business keys; more are said in parts."""


class Topic(StrEnum):
    """Every topic has one owner, the only service that publishes to it."""

    ORDERS = "orders"
    FULFILMENT = "fulfilment"
    STOCK = "stock"
    ITEMS = "items"
    SHIPMENTS = "shipments"
    CUSTOMERS = "customers"
    CASES = "cases"
    EDI = "edi"


SERVICES = ("order-intake", "inventory", "dispatch", "crm", "kpi")

OWNERS = {
    Topic.ORDERS: "order-intake",
    Topic.FULFILMENT: "inventory",
    Topic.STOCK: "inventory",
    Topic.ITEMS: "inventory",
    Topic.SHIPMENTS: "dispatch",
    Topic.CUSTOMERS: "crm",
    Topic.CASES: "crm",
    Topic.EDI: "order-intake",
}


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""A point in time, always with a zone, always UTC."""


class Part(BaseModel):
    """A value inside an event's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(BaseModel):
    """What has become true. The fields below travel in the headers; those of the subclasses are the body."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str] = ""
    topic: ClassVar[Topic]

    event_id: UUID = Field(default_factory=uuid7, exclude=True)
    customer_id: str = Field(exclude=True)
    version: int = Field(exclude=True, ge=1)
    occurred_at: Instant = Field(exclude=True)

    @property
    def aggregate(self) -> str:
        """`kind/id` of the thing whose events are counted 1, 2, 3 in `version`."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The Kafka key: what is said under one key is heard in the order in which it was said."""
        raise NotImplementedError
