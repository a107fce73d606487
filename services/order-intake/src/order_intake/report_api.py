"""Inventory reports for partners: daily for those that want them, and whenever somebody asks."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from shared.bodies import Code
from shared.pages import Page
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.inventory_reports import request_report
from order_intake.report_queries import report_by_id, report_in, reports_page
from order_intake.report_schemas import NewReport, ReportFilters, ReportView

report_api = router()
CodePath = Annotated[Code, Path()]


@report_api.post("/edi/partners/{code}/inventory-reports", status_code=202)
@needs("edi:write")
async def post_report(code: CodePath, new: NewReport, tx: Tx, response: Response) -> ReportView:
    """Have the partner told what is in stock; the documents wait in its outbox as soon as inventory has counted."""
    report_id = await request_report(tx, code, new.warehouse)
    response.headers["Location"] = f"/edi/partners/{code}/inventory-reports/{report_id}"
    return await report_in(tx, report_id)


@report_api.get("/edi/partners/{code}/inventory-reports/{report_id}")
@needs("edi:read")
async def get_report(code: CodePath, report_id: UUID, reading: Reading) -> ReportView:
    return await report_by_id(reading, code, report_id)


@report_api.get("/edi/partners/{code}/inventory-reports")
@needs("edi:read")
async def get_reports(code: CodePath, filters: Annotated[ReportFilters, Query()], reading: Reading) -> Page[ReportView]:
    return await reports_page(reading, code, filters)
