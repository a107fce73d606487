from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast
from uuid import UUID

from inventory.book import RESUME
from inventory.commands.adjustments import adjust_stock
from inventory.commands.items import register_items
from inventory.commands.warehouses import put_warehouse
from inventory.event_handlers import handlers, timers
from inventory.schemas import NewAdjustment, NewItem, WarehouseChange
from pydantic import BaseModel
from pydantic_core import from_json
from shared.batches import only
from shared.database import Pool, Transaction
from shared.events import (
    EVENTS,
    By,
    Event,
    LineQuantity,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderReleased,
    Promise,
    ReleasedLines,
    SealedAddress,
    ShipmentHandedOver,
)
from uuid_utils.compat import uuid7

from deploy.local.demo.invariants import NEVER_OVERSOLD, RESERVED_IS_HELD, STOCK_IS_THE_LEDGER
from tests.builders import hear_all
from tests.conftest import published

THEN = datetime(2026, 5, 1, 8, tzinfo=UTC)
Lines = Sequence[tuple[str, int]]
"""sku and quantity of the lines 1, 2, ..."""


def a_customer() -> str:
    return f"C-{uuid7().hex[-12:]}"


def an_order(
    customer_id: str,
    lines: Lines,
    *,
    order_id: UUID | None = None,
    allow_partial: bool = False,
    hours: int = 72,
    first_line: int = 1,
    more: bool = False,
    version: int = 2,
) -> OrderConfirmed:
    """Promised within `hours`."""
    return OrderConfirmed(
        customer_id=customer_id,
        version=version,
        occurred_at=THEN,
        order_id=order_id or uuid7(),
        promised=Promise(earliest=THEN, latest=THEN + timedelta(hours=hours)),
        allow_partial=allow_partial,
        lines=tuple(OrderLine(line_no=no, sku=sku, quantity=quantity) for no, (sku, quantity) in enumerate(lines, first_line)),
        more=more,
    )


def a_release(order: OrderConfirmed, parts: Mapping[str, Mapping[int, int]], release_no: int = 1) -> OrderReleased:
    """`parts`: quantities by warehouse and line."""
    skus = {line.line_no: line.sku for line in order.lines}
    return OrderReleased(
        customer_id=order.customer_id,
        version=order.version + release_no,
        occurred_at=THEN,
        order_id=order.order_id,
        release_no=release_no,
        promised=order.promised,
        ship_to=SealedAddress(sealed="{}"),
        warehouses=tuple(
            ReleasedLines(
                warehouse=warehouse,
                lines=tuple(OrderLine(line_no=line_no, sku=skus[line_no], quantity=quantity) for line_no, quantity in lines.items()),
            )
            for warehouse, lines in parts.items()
        ),
    )


def a_cancellation(order: OrderConfirmed) -> OrderCancelled:
    return OrderCancelled(
        customer_id=order.customer_id, version=9, occurred_at=THEN, order_id=order.order_id, by=By.CUSTOMER, reason="changed_mind"
    )


def a_handover(order: OrderConfirmed, warehouse: str, lines: Mapping[int, int], release_no: int = 1) -> ShipmentHandedOver:
    return ShipmentHandedOver(
        customer_id=order.customer_id,
        version=3,
        occurred_at=THEN,
        shipment_id=uuid7(),
        order_id=order.order_id,
        warehouse=warehouse,
        release_no=release_no,
        carrier="SF",
        vehicle="SF-1",
        handed_over_at=THEN,
        lines=tuple(LineQuantity(line_no=line_no, quantity=quantity) for line_no, quantity in lines.items()),
    )


async def hear(tx: Transaction, *events: Event) -> None:
    await hear_all(tx, handlers, events)


async def register(tx: Transaction, customer_id: str, *skus: str) -> None:
    await register_items(tx, [NewItem(customer_id=customer_id, sku=sku, description=f"Item {sku}") for sku in skus])


async def build(tx: Transaction, *warehouses: str) -> None:
    for code in warehouses:
        await put_warehouse(tx, code, WarehouseChange(name=f"Warehouse {code}"), None)


async def adjust(tx: Transaction, customer_id: str, sku: str, warehouse: str, quantity: int) -> None:
    reference = uuid7().hex
    new = NewAdjustment(customer_id=customer_id, sku=sku, warehouse=warehouse, quantity=quantity, reason="count", reference=reference)
    only(await adjust_stock(tx, [new]))


async def a_customer_with(tx: Transaction, stock: Mapping[str, Mapping[str, int]]) -> str:
    """A new customer with these units by sku and warehouse; an item may have none."""
    customer_id = a_customer()
    await build(tx, "W1", *{warehouse for by_warehouse in stock.values() for warehouse in by_warehouse})
    await register(tx, customer_id, *stock)
    for sku, by_warehouse in stock.items():
        for warehouse, quantity in by_warehouse.items():
            await adjust(tx, customer_id, sku, warehouse, quantity)
    return customer_id


async def resume(tx: Transaction) -> int:
    """Fire the timers that this transaction sees until none is left; returns how many runs it took."""
    runs = 0
    while rows := await tx.fetch("DELETE FROM timers WHERE kind = $1 RETURNING subject", RESUME):
        await timers.all[RESUME](tx, sorted({row["subject"] for row in rows}))
        runs += 1
        assert runs < 50
    return runs


E = TypeVar("E", bound=Event)


async def said(tx: Transaction, customer_id: str, *types: type[E]) -> list[E]:
    """What this transaction has said about a customer: of these types, or all."""
    rows = [row for row in await published(tx) if row["customer_id"] == customer_id]
    events = [
        EVENTS[row["type"]].model_validate(
            from_json(row["body"]) | {"customer_id": customer_id, "version": row["version"], "occurred_at": THEN}
        )
        for row in rows
    ]
    return [cast(E, event) for event in events if not types or isinstance(event, types)]


def facts(said: BaseModel, *names: str) -> tuple[object, ...]:
    return tuple(getattr(said, name) for name in names)


async def stock_of(tx: Transaction | Pool, customer_id: str) -> dict[tuple[str, str], tuple[int, int]]:
    """on_hand and reserved by sku and warehouse."""
    rows = await tx.fetch("SELECT sku, warehouse, on_hand, reserved FROM stock WHERE customer_id = $1", customer_id)
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


async def status_of(tx: Transaction, order: OrderConfirmed) -> str | None:
    status: str | None = await tx.fetchval("SELECT status FROM fulfilments WHERE order_id = $1", order.order_id)
    return status


async def picks_of(tx: Transaction, order: OrderConfirmed) -> dict[tuple[int, str, int], UUID]:
    """By line, warehouse and release."""
    rows = await tx.fetch("SELECT line_no, warehouse, release_no, pick_id FROM picks WHERE order_id = $1 ORDER BY 1, 2, 3", order.order_id)
    return {(row[0], row[1], row[2]): row[3] for row in rows}


BOOKS = {
    **{
        invariant.sentence: f"SELECT * FROM ({invariant.offenders}) AS offenders WHERE customer_id = $1"
        for invariant in (NEVER_OVERSOLD, STOCK_IS_THE_LEDGER, RESERVED_IS_HELD)
    },
    "cancelled orders hold and want nothing": """
        SELECT * FROM fulfilments JOIN reservations USING (order_id) JOIN demand USING (order_id, line_no)
        WHERE fulfilments.customer_id = $1 AND status = 'cancelled' AND (held > 0 OR waiting > 0)""",
    "no line holds more than was ordered": """
        SELECT order_id, line_no FROM demand JOIN reservations USING (order_id, line_no) WHERE demand.customer_id = $1
        GROUP BY order_id, line_no, ordered, waiting HAVING sum(held) + waiting > ordered""",
}


async def broken_books(tx: Transaction | Pool, customer_id: str) -> list[str]:
    """The names of the invariants that do not hold."""
    return [name for name, sql in BOOKS.items() if await tx.fetch(sql, customer_id)]
