from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict
from uuid import UUID

from order_intake.commands.placing import place_orders
from order_intake.event_handlers import handlers
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from shared.batches import only
from shared.database import Pool, Transaction, transaction
from shared.events import (
    Carton,
    ConfirmedPick,
    DeliveredLine,
    DeliveryCompleted,
    Event,
    LineQuantity,
    PackCompleted,
    PickConfirmed,
    PickShort,
    ReservedLines,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShortLine,
    ShortPick,
    StockReserved,
    StockShort,
)
from shared.locks import lock
from shared.sealing import SubjectKey
from uuid_utils.compat import uuid7

THEN = datetime(2026, 5, 1, 8, tzinfo=UTC)
HERE = "SH"
Body = dict[str, object]
ByLine = Mapping[int, int]


class Place(TypedDict):
    warehouse: str
    release_no: int


def an_id() -> str:
    return f"C-{uuid7()}"[-20:]


async def a_customer(tx: Transaction, *, blocked: bool = False, skus: int = 5) -> str:
    """Registered, with items SKU-1, SKU-2, ..."""
    customer_id = an_id()
    await tx.execute("INSERT INTO customers (customer_id, blocked, version) VALUES ($1, $2, 1)", customer_id, blocked)
    await tx.execute("INSERT INTO items (customer_id, sku) SELECT $1, 'SKU-' || n FROM generate_series(1, $2::int) AS n", customer_id, skus)
    return customer_id


async def a_stored_customer(pool: Pool, *, blocked: bool = False, skus: int = 5) -> str:
    async with transaction(pool) as tx:
        return await a_customer(tx, blocked=blocked, skus=skus)


def a_body(customer_id: str, reference: str = "PO-1", quantities: Sequence[int] = (10, 5), **changes: object) -> Body:
    address = {"name": "Store 12", "street": "88 Century Avenue", "city": "上海", "postal_code": "200120", "country": "CN"}
    lines = [{"sku": f"SKU-{number}", "quantity": quantity} for number, quantity in enumerate(quantities, 1)]
    return {"customer_id": customer_id, "customer_reference": reference, "ship_to": address, "lines": lines, **changes}


async def new_keys(count: int) -> list[SubjectKey]:
    return [SubjectKey.new() for _ in range(count)]


async def a_placed_order(tx: Transaction, quantities: Sequence[int] = (10, 5), *, blocked: bool = False, **changes: object) -> UUID:
    customer_id = await a_customer(tx, blocked=blocked)
    new = NewOrder.model_validate(a_body(customer_id, quantities=quantities) | changes)
    return only(await place_orders(tx, [new], Terms(), new_keys)).value.first.order_id


async def a_released_order(tx: Transaction, quantities: Sequence[int] = (10, 5)) -> UUID:
    order_id = await a_placed_order(tx, quantities)
    await hear(tx, reserved(order_id, dict(enumerate(quantities, 1))))
    return order_id


async def hear(tx: Transaction, *events: Event) -> None:
    """One after the other, as the consumer does: lock, then the handler of the type."""
    for event in events:
        [handler] = [handler for handler in handlers.all if isinstance(event, handler.types)]
        await lock(tx, handler.rows([event]) if handler.rows else [])
        await handler.run(tx, [event])


def some_lines(quantities: ByLine) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line_no=line_no, quantity=quantity) for line_no, quantity in quantities.items())


def reserved(order_id: UUID, quantities: ByLine, *, warehouse: str = HERE, complete: bool = True) -> StockReserved:
    return StockReserved(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        first=True,
        complete=complete,
        warehouses=(ReservedLines(warehouse=warehouse, lines=some_lines(quantities)),),
    )


def short(order_id: UUID, wanting: ByLine) -> StockShort:
    """These quantities wait for stock."""
    lines = tuple(ShortLine(line_no=no, sku=f"SKU-{no}", demanded=quantity, available=0, reserved=0) for no, quantity in wanting.items())
    return StockShort(customer_id="C", version=1, occurred_at=THEN, order_id=order_id, first=True, lines=lines)


def picked(order_id: UUID, quantities: ByLine, *, warehouse: str = HERE, release_no: int = 1) -> PickConfirmed:
    picks = tuple(
        ConfirmedPick(pick_id=uuid7(), line_no=no, warehouse=warehouse, release_no=release_no, quantity=quantity, picked_at=THEN)
        for no, quantity in quantities.items()
    )
    return PickConfirmed(customer_id="C", version=1, occurred_at=THEN, order_id=order_id, picks=picks)


def picked_short(order_id: UUID, line_no: int, quantity: int, missing: int, *, warehouse: str = HERE, release_no: int = 1) -> PickShort:
    pick = ShortPick(
        pick_id=uuid7(), line_no=line_no, warehouse=warehouse, release_no=release_no, quantity=quantity, missing=missing, picked_at=THEN
    )
    return PickShort(customer_id="C", version=1, occurred_at=THEN, order_id=order_id, picks=(pick,))


def packed(order_id: UUID, quantities: ByLine, *, warehouse: str = HERE, release_no: int = 1) -> PackCompleted:
    return PackCompleted(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        reference="P",
        warehouse=warehouse,
        release_no=release_no,
        packed_at=THEN,
        cartons=(Carton(sscc="340123450000000001", lines=some_lines(quantities)),),
    )


def handed_over(order_id: UUID, quantities: ByLine, *, warehouse: str = HERE, release_no: int = 1) -> ShipmentHandedOver:
    return ShipmentHandedOver(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        shipment_id=uuid7(),
        warehouse=warehouse,
        release_no=release_no,
        carrier="SF",
        vehicle="SF-1",
        handed_over_at=THEN,
        lines=some_lines(quantities),
    )


def delivered(
    order_id: UUID, lines: Mapping[int, tuple[int, int, int]], *, at: datetime = THEN, warehouse: str = HERE, release_no: int = 1
) -> DeliveryCompleted:
    """Accepted, damaged and short by line."""
    return DeliveryCompleted(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        shipment_id=uuid7(),
        warehouse=warehouse,
        release_no=release_no,
        carrier="SF",
        delivered_at=at,
        signed=True,
        lines=tuple(
            DeliveredLine(line_no=no, advised=sum(parts), accepted=parts[0], damaged=parts[1], short=parts[2])
            for no, parts in lines.items()
        ),
    )


def shipment_cancelled(order_id: UUID, *, reason: str = "order_cancelled", release_no: int = 1, warehouse: str = HERE) -> ShipmentCancelled:
    return ShipmentCancelled(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        shipment_id=uuid7(),
        warehouse=warehouse,
        release_no=release_no,
        reason=reason,
    )


def cancellation_refused(order_id: UUID) -> ShipmentCancellationRefused:
    return ShipmentCancellationRefused(
        customer_id="C", version=1, occurred_at=THEN, order_id=order_id, shipment_id=uuid7(), reason="handed_over"
    )


def later(hours: int) -> datetime:
    return THEN + timedelta(hours=hours)
