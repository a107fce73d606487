"""Holds: an overlay on an order that is not released, by a person or by a rule."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction
from shared.events import OrderHeld, OrderHoldReleased, ServiceLevel, Window
from shared.locks import lock
from uuid_utils.compat import uuid7

from order_intake.commands.storage import load_orders, order_locks, save_orders
from order_intake.errors import HoldNotFound, NotHoldable
from order_intake.fulfilment import confirm, release
from order_intake.lifecycle import BEFORE_RELEASE, OrderStatus
from order_intake.order import Order
from order_intake.promise import promised
from order_intake.reasons import HOLD, code_of
from order_intake.settings import Terms


async def place_hold(tx: Transaction, order_id: UUID, reason: str) -> None:
    """Stop the order before its release, until the hold is released."""
    await lock(tx, order_locks([order_id]))
    loaded = await load_orders(tx, [order_id])
    order = loaded[order_id]
    if order.status not in BEFORE_RELEASE:
        raise NotHoldable(order_id, order.status, BEFORE_RELEASE)
    hold_id = uuid7()
    insert = "INSERT INTO holds (hold_id, order_id, customer_id, reason, placed_at) VALUES ($1, $2, $3, $4, $5)"
    await tx.execute(insert, hold_id, *order.owned, reason, order.now)
    order.open_holds += 1
    order.note("held", reason)
    order.say(OrderHeld(**order.stamp(), hold_id=hold_id, reason=code_of(reason, HOLD)))
    await save_orders(tx, loaded)


async def release_holds(tx: Transaction, order_id: UUID, hold_id: UUID | None, terms: Terms) -> None:
    """Take one hold away, or all; after the last one the order goes on. A hold that is gone already changes nothing."""
    await lock(tx, order_locks([order_id]))
    loaded = await load_orders(tx, [order_id])
    order = loaded[order_id]
    gone = await _end_holds(tx, order, hold_id)
    if gone:
        _lift(order, gone, terms)
        await save_orders(tx, loaded)


async def _end_holds(tx: Transaction, order: Order, hold_id: UUID | None) -> list[UUID]:
    known = await tx.fetch(
        "SELECT hold_id, released_at IS NULL AS is_open FROM holds "
        "WHERE order_id = $1 AND hold_id = coalesce($2, hold_id) ORDER BY hold_id",
        *(order.order_id, hold_id),
    )
    if hold_id and not known:
        raise HoldNotFound(order.order_id, hold_id)
    gone: list[UUID] = [row["hold_id"] for row in known if row["is_open"]]
    await tx.execute("UPDATE holds SET released_at = $2 WHERE hold_id = ANY($1::uuid[])", gone, order.now)
    return gone


def _lift(order: Order, gone: Sequence[UUID], terms: Terms) -> None:
    order.open_holds -= len(gone)
    for hold_id in gone:
        order.note("hold_released")
        order.say(OrderHoldReleased(**order.stamp(), hold_id=hold_id))
    if order.open_holds:
        return
    if order.status is OrderStatus.RECEIVED:
        wish = Window(earliest=order.requested_earliest, latest=order.requested_latest)
        confirm(order, promised(order.now, terms.promised_within(ServiceLevel(order.service_level)), wish))
    release(order, terms)
