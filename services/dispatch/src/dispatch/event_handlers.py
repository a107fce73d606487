"""What dispatch does when it hears of orders and of the warehouse's work. The locks of `rows=` are taken before."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction, columns
from shared.events import ApiKeyIssued, ApiKeyRevoked, OrderCancellationRequested, OrderErased, OrderReleased, PackCompleted, PickShort
from shared.key_rows import keep_keys
from shared.outbox import publish
from shared.registry import Handlers

from dispatch import facts, planning, shipments
from dispatch.consignee import forget
from dispatch.desk import Desk
from dispatch.locking import orders_of
from dispatch.packing import facts_of_packs, facts_of_short_picks, part_of, with_facts
from dispatch.planning import Cancellation
from dispatch.reasons import CODES

handlers = Handlers()
on = handlers.on
on(ApiKeyIssued, ApiKeyRevoked, unordered=True)(keep_keys)


@on(OrderReleased, rows=orders_of)
async def plan_shipments(tx: Transaction, released: Sequence[OrderReleased]) -> None:
    """A shipment a warehouse, with what was picked and packed of it already; none for an order whose cancellation was granted."""
    open_orders = set(await _orders_without(tx, [Cancellation.CANCELLED], [each.order_id for each in released]))
    now, known = await tx.now(), await shipments.planned_parts(tx, list(open_orders))
    plans = [
        (each, *decision)
        for each in released
        if each.order_id in open_orders
        for decision in planning.plan(each, now)
        if part_of(decision[0]) not in known
    ]
    if plans:
        ahead = await facts.take_ahead(tx, [part_of(shipment) for _, shipment, _ in plans])
        packed = [(each, with_facts(shipment, ahead.get(part_of(shipment), {}))) for each, shipment, _ in plans]
        await shipments.insert(tx, packed)
        await publish(tx, *[event for *_, event in plans])
        await _cancel_empty(tx, Desk(now, {shipment.shipment_id: shipment for _, shipment in packed}))


@on(PackCompleted, rows=orders_of)
async def note_packs(tx: Transaction, packed: Sequence[PackCompleted]) -> None:
    await facts.note(tx, facts_of_packs(packed))


@on(PickShort, rows=orders_of)
async def note_short_picks(tx: Transaction, short: Sequence[PickShort]) -> None:
    """A shipment of which nothing was found is cancelled."""
    touched = await facts.note(tx, facts_of_short_picks(short))
    found = await shipments.by_id(tx, list(touched))
    await _cancel_empty(tx, Desk(await tx.now(), {shipment.shipment_id: shipment for shipment in found}))


async def _cancel_empty(tx: Transaction, desk: Desk) -> None:
    desk.take(*planning.cancel_empty(list(desk.shipments.values()), desk.now))
    await desk.save(tx)


@on(OrderCancellationRequested, rows=orders_of)
async def decide_cancellations(tx: Transaction, requested: Sequence[OrderCancellationRequested]) -> None:
    """For the whole order, once: refused when something of it was handed over, else everything is cancelled."""
    desk = Desk(await tx.now())
    undecided = await _orders_without(tx, list(Cancellation), [each.order_id for each in requested])
    found = await shipments.by_order(tx, undecided)
    decided: list[tuple[UUID, Cancellation]] = []
    for order_id in undecided:
        cancellation, decisions = planning.decide_cancellation(found.get(order_id, []), desk.now)
        decided.append((order_id, cancellation))
        desk.take(*decisions)
    await _remember(tx, decided)
    await desk.save(tx)


@on(OrderErased, rows=orders_of)
async def forget_consignees(tx: Transaction, erased: Sequence[OrderErased]) -> None:
    """The key is destroyed already; what it sealed goes as well."""
    await forget(tx, [each.order_id for each in erased], sorted(CODES))


async def _orders_without(tx: Transaction, decisions: Sequence[Cancellation], order_ids: Sequence[UUID]) -> list[UUID]:
    """Of these orders, those for which none of the decisions was taken."""
    sql = "SELECT order_id FROM orders WHERE order_id = ANY($1::uuid[]) AND coalesce(cancellation <> ALL($2::text[]), true)"
    return [row["order_id"] for row in await tx.fetch(sql, order_ids, decisions)]


async def _remember(tx: Transaction, decided: Sequence[tuple[UUID, Cancellation]]) -> None:
    sql = """
    UPDATE orders AS o SET cancellation = v.cancellation, decided_at = now()
    FROM unnest($1::uuid[], $2::text[]) AS v(order_id, cancellation) WHERE o.order_id = v.order_id
    """
    await tx.execute(sql, *columns(decided, 2))
