from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.pages import Page, page
from sqlalchemy import RowMapping, Select, bindparam, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.edi_out_models import edi_reports
from order_intake.errors import ReportNotFound
from order_intake.report_schemas import ReportFilters, ReportView


async def report_by_id(reading: AsyncConnection, code: str, report_id: UUID) -> ReportView:
    wanted = _reports().where(edi_reports.c.report_id == report_id, edi_reports.c.partner == code)
    row = (await reading.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise ReportNotFound(report_id)
    return _view(row)


async def report_in(tx: Transaction, report_id: UUID) -> ReportView:
    """As this transaction leaves it."""
    row = await tx.fetchrow(_REPORT, report_id)
    if row is None:
        raise ReportNotFound(report_id)
    return _view(dict(row))


async def reports_page(reading: AsyncConnection, code: str, filters: ReportFilters) -> Page[ReportView]:
    wanted = _reports().where(edi_reports.c.partner == code).order_by(edi_reports.c.report_id).limit(filters.limit + 1)
    if filters.after:
        wanted = wanted.where(edi_reports.c.report_id > filters.after)
    return page([_view(row) for row in (await reading.execute(wanted)).mappings()], filters.limit, lambda view: view.report_id)


def _reports() -> Select[tuple[Any, ...]]:
    return select(edi_reports)


_REPORT = str(_reports().where(edi_reports.c.report_id == bindparam("report_id")).compile(dialect=postgresql.asyncpg.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's
"""For the transaction of the command, which is not SQLAlchemy's."""


def _view(row: Mapping[str, Any] | RowMapping) -> ReportView:
    return ReportView.model_validate({**row, "daily": row["daily_on"] is not None})
