"""What a play left behind: counts by SQL, figures by the kpi service, invariants by the checker."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.walls import Role

from deploy.local.demo.center import Center
from deploy.local.demo.dataset import Plan
from deploy.local.demo.evidence import evidence
from deploy.local.demo.invariants import Verdict, judge
from deploy.local.demo.journal import Journal
from deploy.local.demo.kpis import Figure, figures
from deploy.local.demo.target import Target


@dataclass(frozen=True)
class Outcome:
    plan: Plan
    journal: Journal
    seconds: float
    statuses: Counter[str]
    reasons: Counter[tuple[str, str]]
    events: Counter[tuple[str, str]]
    figures: list[Figure]
    verdicts: list[Verdict]

    @property
    def faults(self) -> list[str]:
        """Everything that is not as promised; none = the play succeeded."""
        found = [self.journal.stuck] if self.journal.stuck else []
        found += [f"{v.invariant.name} {v.invariant.sentence}: {v.broken} times not, first {v.first}" for v in self.verdicts if v.broken]
        found += [f"{figure.definition.name} is no number" for figure in self.figures if figure.row.value is None]
        found += [f"the evidence of {figure.definition.name} does not add up" for figure in self.figures if not figure.adds_up]
        if not self.plan.adds_up:
            found.append("the counts do not add up to the file")
        if self.statuses.total() != len(self.plan.sales):
            found.append(f"{len(self.plan.sales)} invoices are orders, {self.statuses.total()} orders are stored")
        if missing := {credit.reference for credit in self.plan.credits} - self.journal.credited.keys():
            found.append(f"{len(missing)} credit lines came to nothing, first {min(missing)}")
        return found


async def outcome(target: Target, center: Center, plan: Plan, journal: Journal, seconds: float) -> Outcome:
    order_ids = [UUID(one.order_id) for one in journal.acknowledged]
    begun, ended = await _business(target, order_ids)
    async with evidence(target, journal.acknowledged) as checker:
        verdicts = await judge(checker)
        return Outcome(
            plan=plan,
            journal=journal,
            seconds=seconds,
            statuses=await _statuses(checker),
            reasons=await _reasons(target, order_ids),
            events=await _events(checker),
            figures=await figures(center, begun, ended),
            verdicts=verdicts,
        )


async def _business(target: Target, order_ids: list[UUID]) -> tuple[datetime, datetime]:
    """From the first of the orders to now, by the database's clock."""
    intake = await asyncpg.connect(target.database("order_intake", Role.STAFF))
    row = await intake.fetchrow("SELECT coalesce(min(received_at), now()), now() FROM orders WHERE order_id = ANY($1)", order_ids)
    await intake.close()
    assert row
    return row[0], row[1]


async def _statuses(checker: asyncpg.Connection) -> Counter[str]:
    """Of the acknowledged orders only: other plays may have left theirs."""
    sql = "SELECT status, count(*) FROM orders JOIN (SELECT DISTINCT order_id FROM acknowledged) AS a USING (order_id) GROUP BY status"
    return Counter({row["status"]: row["count"] for row in await checker.fetch(sql)})


async def _events(checker: asyncpg.Connection) -> Counter[tuple[str, str]]:
    rows = await checker.fetch("SELECT topic, type, count(*) FROM outbox GROUP BY topic, type")
    return Counter({(topic, type_): count for topic, type_, count in rows})


async def _reasons(target: Target, order_ids: list[UUID]) -> Counter[tuple[str, str]]:
    """Why orders were cancelled or rejected, as their events say."""
    intake = await asyncpg.connect(target.database("order_intake", Role.STAFF))
    rows = await intake.fetch(
        "SELECT type, convert_from(body, 'UTF8')::jsonb ->> 'reason', count(*) FROM outbox"
        " WHERE type IN ('order.cancelled.v1', 'order.rejected.v1') AND key = ANY($1) GROUP BY 1, 2",
        [str(order_id) for order_id in order_ids],
    )
    await intake.close()
    return Counter({(type_.split(".")[1], reason): count for type_, reason, count in rows})
