from typing import Any
from uuid import UUID

from shared.key_store import KeyStore
from shared.pages import Page, equal, one_page, page
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.edi_models import edi_interchanges
from order_intake.errors import AcknowledgementNotFound, InterchangeNotFound
from order_intake.interchange_answers import opened
from order_intake.interchange_schemas import InterchangeFilters, InterchangeView
from order_intake.interchange_views import stored_view
from order_intake.media_types import MEDIA_TYPES

SHOWN = [column for column in edi_interchanges.c if column.name not in ("body", "body_hash", "key_id", "holds_control", "acknowledgement")]


async def interchange_by_id(reading: AsyncConnection, interchange_id: UUID) -> InterchangeView:
    row = (await reading.execute(_interchanges().where(edi_interchanges.c.interchange_id == interchange_id))).mappings().one_or_none()
    if row is None:
        raise InterchangeNotFound(interchange_id)
    return stored_view(row)


async def interchanges_page(reading: AsyncConnection, filters: InterchangeFilters) -> Page[InterchangeView]:
    of_whom = equal(edi_interchanges, {"customer_id": filters.customer_id, "partner": filters.partner})
    wanted = one_page(_interchanges().where(*of_whom), edi_interchanges.c.interchange_id, filters)
    views = [stored_view(row) for row in (await reading.execute(wanted)).mappings()]
    return page(views, filters.limit, lambda view: view.interchange_id)


async def acknowledgement_of(reading: AsyncConnection, interchange_id: UUID, store: KeyStore) -> tuple[bytes, str]:
    """The bytes and their media type."""
    columns = edi_interchanges.c.acknowledgement, edi_interchanges.c.customer_id, edi_interchanges.c.syntax
    row = (await reading.execute(select(*columns).where(edi_interchanges.c.interchange_id == interchange_id))).one_or_none()
    if row is None:
        raise InterchangeNotFound(interchange_id)
    if row.acknowledgement is None:
        raise AcknowledgementNotFound(interchange_id)
    return await opened(row.acknowledgement, row.customer_id, store), MEDIA_TYPES[row.syntax]


def _interchanges() -> Select[tuple[Any, ...]]:
    return select(*SHOWN, edi_interchanges.c.acknowledgement.is_not(None).label("acknowledgement"))
