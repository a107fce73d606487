"""What a batch of events adds to the facts. Pure, and the same whatever the order in which the topics are heard."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from shared.events import By, CaseKind, Promise, ServiceLevel


class Merge(StrEnum):
    """How what was known and what is heard become one: SQL with `f` the row that is there and `excluded` the one that comes.

    None depends on the order of events of different aggregates; the events of one aggregate always come in theirs.
    """

    FIRST = "COALESCE(f.{name}, excluded.{name})"
    LAST = "COALESCE(excluded.{name}, f.{name})"
    LAST_CODE = "NULLIF(COALESCE(excluded.{name}, f.{name}), '')"
    LATEST = "GREATEST(f.{name}, excluded.{name})"
    SUM = "f.{name} + excluded.{name}"
    UNION = (
        "CASE WHEN excluded.{name} <@ f.{name} THEN f.{name} ELSE"
        ' ARRAY(SELECT DISTINCT unnest(f.{name} || excluded.{name}) COLLATE "C" ORDER BY 1) END'
    )


NO_CODE = ""
"""The one that is stored goes."""
First = Annotated[datetime | None, Merge.FIRST]
Latest = Annotated[datetime | None, Merge.LATEST]
Sum = Annotated[int, Merge.SUM]
Codes = Annotated[set[str], Merge.UNION]


@dataclass(slots=True)
class OrderFact:
    order_id: UUID
    customer_id: str
    consignee_code: Annotated[str | None, Merge.LAST_CODE] = None
    service_level: Annotated[ServiceLevel | None, Merge.FIRST] = None
    submitted_at: First = None
    received_at: First = None
    confirmed_at: First = None
    promised_earliest: First = None
    promised_latest: First = None
    first_allocated_at: First = None
    released_at: Latest = None
    handed_over_at: Latest = None
    delivered_at: First = None
    cancelled_at: First = None
    cancelled_by: Annotated[By | None, Merge.FIRST] = None
    rejected_at: First = None
    handovers: Sum = 0
    deliveries: Sum = 0
    signed_deliveries: Sum = 0
    warehouses: Codes = field(default_factory=set)
    carriers: Codes = field(default_factory=set)


@dataclass(slots=True)
class LineFact:
    order_id: UUID
    line_no: int
    customer_id: str
    sku: Annotated[str | None, Merge.FIRST] = None
    ordered: Annotated[int | None, Merge.LAST] = None
    amended: Annotated[int | None, Merge.LAST] = None
    first_demanded: Annotated[int | None, Merge.FIRST] = None
    first_available: Annotated[int | None, Merge.FIRST] = None
    delivered_at: Latest = None
    advised: Sum = 0
    accepted: Sum = 0
    damaged: Sum = 0
    lost: Sum = 0
    warehouses: Codes = field(default_factory=set)
    carriers: Codes = field(default_factory=set)


@dataclass(slots=True)
class CaseFact:
    case_id: UUID
    customer_id: str
    kind: Annotated[CaseKind, Merge.FIRST]
    order_id: Annotated[UUID | None, Merge.FIRST] = None
    line_no: Annotated[int | None, Merge.FIRST] = None
    received_at: First = None
    resolved_at: First = None


@dataclass(frozen=True, slots=True)
class Move:
    """The customer wished `at` that instant for another promise. Whether it counts instead depends on the one that counts by then."""

    order_id: UUID
    at: datetime
    promised: Promise


@dataclass(slots=True)
class Facts:
    """The rows that a batch touches, each once; `moves` in the order in which they were said."""

    orders: dict[UUID, OrderFact] = field(default_factory=dict)
    lines: dict[tuple[UUID, int], LineFact] = field(default_factory=dict)
    cases: dict[UUID, CaseFact] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)

    def order(self, order_id: UUID, customer_id: str) -> OrderFact:
        fact = self.orders.get(order_id)
        if fact is None:
            fact = self.orders[order_id] = OrderFact(order_id, customer_id)
        return fact

    def line(self, order_id: UUID, line_no: int, customer_id: str) -> LineFact:
        fact = self.lines.get((order_id, line_no))
        if fact is None:
            fact = self.lines[order_id, line_no] = LineFact(order_id, line_no, customer_id)
        return fact

    def case(self, case_id: UUID, customer_id: str, kind: CaseKind) -> CaseFact:
        fact = self.cases.get(case_id)
        if fact is None:
            fact = self.cases[case_id] = CaseFact(case_id, customer_id, kind)
        return fact


def latest(instants: Iterable[datetime | None]) -> datetime | None:
    """The latest of those that are known."""
    return max((at for at in instants if at is not None), default=None)
