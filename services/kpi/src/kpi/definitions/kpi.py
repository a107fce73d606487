"""What a KPI is. In its SQL `o` is an order's row in order_facts, `l` a line's in line_facts, `c` a case's in case_facts,
`w` what is true of the whole order; `:as_of` is the time of asking."""

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


WHOLE_ORDERS = """order_facts o CROSS JOIN LATERAL (
    SELECT COALESCE(bool_and(l.delivered_at IS NOT NULL OR COALESCE(l.amended, l.ordered) = 0), false) AS arrived,
           COALESCE(bool_and(l.accepted + l.damaged >= COALESCE(l.amended, l.ordered, 0)), false) AS in_full,
           COALESCE(bool_and(l.damaged = 0), true) AS undamaged,
           COALESCE(bool_and(l.accepted + l.damaged = l.advised), true) AS accurate,
           COALESCE(bool_and(l.first_available IS NULL OR l.first_available >= l.first_demanded), true) AS filled
    FROM line_facts l WHERE l.order_id = o.order_id
) w"""
"""Orders with what is true of all their lines; PostgreSQL leaves out what is not asked for."""


class Counts(StrEnum):
    """What a KPI counts; its value is the FROM clause."""

    ORDERS = "order_facts o"
    WHOLE_ORDERS = WHOLE_ORDERS
    LINES = "line_facts l JOIN order_facts o ON o.order_id = l.order_id"
    CASES = "case_facts c LEFT JOIN order_facts o ON o.order_id = c.order_id"

    @property
    def alias(self) -> str:
        return {Counts.LINES: "l", Counts.CASES: "c"}.get(self, "o")


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


CONTRACT = "S0 §3.5.2: promised in the contract; formula ours"
