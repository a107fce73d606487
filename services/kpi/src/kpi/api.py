from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Request
from shared.pages import Page
from shared.routes import Reading, router
from shared.scopes import needs

from kpi import queries
from kpi.definitions import KPIS, Kpi
from kpi.errors import KpiNotFound
from kpi.measuring import measured
from kpi.periods import period
from kpi.queries import Scope
from kpi.schemas import Asked, DefinitionView, EvidenceView, MeasureAsked, MeasureView, OrderFactsView

api = router()


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.state.settings.business_zone)


def _kpi(name: Annotated[str, Path(examples=["on_time_delivery_rate"])]) -> Kpi:
    if name not in KPIS:
        raise KpiNotFound(name, KPIS)
    return KPIS[name]


Zone = Annotated[ZoneInfo, Depends(_zone)]
Named = Annotated[Kpi, Depends(_kpi)]


def _scope(asked: Asked, zone: ZoneInfo) -> Scope:
    return Scope(period(asked.from_, asked.to, zone), asked.customer_id, asked.warehouse, asked.carrier)


@api.get("/kpis", response_model=Page[DefinitionView])
@needs("kpi:read")
async def list_kpis() -> Page[DefinitionView]:
    """What is measured, and how exactly."""
    return Page(items=[DefinitionView.of(kpi) for kpi in KPIS.values()])


@api.get("/kpis/{name}", response_model=MeasureView)
@needs("kpi:read")
async def show_kpi(kpi: Named, asked: Annotated[MeasureAsked, Query()], zone: Zone, reading: Reading) -> MeasureView:
    """A KPI in a period: one row, or one a day, customer, warehouse or carrier; an order counts in each that served it."""
    return await measured(reading, kpi, _scope(asked, zone), asked)


@api.get("/kpis/{name}/evidence", response_model=Page[EvidenceView])
@needs("kpi:read")
async def list_evidence(kpi: Named, asked: Annotated[Asked, Query()], zone: Zone, reading: Reading) -> Page[EvidenceView]:
    """The orders, lines or cases behind a number, oldest anchor first."""
    return await queries.evidence(reading, kpi, _scope(asked, zone), await queries.clock(reading), asked.after, asked.limit)


@api.get("/orders/{order_id}/facts", response_model=OrderFactsView)
@needs("kpi:read")
async def show_facts(order_id: UUID, reading: Reading) -> OrderFactsView:
    """All that is measured of one order."""
    return await queries.facts_of_order(reading, order_id)
