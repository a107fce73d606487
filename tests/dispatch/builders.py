import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dispatch.commands import assign_vehicles, hand_over_shipments
from dispatch.event_handlers import handlers
from dispatch.fleet import put_carrier, put_vehicle
from dispatch.schemas import CarrierBody, NewAssignment, NewHandover, VehicleBody
from shared.batches import only
from shared.database import Transaction
from shared.events import (
    By,
    Carton,
    Event,
    LineQuantity,
    OrderCancellationRequested,
    OrderLine,
    OrderReleased,
    PackCompleted,
    PickShort,
    Promise,
    ReleasedLines,
    SealedAddress,
    ShortPick,
)
from uuid_utils.compat import uuid7

from tests.builders import hear_all

THEN = datetime(2026, 5, 1, 8, tzinfo=UTC)
WHO = {"name": "Kanaria Quell-Öhrn", "street": "Uferweg 7", "city": "上海", "postal_code": "200120", "country": "CN"}
PLAIN = SealedAddress(sealed=json.dumps(WHO, ensure_ascii=False))
"""As it came before addresses were sealed."""
CARRIER, VEHICLE, OTHER_VEHICLE = "SF", "SF-0001", "SF-0002"


def a_release(
    order_id: UUID,
    quantities: Sequence[int] = (10,),
    *,
    warehouses: Sequence[str] = ("SH",),
    release_no: int = 1,
    ship_to: SealedAddress = PLAIN,
) -> OrderReleased:
    """Lines 1, 2, ... of these quantities, whole from each warehouse."""
    lines = tuple(OrderLine(line_no=line_no, sku=f"SKU-{line_no}", quantity=quantity) for line_no, quantity in enumerate(quantities, 1))
    return OrderReleased(
        customer_id=f"C-{order_id}",
        version=release_no,
        occurred_at=THEN,
        order_id=order_id,
        release_no=release_no,
        promised=Promise(earliest=THEN, latest=THEN + timedelta(days=3)),
        consignee_code="SHOP-7",
        ship_to=ship_to,
        warehouses=tuple(ReleasedLines(warehouse=warehouse, lines=lines) for warehouse in warehouses),
    )


def a_pack(
    order_id: UUID, packed: dict[int, int], *, warehouse: str = "SH", release_no: int = 1, at: datetime = THEN, version: int = 1
) -> PackCompleted:
    """Quantities by line number."""
    lines = tuple(LineQuantity(line_no=line_no, quantity=quantity) for line_no, quantity in packed.items())
    return PackCompleted(
        customer_id=f"C-{order_id}",
        version=version,
        occurred_at=at,
        order_id=order_id,
        reference=f"P-{version}",
        warehouse=warehouse,
        release_no=release_no,
        packed_at=at,
        cartons=tuple(Carton(sscc=f"00{line.line_no:018}", lines=(line,)) for line in lines),
    )


def a_short_pick(order_id: UUID, missing: dict[int, int], *, warehouse: str = "SH", release_no: int = 1, version: int = 1) -> PickShort:
    """Missing quantities by line number."""
    return PickShort(
        customer_id=f"C-{order_id}",
        version=version,
        occurred_at=THEN,
        order_id=order_id,
        picks=tuple(
            ShortPick(
                pick_id=uuid7(), line_no=line_no, warehouse=warehouse, release_no=release_no, quantity=0, missing=quantity, picked_at=THEN
            )
            for line_no, quantity in missing.items()
        ),
    )


def a_cancellation(order_id: UUID, version: int = 9) -> OrderCancellationRequested:
    return OrderCancellationRequested(
        customer_id=f"C-{order_id}", version=version, occurred_at=THEN, order_id=order_id, by=By.CUSTOMER, reason="changed_mind"
    )


async def hear(tx: Transaction, *events: Event) -> None:
    await hear_all(tx, handlers, events)


async def shipments_of(tx: Transaction, order_id: UUID) -> list[UUID]:
    rows = await tx.fetch("SELECT shipment_id FROM shipments WHERE order_id = $1 ORDER BY release_no, warehouse", order_id)
    return [row["shipment_id"] for row in rows]


async def status_of(tx: Transaction, shipment_id: UUID) -> str:
    status = await tx.fetchval("SELECT status FROM shipments WHERE shipment_id = $1", shipment_id)
    assert isinstance(status, str)
    return status


async def a_fleet(tx: Transaction) -> None:
    """One carrier with two vehicles."""
    await put_carrier(tx, CARRIER, CarrierBody(name="SF Express"), None)
    for code in (VEHICLE, OTHER_VEHICLE):
        await put_vehicle(tx, code, VehicleBody(carrier=CARRIER, name=code), None)


async def a_planned_shipment(tx: Transaction, quantities: Sequence[int] = (10,), order_id: UUID | None = None) -> UUID:
    order_id = order_id or uuid7()
    await hear(tx, a_release(order_id, quantities))
    [shipment_id] = await shipments_of(tx, order_id)
    return shipment_id


async def a_packed_shipment(tx: Transaction, quantities: Sequence[int] = (10,), order_id: UUID | None = None) -> UUID:
    order_id = order_id or uuid7()
    shipment_id = await a_planned_shipment(tx, quantities, order_id)
    await hear(tx, a_pack(order_id, dict(enumerate(quantities, 1))))
    return shipment_id


async def an_assigned_shipment(tx: Transaction, quantities: Sequence[int] = (10,), order_id: UUID | None = None) -> UUID:
    """Packed, and seated on VEHICLE."""
    shipment_id = await a_packed_shipment(tx, quantities, order_id)
    await a_fleet(tx)
    only(await assign_vehicles(tx, [NewAssignment(shipment_id=shipment_id, carrier=CARRIER, vehicle=VEHICLE)]))
    return shipment_id


async def a_shipment_on_its_way(tx: Transaction, quantities: Sequence[int] = (10,), order_id: UUID | None = None) -> UUID:
    """Handed over a day after THEN."""
    shipment_id = await an_assigned_shipment(tx, quantities, order_id)
    only(await hand_over_shipments(tx, [NewHandover(shipment_id=shipment_id, handed_over_at=THEN + timedelta(days=1))]))
    return shipment_id
