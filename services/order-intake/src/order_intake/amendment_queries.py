from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from shared.database import Transaction
from shared.events import Window
from shared.key_store import KeyStore
from shared.pages import Page, one_page, page
from shared.sealing import SubjectKey
from shared.statements import as_text
from sqlalchemy import Select, Text, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.amendment_models import order_amendments
from order_intake.amendment_schemas import AmendedLineView, AmendmentFilters, AmendmentView
from order_intake.consignee import opened
from order_intake.errors import AmendmentNotFound, OrderNotFound
from order_intake.models import orders
from order_intake.schemas import PromiseView

_SHOWN = (
    *("amendment_no", "customer_id", "reference", "by", "reason", "amended_at", "ship_to"),
    *("promised_earliest", "promised_latest", "former_promised_earliest", "former_promised_latest"),
)


async def amendments_page(reading: AsyncConnection, order_id: UUID, filters: AmendmentFilters, store: KeyStore) -> Page[AmendmentView]:
    """In the order in which they were made."""
    keys = await _keys(reading, order_id, store)
    wanted = one_page(_amendments().where(order_amendments.c.order_id == order_id), order_amendments.c.amendment_no, filters)
    rows = (await reading.execute(wanted)).mappings()
    return page([_view(row, keys) for row in rows], filters.limit, lambda view: view.amendment_no)


async def amendment_by_no(reading: AsyncConnection, order_id: UUID, amendment_no: int, store: KeyStore) -> AmendmentView:
    keys = await _keys(reading, order_id, store)
    wanted = _amendments().where(order_amendments.c.order_id == order_id, order_amendments.c.amendment_no == amendment_no)
    row = (await reading.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise AmendmentNotFound(order_id, amendment_no)
    return _view(row, keys)


async def amendment_in(tx: Transaction, order_id: UUID, amendment_no: int, keys: Mapping[str, SubjectKey]) -> AmendmentView:
    """As this transaction leaves it."""
    row = await tx.fetchrow(_AMENDMENT, order_id, amendment_no)
    if row is None:
        raise AmendmentNotFound(order_id, amendment_no)
    return _view(dict(row), keys)


async def _keys(reading: AsyncConnection, order_id: UUID, store: KeyStore) -> dict[str, SubjectKey]:
    row = (await reading.execute(select(orders.c.ship_to_key_id).where(orders.c.order_id == order_id))).one_or_none()
    if row is None:
        raise OrderNotFound(order_id)
    return await store.read([row.ship_to_key_id])


def _amendments() -> Select[tuple[Any, ...]]:
    of_order = order_amendments.join(orders, orders.c.order_id == order_amendments.c.order_id)
    json = [cast(order_amendments.c[name], Text).label(name) for name in ("lines", "requested")]
    return select(*(order_amendments.c[name] for name in _SHOWN), *json, orders.c.ship_to_key_id).select_from(of_order)


_AMENDMENT = as_text(
    _amendments().where(order_amendments.c.order_id == bindparam("order_id"), order_amendments.c.amendment_no == bindparam("amendment_no"))
)


def _view(row: Mapping[str, Any], keys: Mapping[str, SubjectKey]) -> AmendmentView:
    return AmendmentView(
        amendment_no=row["amendment_no"],
        reference=row["reference"],
        by=row["by"],
        reason=row["reason"],
        amended_at=row["amended_at"],
        lines=_lines(row["lines"]),
        requested_delivery=Window.model_validate_json(row["requested"]) if row["requested"] else None,
        promised=_promise(row, "promised"),
        former_promised=_promise(row, "former_promised"),
        ship_to=opened(row["ship_to"], row["ship_to_key_id"], row["customer_id"], keys),
    )


def _lines(stored: str | None) -> list[AmendedLineView] | None:
    if stored is None:
        return None
    names = list(AmendedLineView.model_fields)
    return [AmendedLineView(**dict(zip(names, line, strict=True))) for line in from_json(stored)]


def _promise(row: Mapping[str, Any], name: str) -> PromiseView | None:
    latest = row[f"{name}_latest"]
    return PromiseView(earliest=row[f"{name}_earliest"], latest=latest) if latest else None
