from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from shared.bodies import View
from shared.errors import NotFound
from shared.pages import Page, Paging, equal, page
from sqlalchemy import ColumnElement, Select, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inventory.cursor import Keys, one_page
from inventory.errors import AdjustmentNotFound, ItemNotFound, PackNotFound, PickNotFound, WarehouseNotFound
from inventory.models import adjustments, cartons, items, packs, picks, stock, stock_ledger
from inventory.models import warehouses as sites
from inventory.schemas import (
    AdjustmentView,
    CartonView,
    ItemFilters,
    ItemView,
    LedgerEntryView,
    PackFilters,
    PackView,
    PickFilters,
    PickView,
    StockFilters,
    StockView,
    WarehouseView,
)

V = TypeVar("V", bound=View)
_STOCK = select(stock, (stock.c.on_hand - stock.c.reserved).label("available"))


async def warehouse(reading: AsyncConnection, code: str) -> WarehouseView:
    return await _one(reading, select(sites).where(sites.c.code == code), WarehouseView, WarehouseNotFound(code))


async def warehouses(reading: AsyncConnection, paging: Paging) -> Page[WarehouseView]:
    return await _page(reading, select(sites), [sites.c.code], paging, WarehouseView)


async def item(reading: AsyncConnection, customer_id: str, sku: str) -> ItemView:
    query = select(items).where(items.c.customer_id == customer_id, items.c.sku == sku)
    return await _one(reading, query, ItemView, ItemNotFound(customer_id, sku))


async def items_of(reading: AsyncConnection, filters: ItemFilters) -> Page[ItemView]:
    query = select(items).where(*equal(items, {"customer_id": filters.customer_id, "sku": filters.sku}))
    return await _page(reading, query, [items.c.customer_id, items.c.sku], filters, ItemView)


async def stock_of(reading: AsyncConnection, filters: StockFilters) -> Page[StockView]:
    return await _page(reading, _STOCK.where(*_of(filters, stock)), _keys(stock), filters, StockView)


async def ledger(reading: AsyncConnection, filters: StockFilters) -> Page[LedgerEntryView]:
    query = select(stock_ledger).where(*_of(filters, stock_ledger))
    return await _page(reading, query, _keys(stock_ledger, "entry_id"), filters, LedgerEntryView)


async def adjustment(reading: AsyncConnection, adjustment_id: UUID) -> AdjustmentView:
    query = select(adjustments).where(adjustments.c.adjustment_id == adjustment_id)
    return await _one(reading, query, AdjustmentView, AdjustmentNotFound(adjustment_id))


async def adjustments_of(reading: AsyncConnection, filters: StockFilters) -> Page[AdjustmentView]:
    query = select(adjustments).where(*_of(filters, adjustments))
    return await _page(reading, query, _keys(adjustments, "reference"), filters, AdjustmentView)


async def pick(reading: AsyncConnection, pick_id: UUID) -> PickView:
    return await _one(reading, select(picks).where(picks.c.pick_id == pick_id), PickView, PickNotFound(pick_id))


async def picks_of(reading: AsyncConnection, filters: PickFilters) -> Page[PickView]:
    """The status stands in the statement itself, so that the indexes of open, short and void picks serve it."""
    query = select(picks).where(*equal(picks, {"warehouse": filters.warehouse, "order_id": filters.order_id}))
    if filters.status:
        query = query.where(picks.c.status == bindparam(None, filters.status.value, literal_execute=True))
    return await _page(reading, query, [picks.c.pick_id], filters, PickView)


async def pack(reading: AsyncConnection, pack_id: UUID) -> PackView:
    [*found] = await _packs(reading, select(packs).where(packs.c.pack_id == pack_id))
    if not found:
        raise PackNotFound(pack_id)
    return found[0]


async def packs_of(reading: AsyncConnection, filters: PackFilters) -> Page[PackView]:
    query = select(packs).where(*equal(packs, {"order_id": filters.order_id}))
    found = await _packs(reading, one_page(query, [packs.c.pack_id], filters))
    return page(found, filters.limit, lambda view: view.pack_id)


async def _packs(reading: AsyncConnection, query: Select[*tuple[object, ...]]) -> list[PackView]:
    rows = (await reading.execute(query)).mappings().all()
    contents: dict[UUID, list[CartonView]] = {row["pack_id"]: [] for row in rows}
    lines = select(cartons).where(cartons.c.pack_id.in_(contents)).order_by(cartons.c.pack_id, cartons.c.carton_no)
    for carton in (await reading.execute(lines)).mappings():
        contents[carton["pack_id"]].append(CartonView.model_validate(carton))
    return [PackView(**row, cartons=contents[row["pack_id"]]) for row in rows]


def _keys(table: Table, *last: str) -> Keys:
    return [table.c[name] for name in ("customer_id", "sku", "warehouse", *last)]


def _of(filters: StockFilters, table: Table) -> list[ColumnElement[bool]]:
    return equal(table, {"customer_id": filters.customer_id, "sku": filters.sku, "warehouse": filters.warehouse})


async def _one(reading: AsyncConnection, query: Select[*tuple[object, ...]], view: type[V], missing: NotFound) -> V:
    row = (await reading.execute(query)).mappings().one_or_none()
    if row is None:
        raise missing
    return view.model_validate(row)


async def _page(reading: AsyncConnection, query: Select[*tuple[object, ...]], keys: Keys, paging: Paging, view: type[V]) -> Page[V]:
    rows: Sequence[V] = [view.model_validate(row) for row in (await reading.execute(one_page(query, keys, paging))).mappings()]
    return page(rows, paging.limit, lambda one: "/".join(str(getattr(one, key.name)) for key in keys))
