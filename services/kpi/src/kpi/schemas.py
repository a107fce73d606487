from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, PlainSerializer
from shared.bodies import Code, View
from shared.pages import Paging

from kpi.definitions import Better, Kpi, Unit
from kpi.measures import Status
from kpi.periods import Edge

Number = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""Decimal inside, a JSON number outside."""


class By(StrEnum):
    DAY = "day"
    CUSTOMER = "customer"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"


class Asked(Paging):
    """A period and whose orders: `from` and `to` are instants, or dates in the business zone; `to` is not part of the period."""

    from_: Annotated[Edge, Field(alias="from", examples=["2026-05-01"])]
    to: Annotated[Edge, Field(examples=["2026-06-01"])]
    customer_id: Code | None = None
    warehouse: Code | None = None
    carrier: Code | None = None


class MeasureAsked(Asked):
    """`after` and `limit` page the groups of by=customer, by=warehouse and by=carrier."""

    by: By | None = None
    after: Code | None = None


class DefinitionView(View):
    name: str
    name_zh: str
    question: str
    unit: Unit
    better: Better
    numerator: str
    denominator: str
    counted_at: str
    exclusions: str
    target: Number | None
    look_back_days: int
    source: str

    @classmethod
    def of(cls, kpi: Kpi) -> Self:
        return cls(
            name=kpi.name,
            name_zh=kpi.name_zh,
            question=kpi.question,
            unit=kpi.unit,
            better=kpi.better,
            numerator=kpi.words.numerator,
            denominator=kpi.words.denominator,
            counted_at=kpi.words.counted_at,
            exclusions=kpi.words.exclusions,
            target=kpi.target,
            look_back_days=kpi.look_back.days,
            source=kpi.words.source,
        )


class Attributes(View):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class IntervalView(Attributes):
    """Wilson's 95 % interval, in percent."""

    low: Number
    high: Number


class LeadTimeView(Attributes):
    """Minutes. `segments`: means of the `segmented` orders, transmission, processing, preparation and delivery, adding up to their mean."""

    mean: Number
    median: Number
    p90: Number
    p95: Number
    segmented: int
    segments: dict[str, Number] | None


class RowView(Attributes):
    """`value` null = no_data. The evidence adds up to `numerator` and `denominator`; for minutes the numerator is in microseconds."""

    group: str | None
    value: Number | None
    status: Status
    numerator: int
    denominator: int
    target: Number | None
    interval: IntervalView | None
    lead_time: LeadTimeView | None


class MeasureView(View):
    """`provisional`: the figures may still change by themselves, because the period or its look-back is not over at `as_of`."""

    name: str
    unit: Unit
    from_: Annotated[datetime, Field(serialization_alias="from")]
    to: datetime
    zone: str
    by: By | None
    provisional: bool
    as_of: datetime
    rows: list[RowView]
    next: str | None = None


class EvidenceView(View):
    """One order, line or case behind a number. `in_numerator`: it adds something to the numerator."""

    order_id: UUID | None
    line_no: int | None = None
    case_id: UUID | None = None
    anchor_at: datetime
    in_numerator: bool
    numerator: int
    denominator: int


class LineFactsView(Attributes):
    """`ordered` is what was confirmed, `amended` what is wanted since: 0 where the line was cancelled, null where it was not amended.
    `first_demanded` and `first_available` are null where the first allocation had all of it, or did not happen yet."""

    line_no: int
    sku: str | None
    ordered: int | None
    amended: int | None
    first_demanded: int | None
    first_available: int | None
    advised: int
    accepted: int
    damaged: int
    lost: int
    delivered_at: datetime | None


class OrderFactsView(Attributes):
    """What kpi knows of an order. `segments`: its lead time in minutes by segment, once all five time stamps are known."""

    order_id: UUID
    customer_id: str
    consignee_code: str | None
    service_level: str | None
    submitted_at: datetime | None
    received_at: datetime | None
    confirmed_at: datetime | None
    promised_earliest: datetime | None
    promised_latest: datetime | None
    first_allocated_at: datetime | None
    released_at: datetime | None
    handed_over_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    rejected_at: datetime | None
    handovers: int
    deliveries: int
    signed_deliveries: int
    warehouses: list[str]
    carriers: list[str]
    complaints: int
    segments: dict[str, Number] | None
    lines: list[LineFactsView]
