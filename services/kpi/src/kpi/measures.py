"""What the sums say: value, interval and verdict. Pure; no data is None, never 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate, pairwise
from math import floor, sqrt

from kpi.definitions import SEGMENTS, Better, Kpi, Unit

Z_95 = 1.959963984540054
"""97.5 % of a normal distribution lie below it: two-sided 95 %."""
MICROSECONDS_A_MINUTE = 60_000_000


class Status(StrEnum):
    MET = "met"
    MISSED = "missed"
    MISSED_SIGNIFICANT = "missed_significant"
    NO_DATA = "no_data"
    NO_TARGET = "no_target"


@dataclass(frozen=True, slots=True)
class Tally:
    """What the database counted for one group."""

    group: str | None
    numerator: int = 0
    denominator: int = 0
    figures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interval:
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Minutes. `segments` are the means of the `segmented` orders of which every time stamp is known; they add up to those orders' mean."""

    mean: Decimal
    median: Decimal
    p90: Decimal
    p95: Decimal
    segmented: int
    segments: Mapping[str, Decimal] | None


@dataclass(frozen=True, slots=True)
class Measure:
    group: str | None
    value: Decimal | None
    status: Status
    numerator: int
    denominator: int
    target: Decimal | None
    interval: Interval | None = None
    lead_time: LeadTime | None = None


def measure(kpi: Kpi, tally: Tally) -> Measure:
    """The KPI of one group."""
    target, numerator, denominator = kpi.target, tally.numerator, tally.denominator
    if not denominator:
        return Measure(tally.group, None, Status.NO_DATA, numerator, denominator, target)
    if kpi.unit is Unit.MINUTES:
        lead_time = _lead_time(tally)
        return Measure(tally.group, lead_time.mean, Status.NO_TARGET, numerator, denominator, target, lead_time=lead_time)
    low, high = wilson(numerator, denominator)
    interval = Interval(half_up(Fraction(100 * low)), half_up(Fraction(100 * high)))
    verdict = _status(kpi, Fraction(100 * numerator, denominator), 100 * low, 100 * high)
    return Measure(tally.group, half_up(Fraction(100 * numerator, denominator)), verdict, numerator, denominator, target, interval)


def _status(kpi: Kpi, value: Fraction, low: float, high: float) -> Status:
    """Missed is judged on the exact value, missed_significant when the whole interval lies on the wrong side."""
    if kpi.target is None:
        return Status.NO_TARGET
    target = Fraction(kpi.target)
    if kpi.better is Better.HIGHER:
        met, surely_missed = value >= target, high < target
    else:
        met, surely_missed = value <= target, low > target
    if met:
        return Status.MET
    return Status.MISSED_SIGNIFICANT if surely_missed else Status.MISSED


def wilson(numerator: int, denominator: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share."""
    share, z2 = numerator / denominator, Z_95 * Z_95
    middle = share + z2 / (2 * denominator)
    reach = Z_95 * sqrt(share * (1 - share) / denominator + z2 / (4 * denominator * denominator))
    scale = 1 + z2 / denominator
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)


def half_up(value: Fraction, digits: int = 2) -> Decimal:
    """Rounded to `digits` decimals, halves up."""
    return Decimal(floor(value * 10**digits + Fraction(1, 2))).scaleb(-digits)


def _lead_time(tally: Tally) -> LeadTime:
    mean = half_up(Fraction(tally.numerator, tally.denominator * MICROSECONDS_A_MINUTE))
    median, p90, p95 = (half_up(Fraction(tally.figures[name] or 0) / MICROSECONDS_A_MINUTE) for name in ("median", "p90", "p95"))
    segmented = int(tally.figures["segmented"] or 0)
    sums = [int(tally.figures[name] or 0) for name in SEGMENTS]
    return LeadTime(mean, median, p90, p95, segmented, _segments(sums, segmented) if segmented else None)


def _segments(sums: Sequence[int], orders: int) -> dict[str, Decimal]:
    """Mean minutes of each segment, rounded where they meet, so that the rounded segments add up to the rounded whole."""
    edges = [half_up(Fraction(total, orders * MICROSECONDS_A_MINUTE)) for total in accumulate(sums, initial=0)]
    return dict(zip(SEGMENTS, (until - since for since, until in pairwise(edges)), strict=True))


def segments_of(stamps: Sequence[datetime | None]) -> dict[str, Decimal] | None:
    """The four segments of one order in minutes; None while a time stamp is missing."""
    known = [at for at in stamps if at is not None]
    if len(known) < len(stamps):
        return None
    return _segments([_microseconds(since, until) for since, until in pairwise(known)], 1)


def _microseconds(since: datetime, until: datetime) -> int:
    passed = until - since
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
