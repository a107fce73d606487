"""The answers to the GETs. An order is read whole in one statement, so that its parts belong together."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from shared.database import Transaction
from shared.key_store import KeyStore
from shared.pages import Page, equal, one_page, page
from shared.sealing import SubjectKey
from shared.statements import as_text
from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.consignee import opened
from order_intake.errors import OrderNotFound
from order_intake.lifecycle import OrderStatus
from order_intake.models import holds, order_history, order_lines, orders
from order_intake.quantities import BUCKETS, Line
from order_intake.schemas import HistoryView, HoldView, LineView, OrderFilters, OrderView, PromiseView, QuantitiesView

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_KEYS: Mapping[str, SubjectKey] = MappingProxyType({})
WHOLE_ORDER_STATES = frozenset({OrderStatus.RECEIVED, OrderStatus.CLOSED, OrderStatus.REJECTED, OrderStatus.CANCELLED})
"""States that an order and its lines have together, whatever bucket the units lie in."""


async def order_by_id(reading: AsyncConnection, order_id: UUID, store: KeyStore) -> OrderView:
    row = (await reading.execute(_orders().where(orders.c.order_id == order_id))).mappings().one_or_none()
    if row is None:
        raise OrderNotFound(order_id)
    return _view(row, await store.read([row["ship_to_key_id"]]))


async def key_of(tx: Transaction, order_id: UUID, store: KeyStore) -> dict[str, SubjectKey]:
    """The key of the order's consignee, read before the order is locked; none where it is erased, or unknown."""
    row = await tx.glance("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)
    return await store.read([row["ship_to_key_id"]]) if row else {}


async def order_in(tx: Transaction, order_id: UUID, keys: Mapping[str, SubjectKey] = NO_KEYS) -> OrderView:
    """The order as this transaction leaves it; without its key nobody sees the consignee."""
    row = await tx.fetchrow(_ORDER, order_id)
    if row is None:
        raise OrderNotFound(order_id)
    return _view(dict(row), keys)


async def orders_page(reading: AsyncConnection, filters: OrderFilters, store: KeyStore) -> Page[OrderView]:
    """In the order of their ids, which is the order in which they were received."""
    wanted = one_page(_orders().where(*_conditions(filters)), orders.c.order_id, filters)
    rows = (await reading.execute(wanted)).mappings().all()
    keys = await store.read(row["ship_to_key_id"] for row in rows)
    return page([_view(row, keys) for row in rows], filters.limit, lambda view: view.order_id)


def _conditions(filters: OrderFilters) -> list[ColumnElement[bool]]:
    """A range of time is a range of ids as well, so that the primary key serves it."""
    wanted = {"customer_id": filters.customer_id, "customer_reference": filters.customer_reference, "status": filters.status}
    conditions = equal(orders, wanted)
    if filters.created_from:
        conditions += [orders.c.received_at >= filters.created_from, orders.c.order_id >= first_id(filters.created_from)]
    if filters.created_to:
        conditions += [orders.c.received_at < filters.created_to, orders.c.order_id < first_id(filters.created_to, milliseconds=1)]
    return conditions


def first_id(at: datetime, milliseconds: int = 0) -> UUID:
    """The lowest UUIDv7 of that millisecond, or of one later."""
    return UUID(int=((at - EPOCH) // timedelta(milliseconds=1) + milliseconds) << 80)


def _orders() -> Select[tuple[Any, ...]]:
    line = [order_lines.c[name] for name in ("line_no", "sku", "ordered", *BUCKETS)]
    open_hold = [holds.c.hold_id, holds.c.reason, holds.c.placed_at]
    entry = [order_history.c.at, order_history.c.what, order_history.c.detail]
    return select(
        orders,
        _listed(order_lines, line, order_lines.c.line_no).label("lines"),
        _listed(holds, open_hold, holds.c.hold_id, holds.c.released_at.is_(None)).label("holds"),
        _listed(order_history, entry, order_history.c.entry_id).label("history"),
    )


def _listed(
    table: Table, values: Sequence[ColumnElement[Any]], by: ColumnElement[Any], *conditions: ColumnElement[bool]
) -> ScalarSelect[Any]:
    """The rows of an order in a table below it, as a JSON list of lists."""
    rows = func.json_agg(aggregate_order_by(func.json_build_array(*values), by))
    found = select(cast(func.coalesce(rows, func.json_build_array()), Text))
    return found.where(table.c.order_id == orders.c.order_id, *conditions).scalar_subquery()


_ORDER = as_text(_orders().where(orders.c.order_id == bindparam("order_id")))


def _view(row: Mapping[str, Any], keys: Mapping[str, SubjectKey]) -> OrderView:
    status = OrderStatus(row["status"])
    return OrderView(
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        customer_reference=row["customer_reference"],
        status=status,
        partial=row["partial"],
        cancellation=row["cancellation"],
        open_amendment=row["open_amendment"],
        received_at=row["received_at"],
        ship_to=opened(row["ship_to"], row["ship_to_key_id"], row["customer_id"], keys),
        erased_at=row["erased_at"],
        promised=PromiseView(earliest=row["promised_earliest"], latest=row["promised_latest"]) if row["promised_latest"] else None,
        holds=[HoldView(hold_id=hold_id, reason=reason, placed_at=placed_at) for hold_id, reason, placed_at in from_json(row["holds"])],
        lines=[_line(Line(*line), status) for line in from_json(row["lines"])],
        history=[HistoryView(at=at, what=what, detail=detail) for at, what, detail in from_json(row["history"])],
    )


def _line(line: Line, order: OrderStatus) -> LineView:
    return LineView(
        line_no=line.line_no,
        sku=line.sku,
        quantity=line.ordered,
        status=order if order in WHOLE_ORDER_STATES and (line.wanted or order is OrderStatus.REJECTED) else line.status,
        quantities=QuantitiesView(**{bucket: getattr(line, bucket) for bucket in BUCKETS}),
    )
