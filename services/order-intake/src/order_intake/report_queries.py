from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.pages import Page, one_page, page
from shared.statements import as_text
from sqlalchemy import RowMapping, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.edi_out_models import edi_reports
from order_intake.errors import ReportNotFound
from order_intake.report_schemas import ReportFilters, ReportView


async def report_by_id(reading: AsyncConnection, code: str, report_id: UUID) -> ReportView:
    wanted = select(edi_reports).where(edi_reports.c.report_id == report_id, edi_reports.c.partner == code)
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
    wanted = one_page(select(edi_reports).where(edi_reports.c.partner == code), edi_reports.c.report_id, filters)
    return page([_view(row) for row in (await reading.execute(wanted)).mappings()], filters.limit, lambda view: view.report_id)


_REPORT = as_text(select(edi_reports).where(edi_reports.c.report_id == bindparam("report_id")))


def _view(row: Mapping[str, Any] | RowMapping) -> ReportView:
    return ReportView.model_validate({**row, "daily": row["daily_on"] is not None})
