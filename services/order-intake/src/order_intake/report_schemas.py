from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict
from shared.bodies import Body, Code, View
from shared.pages import IdPaging


class NewReport(Body):
    """Of one warehouse, or of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"warehouse": "SH"}]})

    warehouse: Code | None = None


class ReportFilters(IdPaging):
    """Of one partner."""


class ReportView(View):
    """`counted_at`: the moment whose stock is told, in so many `documents` (846, INVRPT) that go to the partner's outbox. `daily`: asked
    for by the day, not by a person."""

    report_id: UUID
    partner: str
    warehouse: str | None
    daily: bool
    requested_at: datetime
    counted_at: datetime | None
    documents: int | None
