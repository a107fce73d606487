"""What is known of an order here: where it stands with its stock, and what its lines want."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.database import Transaction, columns

from inventory.allocation import Demand, Wanted
from inventory.states import FulfilmentStatus, may_become


@dataclass(slots=True)
class DemandLine:
    """`waiting`: how much of what was ordered still waits for stock."""

    line_no: int
    sku: str
    ordered: int
    waiting: int


@dataclass(slots=True)
class Fulfilment:
    order_id: UUID
    customer_id: str
    status: FulfilmentStatus
    allow_partial: bool
    promised_latest: datetime
    version: int = 0
    lines: dict[int, DemandLine] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        return any(line.waiting for line in self.lines.values())

    def next_version(self) -> int:
        self.version += 1
        return self.version

    def become(self, status: FulfilmentStatus) -> None:
        if not may_become(self.status, status):
            raise ValueError(f"The fulfilment of order {self.order_id} is {self.status} and cannot become {status}.")
        self.status = status

    def demand(self) -> Demand:
        """Everything of it that waits."""
        wanted = (Wanted(line.line_no, line.sku, line.waiting) for line in self.lines.values() if line.waiting)
        return Demand(self.order_id, self.customer_id, self.allow_partial, tuple(wanted))


async def heads_of(tx: Transaction, order_ids: Iterable[UUID]) -> dict[UUID, Fulfilment]:
    """The fulfilments of these orders without their lines."""
    rows = await tx.fetch(_HEADS, sorted(set(order_ids)))
    return {row["order_id"]: Fulfilment(row[0], row[1], FulfilmentStatus(row[2]), *row[3:]) for row in rows}


async def fulfilments_of(tx: Transaction, order_ids: Iterable[UUID]) -> dict[UUID, Fulfilment]:
    found = await heads_of(tx, order_ids)
    if found:
        for order_id, *line in await tx.fetch(_LINES, list(found)):
            found[order_id].lines[line[0]] = DemandLine(*line)
    return found


async def save_heads(tx: Transaction, fulfilments: Iterable[Fulfilment]) -> None:
    """Status and version; an order that is new takes its place behind those that arrived before."""
    rows = [(f.order_id, f.customer_id, f.status, f.allow_partial, f.promised_latest, f.version) for f in fulfilments]
    if rows:
        await tx.execute(_SAVE_HEADS, *columns(rows, 6))


async def save_lines(tx: Transaction, lines: Sequence[tuple[Fulfilment, DemandLine]]) -> None:
    rows = [(f.order_id, line.line_no, f.customer_id, line.sku, line.ordered, line.waiting) for f, line in lines]
    if rows:
        await tx.execute(_SAVE_LINES, *columns(rows, 6))


def all_lines(fulfilments: Iterable[Fulfilment]) -> list[tuple[Fulfilment, DemandLine]]:
    return [(fulfilment, line) for fulfilment in fulfilments for line in fulfilment.lines.values()]


def lines_of(fulfilments: Mapping[UUID, Fulfilment], keys: Iterable[tuple[UUID, int]]) -> list[tuple[Fulfilment, DemandLine]]:
    return [(fulfilments[order_id], fulfilments[order_id].lines[line_no]) for order_id, line_no in sorted(set(keys))]


_HEADS = """
SELECT order_id, customer_id, status, allow_partial, promised_latest, event_version FROM fulfilments WHERE order_id = ANY($1::uuid[])
"""

_LINES = "SELECT order_id, line_no, sku, ordered, waiting FROM demand WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line_no"

_SAVE_HEADS = """
INSERT INTO fulfilments (order_id, customer_id, status, allow_partial, promised_latest, event_version)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::timestamptz[], $6::int[])
ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, event_version = excluded.event_version
"""

_SAVE_LINES = """
INSERT INTO demand (order_id, line_no, customer_id, sku, ordered, waiting)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[])
ON CONFLICT (order_id, line_no) DO UPDATE SET ordered = excluded.ordered, waiting = excluded.waiting
"""
