"""A KPI in a period, as it is answered: every group judged, days without data shown as such."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from kpi import queries
from kpi.definitions import Kpi
from kpi.errors import NotPaged
from kpi.measures import Tally, measure
from kpi.queries import Groups, Scope
from kpi.schemas import By, MeasureAsked, MeasureView, RowView


async def measured(reading: AsyncConnection, kpi: Kpi, scope: Scope, asked: MeasureAsked) -> MeasureView:
    """A page of groups, or all there are where they are few by nature: the whole, or the days of the period."""
    as_of = await queries.clock(reading)
    if asked.by in (None, By.DAY):
        found = await _unpaged(reading, kpi, scope, asked, as_of)
        return _view(kpi, scope, asked.by, as_of, found, None)
    groups = Groups(asked.by, asked.after, asked.limit + 1)
    found = await queries.tallies(reading, kpi, scope, groups, as_of)
    shown = found[: asked.limit]
    return _view(kpi, scope, asked.by, as_of, shown, shown[-1].group if len(found) > asked.limit else None)


async def _unpaged(reading: AsyncConnection, kpi: Kpi, scope: Scope, asked: MeasureAsked, as_of: datetime) -> Sequence[Tally]:
    if paging := asked.model_fields_set & {"after", "limit"}:
        raise NotPaged(sorted(paging))
    days = scope.period.days if asked.by else []
    found = await queries.tallies(reading, kpi, scope, Groups(asked.by), as_of)
    if asked.by is None:
        return found
    by_day = {tally.group: tally for tally in found}
    return [by_day.get(day) or Tally(day) for day in days]


def _view(kpi: Kpi, scope: Scope, by: By | None, as_of: datetime, found: Sequence[Tally], following: str | None) -> MeasureView:
    return MeasureView(
        name=kpi.name,
        unit=kpi.unit,
        from_=scope.period.start,
        to=scope.period.end,
        zone=scope.period.zone.key,
        by=by,
        provisional=as_of < scope.period.end + kpi.look_back,
        as_of=as_of,
        rows=[RowView.model_validate(measure(kpi, tally)) for tally in found],
        next=following,
    )
