"""The figures of the period, as the kpi service tells them, and whether their evidence adds up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from pydantic import BaseModel, TypeAdapter

from deploy.local.demo.answers import Page
from deploy.local.demo.center import Center, all_of

AFTER = timedelta(hours=49)
"""The period runs on after the last order: a complaint is counted when its 48 hours are over."""


class Definition(BaseModel):
    name: str
    unit: str
    better: str


class LeadTime(BaseModel):
    mean: float
    median: float
    p90: float
    p95: float
    segments: dict[str, float] | None


class Interval(BaseModel):
    low: float
    high: float


class Row(BaseModel):
    value: float | None
    status: str
    numerator: int
    denominator: int
    target: float | None
    interval: Interval | None
    lead_time: LeadTime | None = None


class Measure(BaseModel):
    provisional: bool
    rows: list[Row]


class Evidence(BaseModel):
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Figure:
    """`adds_up`: the orders, lines or cases behind it make its numerator and denominator."""

    definition: Definition
    row: Row
    provisional: bool
    adds_up: bool


_DEFINITIONS = TypeAdapter(Page[Definition])
_MEASURE = TypeAdapter(Measure)
_EVIDENCE = TypeAdapter(Page[Evidence])


async def figures(center: Center, begun: datetime, ended: datetime) -> list[Figure]:
    period = {"from": begun.isoformat(), "to": (ended + AFTER).isoformat()}
    return [await _figure(center, definition, period) for definition in await all_kpis(center)]


async def _figure(center: Center, definition: Definition, period: dict[str, str]) -> Figure:
    measure = (await center.kpi.get(f"/kpis/{definition.name}?{urlencode(period)}")).read(_MEASURE)
    [row] = measure.rows
    behind = [one async for one in all_of(center.kpi, f"/kpis/{definition.name}/evidence", _EVIDENCE, period)]
    sums = (sum(one.numerator for one in behind), sum(one.denominator for one in behind))
    return Figure(definition, row, measure.provisional, sums == (row.numerator, row.denominator))


async def all_kpis(center: Center) -> list[Definition]:
    return (await center.kpi.get("/kpis")).read(_DEFINITIONS).items
