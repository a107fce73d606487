"""Reading and writing orders as the decisions see them, any number at once. Whoever loads has locked the rows before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.events import By
from shared.locks import Lock, rows_of
from shared.outbox import publish
from shared.reach import is_reached
from shared.timers import set_timers

from order_intake.commands.answering import answer_partners
from order_intake.errors import OrderNotFound
from order_intake.lifecycle import OrderStatus
from order_intake.order import Cancellation, Order
from order_intake.quantities import BUCKETS, Line

ORDERS = rows_of("orders", 1, "order_id", "uuid")


def order_locks(order_ids: Collection[UUID]) -> list[Lock]:
    return [Lock(ORDERS, order_id) for order_id in order_ids]


_ORDERS = """
SELECT now(), order_id, customer_id, status, service_level, allow_partial, requested_earliest, requested_latest, consignee_code,
    ship_to_key_id, ship_to, partial, confirmed_at, promised_earliest, promised_latest, delivered_at, open_holds, cancellation,
    cancellation_by, cancellation_reason, open_amendment, release_count, open_shipments, event_version
FROM orders WHERE order_id = ANY($1::uuid[])
"""
_LINES = f"""
SELECT order_id, line_no, sku, ordered, {", ".join(BUCKETS)}, picked_total, packed_total
FROM order_lines WHERE order_id = ANY($1::uuid[]) ORDER BY order_id, line_no
"""
_RESERVATIONS = "SELECT order_id, warehouse, line_no, quantity FROM reservations WHERE order_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Orders by id; `reserved` are those with rows in `reservations`."""

    orders: dict[UUID, Order]
    reserved: list[UUID]

    def __getitem__(self, order_id: UUID) -> Order:
        order = self.orders.get(order_id)
        if order is None or not is_reached(order.customer_id):
            raise OrderNotFound(order_id)
        return order


async def load_orders(tx: Transaction, order_ids: Collection[UUID]) -> Loaded:
    wanted = list(set(order_ids))
    orders = {row["order_id"]: _order(row) for row in await tx.fetch(_ORDERS, wanted)}
    for order in orders.values():
        tx.saw_now(order.now)
    for row in await tx.fetch(_LINES, wanted):
        order_id, *line = row
        orders[order_id].lines[line[0]] = Line(*line)
    reserved = [order.order_id for order in orders.values() if any(line.reserved for line in order.lines.values())]
    for row in await tx.fetch(_RESERVATIONS, reserved) if reserved else ():
        orders[row["order_id"]].reservations[row["warehouse"], row["line_no"]] = row["quantity"]
    return Loaded(orders, reserved)


def _order(row: Row) -> Order:
    order = Order(**row)
    order.status = OrderStatus(order.status)
    order.cancellation = order.cancellation and Cancellation(order.cancellation)
    order.cancellation_by = order.cancellation_by and By(order.cancellation_by)
    return order


_CHANGED = attrgetter(
    "order_id", "status", "partial", "confirmed_at", "promised_earliest", "promised_latest", "delivered_at", "open_holds", "cancellation",
    "cancellation_by", "cancellation_reason", "open_amendment", "release_count", "open_shipments", "event_version",
)  # fmt: skip
_COUNTED = attrgetter("line_no", *BUCKETS, "picked_total", "packed_total")
_SAVE = f"""
WITH changed AS (
    UPDATE orders SET status = new.status, partial = new.partial, confirmed_at = new.confirmed_at,
        promised_earliest = new.promised_earliest, promised_latest = new.promised_latest, delivered_at = new.delivered_at,
        open_holds = new.open_holds, cancellation = new.cancellation, cancellation_by = new.cancellation_by,
        cancellation_reason = new.cancellation_reason, open_amendment = new.open_amendment, release_count = new.release_count,
        open_shipments = new.open_shipments, event_version = new.event_version
    FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::int[],
        $9::text[], $10::text[], $11::text[], $12::int[], $13::int[], $14::int[], $15::int[])
        AS new (order_id, status, partial, confirmed_at, promised_earliest, promised_latest, delivered_at, open_holds, cancellation,
            cancellation_by, cancellation_reason, open_amendment, release_count, open_shipments, event_version)
    WHERE orders.order_id = new.order_id
), counted AS (
    UPDATE order_lines SET {", ".join(f"{bucket} = new.{bucket}" for bucket in (*BUCKETS, "picked_total", "packed_total"))}
    FROM unnest($16::uuid[], {", ".join(f"${number}::int[]" for number in range(17, 31))})
        AS new (order_id, line_no, {", ".join(BUCKETS)}, picked_total, packed_total)
    WHERE order_lines.order_id = new.order_id AND order_lines.line_no = new.line_no
)
INSERT INTO order_history (order_id, customer_id, at, what, detail)
SELECT * FROM unnest($31::uuid[], $32::text[], $33::timestamptz[], $34::text[], $35::text[])
"""


async def save_orders(tx: Transaction, loaded: Loaded) -> None:
    """Write what was decided and say it."""
    orders = list(loaded.orders.values())
    lines = [(order.order_id, *_COUNTED(line)) for order in orders for line in order.lines.values() if line.is_changed]
    history = [(*order.owned, order.now, *entry) for order in orders for entry in order.history]
    await tx.execute(_SAVE, *columns([_CHANGED(order) for order in orders], 15), *columns(lines, 15), *columns(history, 5))
    await _save_reservations(tx, loaded)
    await _set_timers(tx, orders)
    await publish(tx, *[event for order in orders for event in order.said])
    await answer_partners(tx, orders)


_RESERVE = """
INSERT INTO reservations (order_id, customer_id, warehouse, line_no, quantity)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[])
"""


async def _save_reservations(tx: Transaction, loaded: Loaded) -> None:
    if loaded.reserved:
        await tx.execute("DELETE FROM reservations WHERE order_id = ANY($1::uuid[])", loaded.reserved)
    rows = [(*order.owned, *place, quantity) for order in loaded.orders.values() for place, quantity in order.reservations.items()]
    if rows:
        await tx.execute(_RESERVE, *columns(rows, 5))


async def _set_timers(tx: Transaction, orders: Sequence[Order]) -> None:
    due: dict[str, list[tuple[str, datetime]]] = {}
    for order in orders:
        for kind, at in order.timers:
            due.setdefault(kind, []).append((str(order.order_id), at))
    for kind, subjects in due.items():
        await set_timers(tx, kind, subjects)
