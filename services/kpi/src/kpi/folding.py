"""What each event says about the facts; reads like the table of contents of what kpi measures."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.events import (
    By,
    CaseOpened,
    CaseResolved,
    DeliveryCompleted,
    Event,
    OrderAmended,
    OrderCancelled,
    OrderCommitChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    ShipmentHandedOver,
    StockReserved,
    StockShort,
)

from kpi.facts import NO_CODE, Facts, Move, latest


def fold(events: Iterable[Event]) -> Facts:
    """All that these events say, each order, line and case once."""
    facts = Facts()
    for event in events:
        FOLDS[type(event)](facts, event)
    return facts


def _received(facts: Facts, event: OrderReceived) -> None:
    order = facts.order(event.order_id, event.customer_id)
    if order.received_at is None:
        order.received_at, order.submitted_at = event.occurred_at, event.submitted_at
        order.consignee_code, order.service_level = event.consignee_code, event.service_level
    for line in event.lines:
        fact = facts.line(event.order_id, line.line_no, event.customer_id)
        fact.sku, fact.ordered = line.sku, line.quantity


def _amended(facts: Facts, event: OrderAmended) -> None:
    """What is changed before the order is confirmed is what was ordered; later it is what has to be delivered in full."""
    for line in event.lines:
        fact = facts.line(event.order_id, line.line_no, event.customer_id)
        fact.sku = line.sku
        if event.reallocate:
            fact.amended = line.quantity
        else:
            fact.ordered = line.quantity
    if event.ship_to_changed:
        order = facts.order(event.order_id, event.customer_id)
        order.consignee_code = event.consignee_code or (NO_CODE if order.received_at is None else None)


def _commit_changed(facts: Facts, event: OrderCommitChanged) -> None:
    """What we move ourselves does not count. The order's row is locked with the others, in their order."""
    facts.order(event.order_id, event.customer_id)
    if event.by is By.CUSTOMER:
        facts.moves.append(Move(event.order_id, event.occurred_at, event.promised))


def _confirmed(facts: Facts, event: OrderConfirmed) -> None:
    """The first promise is kept: later it is the original that counts."""
    order = facts.order(event.order_id, event.customer_id)
    if order.confirmed_at is None:
        order.confirmed_at = event.occurred_at
        order.promised_earliest, order.promised_latest = event.promised.earliest, event.promised.latest


def _rejected(facts: Facts, event: OrderRejected) -> None:
    order = facts.order(event.order_id, event.customer_id)
    order.rejected_at = order.rejected_at or event.occurred_at


def _cancelled(facts: Facts, event: OrderCancelled) -> None:
    order = facts.order(event.order_id, event.customer_id)
    if order.cancelled_at is None:
        order.cancelled_at, order.cancelled_by = event.occurred_at, event.by


def _reserved(facts: Facts, event: StockReserved) -> None:
    """The first answer of the warehouses ends with the event after which nothing waits, or with the last list of what is short."""
    order = facts.order(event.order_id, event.customer_id)
    if event.first and event.complete:
        order.first_allocated_at = order.first_allocated_at or event.occurred_at


def _short(facts: Facts, event: StockShort) -> None:
    order = facts.order(event.order_id, event.customer_id)
    if not event.first:
        return
    if not event.more:
        order.first_allocated_at = order.first_allocated_at or event.occurred_at
    for line in event.lines:
        fact = facts.line(event.order_id, line.line_no, event.customer_id)
        if fact.first_demanded is None:
            fact.first_demanded, fact.first_available = line.demanded, min(line.available, line.demanded)


def _released(facts: Facts, event: OrderReleased) -> None:
    order = facts.order(event.order_id, event.customer_id)
    order.released_at = latest((order.released_at, event.occurred_at))
    order.warehouses.update(part.warehouse for part in event.warehouses)


def _handed_over(facts: Facts, event: ShipmentHandedOver) -> None:
    order = facts.order(event.order_id, event.customer_id)
    order.handed_over_at = latest((order.handed_over_at, event.handed_over_at))
    order.handovers += 1
    order.carriers.add(event.carrier)


def _delivered_shipment(facts: Facts, event: DeliveryCompleted) -> None:
    order = facts.order(event.order_id, event.customer_id)
    order.deliveries += 1
    order.signed_deliveries += event.signed
    for line in event.lines:
        fact = facts.line(event.order_id, line.line_no, event.customer_id)
        fact.advised += line.advised
        fact.accepted += line.accepted
        fact.damaged += line.damaged
        fact.lost += line.short
        fact.warehouses.add(event.warehouse)
        fact.carriers.add(event.carrier)
        if line.accepted + line.damaged:
            fact.delivered_at = latest((fact.delivered_at, event.delivered_at))


def _delivered(facts: Facts, event: OrderDelivered) -> None:
    order = facts.order(event.order_id, event.customer_id)
    order.delivered_at = order.delivered_at or event.delivered_at


def _opened(facts: Facts, event: CaseOpened) -> None:
    case = facts.case(event.case_id, event.customer_id, event.kind)
    if case.received_at is None:
        case.received_at, case.order_id, case.line_no = event.received_at, event.order_id, event.line_no


def _resolved(facts: Facts, event: CaseResolved) -> None:
    case = facts.case(event.case_id, event.customer_id, event.kind)
    case.resolved_at = case.resolved_at or event.resolved_at


Fold = Callable[[Facts, Any], None]

FOLDS: Mapping[type[Event], Fold] = {
    OrderReceived: _received,
    OrderConfirmed: _confirmed,
    OrderAmended: _amended,
    OrderCommitChanged: _commit_changed,
    OrderRejected: _rejected,
    OrderCancelled: _cancelled,
    OrderReleased: _released,
    OrderDelivered: _delivered,
    StockReserved: _reserved,
    StockShort: _short,
    ShipmentHandedOver: _handed_over,
    DeliveryCompleted: _delivered_shipment,
    CaseOpened: _opened,
    CaseResolved: _resolved,
}
