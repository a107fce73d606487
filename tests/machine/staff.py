"""Warehouse and drivers: what lies before them, and what they do about it. `times`: how often the same call is sent."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from uuid import UUID

from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.deliveries import record_deliveries
from dispatch.delivering import Result
from dispatch.fleet import put_carrier, put_vehicle
from dispatch.schemas import CarrierBody, NewAssignment, NewDeliveredLine, NewDelivery, NewHandover, VehicleBody
from inventory.commands.adjustments import adjust_stock
from inventory.commands.items import register_items
from inventory.commands.packs import complete_packs
from inventory.commands.picks import confirm_picks
from inventory.commands.warehouses import put_warehouse
from inventory.schemas import NewAdjustment, NewCarton, NewConfirmation, NewItem, NewPack, PackedLine, WarehouseChange
from shared.database import Pool, Row, Transaction
from shared.sealing import SubjectKey

from tests.machine.calls import called, called_again
from tests.machine.customers import OWNER

SKUS, WAREHOUSES = ("TEA", "MUG"), ("EAST", "WEST")
CARRIER, VEHICLE = "CARRIER", "TRUCK"
PREFIX = "9521234"

_OPEN_PICKS = """
SELECT pick_id, quantity FROM picks WHERE status = 'open' AND order_id = coalesce($1, order_id)
ORDER BY released_at, order_id, line_no, warehouse, release_no
"""
_TO_PACK = """
SELECT order_id, warehouse, release_no, array_agg(ARRAY[line_no, picked - packed] ORDER BY line_no) AS rest
FROM picks JOIN fulfilments f USING (order_id)
WHERE picked > packed AND f.status <> 'cancelled' AND order_id = coalesce($1, order_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_SHIPMENTS = "SELECT shipment_id FROM shipments WHERE status = ANY($1::text[]) ORDER BY order_id, release_no, warehouse"


async def _put_warehouse(code: str, tx: Transaction) -> None:
    await put_warehouse(tx, code, WarehouseChange(name=code), None)


class Staff:
    def __init__(self, inventory: Pool, dispatch: Pool, keys: Mapping[str, SubjectKey]) -> None:
        self.inventory, self.dispatch, self._keys = inventory, dispatch, keys
        self._numbers = count(1)

    async def open_house(self) -> None:
        for code in WAREHOUSES:
            await called(self.inventory, partial(_put_warehouse, code))
        items = [NewItem(customer_id=OWNER, sku=sku, description=sku) for sku in SKUS]
        await called(self.inventory, lambda tx: register_items(tx, items))
        await called(self.dispatch, lambda tx: put_carrier(tx, CARRIER, CarrierBody(name="Carrier"), None))
        await called(self.dispatch, lambda tx: put_vehicle(tx, VEHICLE, VehicleBody(carrier=CARRIER, name="Truck"), None))

    async def adjust(self, sku: str, warehouse: str, quantity: int, *, times: int = 1) -> None:
        """Refused where it would take what is reserved."""
        reference = f"A-{next(self._numbers)}"
        new = NewAdjustment(customer_id=OWNER, sku=sku, warehouse=warehouse, quantity=quantity, reason="count", reference=reference)
        await called_again(self.inventory, lambda tx: adjust_stock(tx, [new]), times=times)

    async def pick(self, order_id: UUID | None = None, missing: int = 0, *, times: int = 1) -> int:
        """All open picks, or those of one order; of the first so many units are missing."""
        picks = await self.inventory.fetch(_OPEN_PICKS, order_id)
        found = [max(0, row["quantity"] - (0 if nth else missing)) for nth, row in enumerate(picks)]
        new = [NewConfirmation(pick_id=row["pick_id"], quantity=quantity) for row, quantity in zip(picks, found, strict=True)]
        await called_again(self.inventory, lambda tx: confirm_picks(tx, new), times=times)
        return len(picks)

    async def pack(self, order_id: UUID | None = None, *, times: int = 1) -> int:
        """Everything that lies picked."""
        new = [self._pack(row) for row in await self.inventory.fetch(_TO_PACK, order_id)]
        await called_again(self.inventory, lambda tx: complete_packs(tx, new, PREFIX), times=times)
        return len(new)

    def _pack(self, row: Row) -> NewPack:
        lines = tuple(PackedLine(line_no=line_no, quantity=quantity) for line_no, quantity in row["rest"])
        return NewPack(
            order_id=row["order_id"],
            reference=f"P-{next(self._numbers)}",
            warehouse=row["warehouse"],
            release_no=row["release_no"],
            cartons=(NewCarton(lines=lines),),
        )

    async def shipments(self, *statuses: str) -> list[UUID]:
        return [row["shipment_id"] for row in await self.dispatch.fetch(_SHIPMENTS, statuses)]

    async def hand_over(self, shipments: Sequence[UUID], *, times: int = 1) -> None:
        """Refused where something is not packed, or the order is cancelled."""
        assignments = [NewAssignment(shipment_id=each, carrier=CARRIER, vehicle=VEHICLE) for each in shipments]
        handovers = [NewHandover(shipment_id=each) for each in shipments]
        await called_again(self.dispatch, lambda tx: assign_vehicles(tx, assignments), times=times)
        await called_again(self.dispatch, lambda tx: hand_over_shipments(tx, handovers), times=times)

    async def deliver(self, shipment_id: UUID, damaged: int = 0, short: int = 0, *, times: int = 1) -> None:
        """Of the first line so many are damaged or short, as far as it has so many."""
        sql = "SELECT line_no, packed FROM shipment_lines WHERE shipment_id = $1 AND packed > 0 ORDER BY line_no"
        lines = []
        for line_no, packed in await self.dispatch.fetch(sql, shipment_id):
            broken = min(damaged, packed)
            gone = min(short, packed - broken)
            lines.append(NewDeliveredLine(line_no=line_no, accepted=packed - broken - gone, damaged=broken, short=gone))
            damaged = short = 0
        report = NewDelivery(shipment_id=shipment_id, outcome=Result.DELIVERED, signed_by="Consignee", lines=lines)
        await called_again(self.dispatch, lambda tx: record_deliveries(tx, [report], self._keys), times=times)

    async def try_in_vain(self, shipment_id: UUID) -> None:
        """Nobody was there; another try may follow."""
        report = NewDelivery(shipment_id=shipment_id, outcome=Result.FAILED, reason="consignee_absent")
        await called(self.dispatch, lambda tx: record_deliveries(tx, [report], self._keys))

    async def do_what_is_left(self) -> bool:
        """All of it, to the end; whether there was anything."""
        worked = await self.pick() + await self.pack()
        leaving, underway = await self.shipments("planned", "assigned"), await self.shipments("handed_over")
        await self.hand_over(leaving)
        for shipment_id in underway:
            await self.deliver(shipment_id)
        return bool(worked + len(leaving) + len(underway))
