from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from shared.batches import BatchResult, results, sound
from shared.bodies import Code
from shared.pages import Page, Plain
from shared.revisions import IfMatch, etag
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from inventory import queries
from inventory.commands import warehouses
from inventory.commands.adjustments import adjust_stock
from inventory.commands.items import register_items
from inventory.commands.packs import complete_packs
from inventory.commands.picks import confirm_picks
from inventory.schemas import (
    AdjustmentView,
    ItemFilters,
    ItemView,
    LedgerEntryView,
    NewAdjustments,
    NewConfirmations,
    NewItems,
    NewPacks,
    PackFilters,
    PackView,
    PickFilters,
    PickView,
    StockFilters,
    StockView,
    WarehouseChange,
    WarehouseView,
)

api = router()
CodePath = Annotated[Code, Path()]
InStock = Annotated[StockFilters, Query()]
NEW: dict[int | str, dict[str, Any]] = {201: {"description": "New"}}


@api.put("/warehouses/{code}", response_model=WarehouseView, responses=NEW)
@needs("warehouses:write")
async def put_warehouse(code: CodePath, body: WarehouseChange, tx: Tx, response: Response, if_match: IfMatch = None) -> WarehouseView:
    """Make or rename a warehouse; the first time 201. With If-Match only the revision that was read."""
    done = await warehouses.put_warehouse(tx, code, body, if_match)
    response.status_code = 201 if done.created else 200
    response.headers["ETag"] = etag(done.value.revision)
    return done.value


@api.get("/warehouses/{code}", response_model=WarehouseView)
@needs("stock:read")
async def get_warehouse(code: CodePath, reading: Reading, response: Response) -> WarehouseView:
    found = await queries.warehouse(reading, code)
    response.headers["ETag"] = etag(found.revision)
    return found


@api.get("/warehouses", response_model=Page[WarehouseView])
@needs("stock:read")
async def get_warehouses(paging: Plain, reading: Reading) -> Page[WarehouseView]:
    return await queries.warehouses(reading, paging)


@api.post("/items/batch", response_model=BatchResult)
@needs("items:write")
async def post_items(body: NewItems, tx: Tx) -> BatchResult:
    """Register items or replace their master data: 201 new, 200 known before."""
    outcomes = await register_items(tx, sound(body.items))
    return results("items", body.items, outcomes, lambda item: f"{item.customer_id}/{item.sku}")


@api.get("/items/{customer_id}/{sku}", response_model=ItemView)
@needs("stock:read")
async def get_item(customer_id: CodePath, sku: CodePath, reading: Reading) -> ItemView:
    return await queries.item(reading, customer_id, sku)


@api.get("/items", response_model=Page[ItemView])
@needs("stock:read")
async def get_items(filters: Annotated[ItemFilters, Query()], reading: Reading) -> Page[ItemView]:
    return await queries.items_of(reading, filters)


@api.post("/stock/adjustments", response_model=BatchResult)
@needs("stock:adjust")
async def post_adjustments(body: NewAdjustments, tx: Tx) -> BatchResult:
    """Change what is on hand. The reference is unique for customer, sku and warehouse: the same adjustment twice is one."""
    outcomes = await adjust_stock(tx, sound(body.adjustments))
    return results("adjustments", body.adjustments, outcomes, lambda adjustment_id: adjustment_id)


@api.get("/stock/adjustments/{adjustment_id}", response_model=AdjustmentView)
@needs("stock:read")
async def get_adjustment(adjustment_id: UUID, reading: Reading) -> AdjustmentView:
    return await queries.adjustment(reading, adjustment_id)


@api.get("/stock/adjustments", response_model=Page[AdjustmentView])
@needs("stock:read")
async def get_adjustments(filters: InStock, reading: Reading) -> Page[AdjustmentView]:
    return await queries.adjustments_of(reading, filters)


@api.get("/stock/ledger", response_model=Page[LedgerEntryView])
@needs("stock:read")
async def get_ledger(filters: InStock, reading: Reading) -> Page[LedgerEntryView]:
    """Every change of stock with its cause, by customer, sku and warehouse, the oldest first."""
    return await queries.ledger(reading, filters)


@api.get("/stock", response_model=Page[StockView])
@needs("stock:read")
async def get_stock(filters: InStock, reading: Reading) -> Page[StockView]:
    return await queries.stock_of(reading, filters)


@api.post("/picks/confirmations", response_model=BatchResult)
@needs("picks:write")
async def post_confirmations(body: NewConfirmations, tx: Tx) -> BatchResult:
    """What the warehouse found. Less than asked for is written off and reserved anew at once, or waits."""
    outcomes = await confirm_picks(tx, sound(body.confirmations))
    return results("confirmations", body.confirmations, outcomes, lambda pick_id: pick_id)


@api.get("/picks/{pick_id}", response_model=PickView)
@needs("picks:read")
async def get_pick(pick_id: UUID, reading: Reading) -> PickView:
    return await queries.pick(reading, pick_id)


@api.get("/picks", response_model=Page[PickView])
@needs("picks:read")
async def get_picks(filters: Annotated[PickFilters, Query()], reading: Reading) -> Page[PickView]:
    return await queries.picks_of(reading, filters)


@api.post("/packs", response_model=BatchResult)
@needs("picks:write")
async def post_packs(body: NewPacks, tx: Tx, request: Request) -> BatchResult:
    """Book picked goods into cartons. The reference is unique for the order; a carton without an SSCC gets one."""
    outcomes = await complete_packs(tx, sound(body.packs), request.app.state.settings.sscc_prefix)
    return results("packs", body.packs, outcomes, lambda pack_id: pack_id)


@api.get("/packs/{pack_id}", response_model=PackView)
@needs("picks:read")
async def get_pack(pack_id: UUID, reading: Reading) -> PackView:
    return await queries.pack(reading, pack_id)


@api.get("/packs", response_model=Page[PackView])
@needs("picks:read")
async def get_packs(filters: Annotated[PackFilters, Query()], reading: Reading) -> Page[PackView]:
    return await queries.packs_of(reading, filters)
