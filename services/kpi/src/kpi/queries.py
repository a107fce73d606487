"""The definitions put to the database: what is counted, for whom, in which groups, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.pages import Page, page
from sqlalchemy import DateTime, Integer, Interval, Row, Text, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.type_api import TypeEngine

from kpi.definitions import STAMPS, Counts, Kpi
from kpi.errors import OrderNotFound, UnknownPlace
from kpi.measures import Tally, segments_of
from kpi.models import case_facts, line_facts, order_facts
from kpi.periods import Period
from kpi.schemas import By, EvidenceView, LineFactsView, OrderFactsView

_INSTANT = DateTime(timezone=True)
_BINDS: dict[str, TypeEngine[Any]] = {
    "start": _INSTANT,
    "end": _INSTANT,
    "as_of": _INSTANT,
    "after_at": _INSTANT,
    "shift": Interval(),
    "zone": Text(),
    "customer_id": Text(),
    "warehouse": Text(),
    "carrier": Text(),
    "after": Text(),
    "after_id": Uuid(),
    "after_line": Integer(),
    "limit": Integer(),
}
_OF_ORDER = ("o.order_id",)
_KEYS = {
    Counts.ORDERS: _OF_ORDER,
    Counts.WHOLE_ORDERS: _OF_ORDER,
    Counts.LINES: ("l.order_id", "l.line_no"),
    Counts.CASES: ("c.case_id",),
}
_SHOWN_OF_ORDER = "o.order_id, NULL::int AS line_no, NULL::uuid AS case_id"
_SHOWN = {
    Counts.ORDERS: _SHOWN_OF_ORDER,
    Counts.WHOLE_ORDERS: _SHOWN_OF_ORDER,
    Counts.LINES: "l.order_id, l.line_no, NULL::uuid AS case_id",
    Counts.CASES: "c.order_id, c.line_no, c.case_id",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows are asked for."""

    period: Period
    customer_id: str | None = None
    warehouse: str | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """In which groups; `after` and `limit` cut a page out of them, by their names."""

    by: By | None = None
    after: str | None = None
    limit: int | None = None


async def clock(reading: AsyncConnection) -> datetime:
    """The time of asking."""
    at: datetime = (await reading.execute(select(func.now()))).scalar_one()
    return at.astimezone(UTC)


async def tallies(reading: AsyncConnection, kpi: Kpi, scope: Scope, groups: Groups, as_of: datetime) -> list[Tally]:
    """What is counted in each group that has any, ascending; without groups exactly one."""
    source, group = _grouped(kpi, groups.by)
    conditions = _conditions(kpi, scope) + ([f'{group} > :after COLLATE "C"'] if groups.after else [])
    figures = "".join(f", {sql} AS {name}" for name, sql in kpi.figures.items())
    sql = (
        f"SELECT {group} AS grp, COALESCE(sum({kpi.numerator}), 0)::bigint AS numerator,"
        f" COALESCE(sum({kpi.denominator}), 0)::bigint AS denominator{figures} FROM {source} WHERE {' AND '.join(conditions)}"
    )
    if groups.by:
        sql += " GROUP BY 1 ORDER BY 1" + (" LIMIT :limit" if groups.limit else "")
    rows = await _run(reading, sql, kpi, scope, as_of=as_of, after=groups.after, limit=groups.limit)
    return [Tally(row.grp, row.numerator, row.denominator, {name: row._mapping[name] for name in kpi.figures}) for row in rows]


async def evidence(reading: AsyncConnection, kpi: Kpi, scope: Scope, as_of: datetime, after: str | None, limit: int) -> Page[EvidenceView]:
    """The rows behind a number, in order of their anchor; their numerators and denominators add up to it."""
    keys = ", ".join((kpi.counted_at, *_KEYS[kpi.counts]))
    place = _place(kpi.counts, after) if after else {}
    conditions = _conditions(kpi, scope) + ([f"({keys}) > ({', '.join(f':{name}' for name in place)})"] if place else [])
    sql = (
        f"SELECT {_SHOWN[kpi.counts]}, {kpi.counted_at} AS counted_at, {kpi.numerator} AS numerator, {kpi.denominator} AS denominator"
        f" FROM {kpi.counts} WHERE {' AND '.join(conditions)} ORDER BY {keys} LIMIT :limit"
    )
    rows = await _run(reading, sql, kpi, scope, as_of=as_of, limit=limit + 1, **place)
    shown = page(rows, limit, lambda row: _cursor(kpi.counts, row))
    return Page(items=[_evidence(kpi, row) for row in shown.items], next=shown.next)


async def facts_of_order(reading: AsyncConnection, order_id: UUID) -> OrderFactsView:
    """All that is known of one order; raises OrderNotFound."""
    order = (await reading.execute(select(order_facts).where(order_facts.c.order_id == order_id))).mappings().first()
    if order is None:
        raise OrderNotFound(order_id)
    lines = await reading.execute(select(line_facts).where(line_facts.c.order_id == order_id).order_by(line_facts.c.line_no))
    of_order = (case_facts.c.order_id == order_id) & (case_facts.c.kind == "complaint")
    complaints = (await reading.execute(select(func.count()).select_from(case_facts).where(of_order))).scalar_one()
    segments = segments_of([order[stamp] for stamp in STAMPS])
    return OrderFactsView(
        **order,
        complaints=complaints,
        segments=segments,
        lines=[LineFactsView.model_validate(line, from_attributes=True) for line in lines],
    )


def _grouped(kpi: Kpi, by: By | None) -> tuple[str, str]:
    """FROM clause and expression of the groups."""
    match by:
        case None:
            return kpi.counts, "NULL"
        case By.DAY:
            return kpi.counts, f"to_char(timezone(:zone, {kpi.counted_at} + :shift), 'YYYY-MM-DD')"
        case By.CUSTOMER:
            return kpi.counts, f'{kpi.counts.alias}.customer_id COLLATE "C"'
        case By.WAREHOUSE | By.CARRIER:
            return f"{kpi.counts} CROSS JOIN LATERAL unnest({kpi.served_by}.{by}s) AS served(code)", 'served.code COLLATE "C"'


def _conditions(kpi: Kpi, scope: Scope) -> list[str]:
    conditions = [f"{kpi.counted_at} >= :start", f"{kpi.counted_at} < :end", f"({kpi.counted})"]
    if scope.customer_id:
        conditions.append(f"{kpi.counts.alias}.customer_id = :customer_id")
    if scope.warehouse:
        conditions.append(f":warehouse = ANY({kpi.served_by}.warehouses)")
    if scope.carrier:
        conditions.append(f":carrier = ANY({kpi.served_by}.carriers)")
    return conditions


async def _run(reading: AsyncConnection, sql: str, kpi: Kpi, scope: Scope, **more: object) -> Sequence[Row[Any]]:
    """`start` and `end` are moved back by what lies between the stored time and the anchor, so that the index serves."""
    values = {
        "start": scope.period.start - kpi.counted_after,
        "end": scope.period.end - kpi.counted_after,
        "shift": kpi.counted_after,
        "zone": scope.period.zone.key,
        "customer_id": scope.customer_id,
        "warehouse": scope.warehouse,
        "carrier": scope.carrier,
        **more,
    }
    statement = text(sql)
    used = [name for name in values if name in statement._bindparams]
    binds = [bindparam(name, type_=_BINDS[name]) for name in used]
    return (await reading.execute(statement.bindparams(*binds), {name: values[name] for name in used})).all()


def _evidence(kpi: Kpi, row: Row[Any]) -> EvidenceView:
    return EvidenceView(
        order_id=row.order_id,
        line_no=row.line_no,
        case_id=row.case_id,
        anchor_at=row.counted_at + kpi.counted_after,
        in_numerator=row.numerator > 0,
        numerator=row.numerator,
        denominator=row.denominator,
    )


def _cursor(counts: Counts, row: Row[Any]) -> str:
    keys = {Counts.LINES: (row.order_id, row.line_no), Counts.CASES: (row.case_id,)}.get(counts, (row.order_id,))
    return "_".join(map(str, ((row.counted_at - _EPOCH) // timedelta(microseconds=1), *keys)))


def _place(counts: Counts, after: str) -> dict[str, object]:
    """Where a page begins, from the cursor of the page before; raises UnknownPlace."""
    at, *keys = after.split("_")
    try:
        place: dict[str, object] = {"after_at": _EPOCH + timedelta(microseconds=int(at)), "after_id": UUID(keys[0])}
        if counts is Counts.LINES:
            place["after_line"] = int(keys[1])
            if not 0 <= int(keys[1]) < 2**31:
                raise UnknownPlace
    except (ValueError, IndexError, OverflowError) as wrong:
        raise UnknownPlace from wrong
    return place
