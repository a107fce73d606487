from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.pages import Page, equal, one_page, page
from shared.statements import as_text
from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.erasure_schemas import ErasureFilters, ErasureView
from order_intake.errors import ErasureNotFound
from order_intake.models import erasure_orders, erasures

WAITING_SHOWN: ColumnElement[int] = literal_column("100")


async def erasure_by_id(reading: AsyncConnection, erasure_id: UUID) -> ErasureView:
    row = (await reading.execute(_erasures().where(erasures.c.erasure_id == erasure_id))).mappings().one_or_none()
    if row is None:
        raise ErasureNotFound(erasure_id)
    return ErasureView.model_validate(dict(row))


async def erasure_in(tx: Transaction, erasure_id: UUID) -> ErasureView:
    """As this transaction leaves it."""
    row = await tx.fetchrow(_ERASURE, erasure_id)
    if row is None:
        raise ErasureNotFound(erasure_id)
    return ErasureView.model_validate(dict(row))


async def erasures_page(reading: AsyncConnection, filters: ErasureFilters) -> Page[ErasureView]:
    wanted = one_page(_erasures().where(*equal(erasures, {"customer_id": filters.customer_id})), erasures.c.erasure_id, filters)
    views = [ErasureView.model_validate(dict(row)) for row in (await reading.execute(wanted)).mappings()]
    return page(views, filters.limit, lambda view: view.erasure_id)


def _erasures() -> Select[tuple[Any, ...]]:
    of_it = erasure_orders.c.erasure_id == erasures.c.erasure_id
    waits = select(erasure_orders.c.order_id).where(of_it, erasure_orders.c.erased_at.is_(None))
    return select(
        *(erasures.c[name] for name in ("erasure_id", "customer_id", "status", "requested_at", "finished_at")),
        select(func.count()).select_from(erasure_orders).where(of_it).scalar_subquery().label("found"),
        select(func.count(erasure_orders.c.erased_at)).where(of_it).scalar_subquery().label("erased"),
        func.array(
            waits.order_by(erasure_orders.c.order_id).limit(WAITING_SHOWN).scalar_subquery(), type_=postgresql.ARRAY(postgresql.UUID)
        ).label("waiting"),
    )


_ERASURE = as_text(_erasures().where(erasures.c.erasure_id == bindparam("erasure_id")))
