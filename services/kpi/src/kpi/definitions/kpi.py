"""What a KPI is. In its SQL `o` is an order's row in order_facts, `l` a line's in line_facts, `c` a case's in case_facts;
`:as_of` is the time of asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum


class Unit(StrEnum):
    PERCENT = "percent"
    MINUTES = "minutes"


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


class Counts(StrEnum):
    """What a KPI counts; its value is the FROM clause."""

    ORDERS = "order_facts o"
    LINES = "line_facts l JOIN order_facts o ON o.order_id = l.order_id"
    CASES = "case_facts c LEFT JOIN order_facts o ON o.order_id = c.order_id"

    @property
    def alias(self) -> str:
        return {Counts.ORDERS: "o", Counts.LINES: "l", Counts.CASES: "c"}[self]


@dataclass(frozen=True, slots=True)
class Words:
    """The definition for people: each part in words, and where it is from."""

    numerator: str
    denominator: str
    counted_at: str
    exclusions: str
    source: str


@dataclass(frozen=True, slots=True)
class Kpi:
    """`counted_at` + `counted_after` puts a row into one period; `counted` says whether it counts at all; numerator and denominator
    are what it adds. `look_back`: how long after a period its figure may still change. `served_by`: whose warehouses and carriers."""

    name: str
    name_zh: str
    question: str
    unit: Unit
    better: Better
    counts: Counts
    counted_at: str
    counted: str
    numerator: str
    words: Words
    denominator: str = "1"
    target: Decimal | None = None
    counted_after: timedelta = timedelta(0)
    look_back: timedelta = timedelta(0)
    served_by: str = "o"
    figures: Mapping[str, str] = field(default_factory=dict)


def not_withdrawn(deadline: str) -> str:
    """The customer did not cancel before the deadline; what we cancelled ourselves stays and fails."""
    return f"NOT COALESCE(o.cancelled_by = 'customer' AND o.cancelled_at < {deadline}, false)"


def no_line(fault: str) -> str:
    """No line `x` of the order has this fault."""
    return f"(NOT EXISTS (SELECT FROM line_facts x WHERE x.order_id = o.order_id AND ({fault})))"


CONTRACT = "S0 §3.5.2: promised in the contract; formula ours"
