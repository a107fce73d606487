"""Picks: made when an order is released, confirmed by the warehouse."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.batches import Done, Outcome
from shared.bodies import business_time
from shared.database import Transaction, columns
from shared.errors import DomainError
from shared.events import Event, OrderReleased
from shared.locks import Lock, lock
from shared.outbox import publish
from uuid_utils.compat import uuid7

from inventory.commands.short_picks import write_off
from inventory.errors import MoreThanAsked, OtherConfirmation, PickIsVoid, PickNotFound
from inventory.fulfilments import fulfilments_of, heads_of, save_heads
from inventory.locks import fulfilment_lock, item_lock
from inventory.picking import Pick, pick_events
from inventory.schemas import NewConfirmation
from inventory.states import FulfilmentStatus, PickStatus, may_become


async def make_picks(tx: Transaction, released: Sequence[OrderReleased]) -> None:
    """A pick for each line and warehouse of a release."""
    known = await heads_of(tx, [event.order_id for event in released])
    rows = [
        (
            uuid7(),
            event.order_id,
            event.customer_id,
            line.line_no,
            line.sku,
            part.warehouse,
            event.release_no,
            line.quantity,
            event.occurred_at,
        )
        for event in released
        if event.order_id in known and known[event.order_id].status is not FulfilmentStatus.CANCELLED
        for part in event.warehouses
        for line in part.lines
    ]
    if rows:
        await tx.execute(_MAKE, *columns(rows, 9))


async def confirm_picks(tx: Transaction, new: Sequence[NewConfirmation]) -> list[Outcome[UUID]]:
    """Book what was found. What was not is written off and at once reserved anew, or waits."""
    await lock(tx, _locks(new, await _picks(tx, new)))
    picks, now = await _picks(tx, new), await tx.now()
    taken: list[Pick] = []
    outcomes = [_confirm(one, picks.get(one.pick_id), taken, now) for one in new]
    if taken:
        await _save_picks(tx, taken)
        await _say(tx, taken, now)
    return outcomes


def _locks(new: Sequence[NewConfirmation], picks: Mapping[UUID, Pick]) -> Iterator[Lock]:
    for one in new:
        if pick := picks.get(one.pick_id):
            yield fulfilment_lock(pick.order_id)
            if one.quantity < pick.quantity:
                yield item_lock(pick.customer_id, pick.sku)


def _confirm(new: NewConfirmation, pick: Pick | None, taken: list[Pick], now: datetime) -> Outcome[UUID]:
    if pick is None:
        return PickNotFound(new.pick_id)
    if pick.status is PickStatus.VOID:
        return PickIsVoid(pick.pick_id)
    if new.quantity > pick.quantity:
        return MoreThanAsked(pick.quantity)
    then = PickStatus.CONFIRMED if new.quantity == pick.quantity else PickStatus.SHORT
    if not may_become(pick.status, then):
        same = (pick.picked, pick.said_at) == (new.quantity, new.picked_at)
        return Done(pick.pick_id, created=False) if same else OtherConfirmation(pick.pick_id, pick.picked)
    try:
        pick.picked_at = business_time(new.picked_at, now, pointer="/picked_at", after=min(pick.released_at, now))
    except DomainError as refused:
        return refused
    pick.status, pick.picked, pick.said_at = then, new.quantity, new.picked_at
    taken.append(pick)
    return Done(pick.pick_id)


async def _say(tx: Transaction, taken: Sequence[Pick], now: datetime) -> None:
    """Once an order: what was found, what was short, and what becomes of the missing."""
    short = [pick for pick in taken if pick.status is PickStatus.SHORT]
    orders = await heads_of(tx, {pick.order_id for pick in taken})
    orders |= await fulfilments_of(tx, {pick.order_id for pick in short})
    by_order: defaultdict[UUID, list[Pick]] = defaultdict(list)
    for pick in taken:
        by_order[pick.order_id].append(pick)
    events: list[Event] = [event for order_id in sorted(by_order) for event in pick_events(orders[order_id], by_order[order_id])]
    events += await write_off(tx, orders, short, now) if short else []
    await save_heads(tx, orders.values())
    await publish(tx, *events)


_MAKE = """
INSERT INTO picks (pick_id, order_id, customer_id, line_no, sku, warehouse, release_no, quantity, released_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[], $7::int[], $8::int[], $9::timestamptz[])
ON CONFLICT (order_id, line_no, warehouse, release_no) DO NOTHING
"""

_READ = """
SELECT pick_id, order_id, customer_id, line_no, sku, warehouse, release_no, quantity, released_at, status, picked, picked_at, said_at
FROM picks WHERE pick_id = ANY($1::uuid[])
"""

_SAVE = """
UPDATE picks p SET status = c.status, picked = c.picked, picked_at = c.picked_at, said_at = c.said_at
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[]) AS c (pick_id, status, picked, picked_at, said_at)
WHERE p.pick_id = c.pick_id
"""


async def _picks(tx: Transaction, new: Sequence[NewConfirmation]) -> dict[UUID, Pick]:
    rows = await tx.fetch(_READ, [one.pick_id for one in new])
    return {row["pick_id"]: Pick(*row) for row in rows}


async def _save_picks(tx: Transaction, taken: Sequence[Pick]) -> None:
    await tx.execute(_SAVE, *columns([(p.pick_id, p.status, p.picked, p.picked_at, p.said_at) for p in taken], 5))
