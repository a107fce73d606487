from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.key_store import KeyStore
from shared.pages import Page, Paging, equal, one_page, page
from sqlalchemy import ColumnElement, RowMapping, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.consignee import REASON, SIGNED_BY, Keys, seal_of
from dispatch.errors import CarrierNotFound, DeliveryNotFound, ShipmentNotFound, VehicleNotFound
from dispatch.models import carriers, deliveries, shipment_lines, shipments, vehicles
from dispatch.schemas import (
    CarrierView,
    CodePaging,
    DeliveryFilters,
    DeliveryView,
    PromisedView,
    ShipmentFilters,
    ShipmentLineView,
    ShipmentSheet,
    ShipmentView,
    VehicleFilters,
    VehicleView,
)


async def carrier(reading: AsyncConnection, code: str) -> tuple[CarrierView, int]:
    """The carrier and its revision."""
    row = await _one(reading, select(carriers).where(carriers.c.code == code))
    if row is None:
        raise CarrierNotFound(code)
    return CarrierView.model_validate(row), row["revision"]


async def all_carriers(reading: AsyncConnection, paging: CodePaging) -> Page[CarrierView]:
    rows = await _rows(reading, carriers, carriers.c.code, paging, {})
    return page([CarrierView.model_validate(row) for row in rows], paging.limit, lambda each: each.code)


async def vehicle(reading: AsyncConnection, code: str) -> tuple[VehicleView, int]:
    """The vehicle and its revision."""
    row = await _one(reading, select(vehicles).where(vehicles.c.code == code))
    if row is None:
        raise VehicleNotFound(code)
    return VehicleView.model_validate(row), row["revision"]


async def all_vehicles(reading: AsyncConnection, filters: VehicleFilters) -> Page[VehicleView]:
    rows = await _rows(reading, vehicles, vehicles.c.code, filters, {"carrier": filters.carrier})
    return page([VehicleView.model_validate(row) for row in rows], filters.limit, lambda each: each.code)


async def shipment(reading: AsyncConnection, shipment_id: UUID, store: KeyStore) -> ShipmentSheet:
    row = await _one(reading, select(shipments).where(shipments.c.shipment_id == shipment_id))
    if row is None:
        raise ShipmentNotFound(shipment_id)
    [view] = await _with_lines(reading, [row])
    seal = seal_of(row["customer_id"], row["ship_to_key_id"], await store.read([row["ship_to_key_id"]]))
    return ShipmentSheet(**dict(view), ship_to=seal.address(row["ship_to_sealed"]), erased_at=row["erased_at"])


async def all_shipments(reading: AsyncConnection, filters: ShipmentFilters) -> Page[ShipmentView]:
    wanted = {"status": filters.status, "order_id": filters.order_id, "warehouse": filters.warehouse}
    rows = await _rows(reading, shipments, shipments.c.shipment_id, filters, wanted)
    return page(await _with_lines(reading, rows), filters.limit, lambda each: each.shipment_id)


async def delivery(reading: AsyncConnection, delivery_id: UUID, store: KeyStore) -> DeliveryView:
    row = await _one(reading, select(deliveries).where(deliveries.c.delivery_id == delivery_id))
    if row is None:
        raise DeliveryNotFound(delivery_id)
    return _delivery(row, await store.read([row["key_id"]]))


async def all_deliveries(reading: AsyncConnection, filters: DeliveryFilters, store: KeyStore) -> Page[DeliveryView]:
    rows = await _rows(reading, deliveries, deliveries.c.delivery_id, filters, {"shipment_id": filters.shipment_id})
    keys = await store.read(row["key_id"] for row in rows)
    return page([_delivery(row, keys) for row in rows], filters.limit, lambda each: each.delivery_id)


def _delivery(row: RowMapping, keys: Keys) -> DeliveryView:
    seal = seal_of(row["customer_id"], row["key_id"], keys)
    opened = {SIGNED_BY: seal.opened(row["signed_by"], SIGNED_BY), REASON: seal.opened(row["reason"], REASON)}
    return DeliveryView.model_validate({**row, **opened})


async def _one(reading: AsyncConnection, statement: Select[*tuple[object, ...]]) -> RowMapping | None:
    return (await reading.execute(statement)).mappings().one_or_none()


async def _rows(
    reading: AsyncConnection, table: Table, key: ColumnElement[Any], paging: Paging, wanted: Mapping[str, object]
) -> Sequence[RowMapping]:
    return (await reading.execute(one_page(select(table).where(*equal(table, wanted)), key, paging))).mappings().all()


async def _with_lines(reading: AsyncConnection, rows: Sequence[RowMapping]) -> list[ShipmentView]:
    ids = [row["shipment_id"] for row in rows]
    columns = shipment_lines.c
    statement = select(shipment_lines).where(columns.shipment_id.in_(ids)).order_by(columns.shipment_id, columns.line_no)
    lines: defaultdict[UUID, list[ShipmentLineView]] = defaultdict(list)
    for line in (await reading.execute(statement)).mappings():
        lines[line["shipment_id"]].append(ShipmentLineView.model_validate(line))
    return [_view(row, lines[row["shipment_id"]]) for row in rows]


def _view(row: RowMapping, lines: list[ShipmentLineView]) -> ShipmentView:
    promised = PromisedView(earliest=row["promised_earliest"], latest=row["promised_latest"])
    return ShipmentView.model_validate({**row, "promised": promised, "lines": lines})
