from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json
from shared.pages import Page, equal, one_page, page
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.edi_models import edi_partners
from order_intake.errors import PartnerNotFound
from order_intake.partner_schemas import PartnerFilters, PartnerView


async def partner_by_code(reading: AsyncConnection, code: str) -> tuple[PartnerView, int]:
    """With its revision."""
    row = (await reading.execute(_partners().where(edi_partners.c.code == code))).mappings().one_or_none()
    if row is None:
        raise PartnerNotFound(code)
    return _view(row), row["revision"]


async def partners_page(reading: AsyncConnection, filters: PartnerFilters) -> Page[PartnerView]:
    wanted = one_page(_partners().where(*equal(edi_partners, {"customer_id": filters.customer_id})), edi_partners.c.code, filters)
    return page([_view(row) for row in (await reading.execute(wanted)).mappings()], filters.limit, lambda view: view.code)


def _partners() -> Select[tuple[Any, ...]]:
    return select(edi_partners.c.code, edi_partners.c.revision, edi_partners.c.settings)


def _view(row: Mapping[str, Any]) -> PartnerView:
    settings = row["settings"]
    return PartnerView.model_validate({**(from_json(settings) if isinstance(settings, str) else settings), "code": row["code"]})
