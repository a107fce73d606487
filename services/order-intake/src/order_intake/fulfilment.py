"""The whole process of an order on one page.

| heard                          | what it does to the quantities                        | said next                                    |
|--------------------------------|-------------------------------------------------------|----------------------------------------------|
| (placed, or last hold gone)    | waiting                                               | order.confirmed                              |
| stock.reserved                 | waiting, then backordered -> reserved                 | order.released, as soon as `release` allows  |
| stock.short                    | waiting -> backordered                                | order.backordered                            |
| (amended before its release)   | all -> waiting; removed lines -> cancelled            | order.amended, order.commit_changed          |
| stock.reallocated              | waiting -> reserved, backordered                      | order.backordered; order.released as above   |
| pick.confirmed                 | released -> picked                                    |                                              |
| pick.short                     | found: released -> picked; missing: -> waiting        | (inventory reserves anew, or is short)       |
| pack.completed                 | picked -> packed                                      |                                              |
| shipment.handed_over           | packed -> shipped                                     |                                              |
| delivery.completed             | shipped -> delivered, damaged, lost                   | order.delivered when nothing is on its way   |
| shipment.cancelled             | the last one asked for: all -> cancelled              | order.cancelled                              |
| shipment.cancellation_refused  |                                                       | order.cancellation_refused, once             |

What is heard of a cancelled or rejected order comes too late and is passed over; so is what inventory said of the stock of an amended
order before it heard of the amendment.
"""

from collections.abc import Sequence
from itertools import groupby

from shared.events import (
    LINES_PER_EVENT,
    By,
    DeliveryCompleted,
    OrderBackordered,
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderLine,
    OrderReleased,
    PackCompleted,
    PickConfirmed,
    PickShort,
    Promise,
    ReleasedLines,
    ReservedLines,
    SealedAddress,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShortLine,
    StockReallocated,
    StockReserved,
    StockShort,
)

from order_intake.lifecycle import OrderStatus
from order_intake.order import Cancellation, Order
from order_intake.parts import in_parts
from order_intake.reasons import CANCELLATION, code_of
from order_intake.settings import Terms

Fact = (
    StockReserved
    | StockShort
    | StockReallocated
    | PickConfirmed
    | PickShort
    | PackCompleted
    | ShipmentHandedOver
    | DeliveryCompleted
    | ShipmentCancelled
    | ShipmentCancellationRefused
)


def advance(order: Order, fact: Fact, terms: Terms) -> None:
    """Apply what was heard, then do what has become possible by it."""
    if order.status in (OrderStatus.CANCELLED, OrderStatus.REJECTED) or _is_overtaken(order, fact):
        return
    _hear(order, fact)
    moved = order.settle()
    if moved and order.status is OrderStatus.DELIVERED:
        _arrive(order, terms)
    release(order, terms)


def _is_overtaken(order: Order, fact: Fact) -> bool:
    """The answer to the amendment will hold it."""
    return isinstance(fact, StockReserved | StockShort) and order.open_amendment is not None


def _hear(order: Order, fact: Fact) -> None:
    match fact:
        case StockReserved():
            _reserve(order, fact.warehouses)
        case StockShort():
            _fall_short(order, fact.lines, more=fact.more)
        case StockReallocated() if fact.amendment_no == order.open_amendment:
            _reallocate(order, fact)
        case PickConfirmed() | PickShort():
            _pick(order, fact)
        case PackCompleted():
            for line in (line for carton in fact.cartons for line in carton.lines):
                order.lines[line.line_no].pack(line.quantity)
        case ShipmentHandedOver():
            for line in fact.lines:
                order.lines[line.line_no].hand_over(line.quantity)
        case DeliveryCompleted():
            _deliver(order, fact)
        case ShipmentCancelled():
            _lose_shipment(order)
        case ShipmentCancellationRefused():
            _refuse_cancellation(order, fact)


def confirm(order: Order, promise: Promise, wanted: Sequence[OrderLine] | None = None) -> None:
    """The order is ours to fulfil within this window; `wanted` are its lines, where they are told already."""
    order.become(OrderStatus.CONFIRMED)
    order.confirmed_at = order.now
    order.promised_earliest, order.promised_latest = promise.earliest, promise.latest
    for lines, more in in_parts(order.wanted_lines() if wanted is None else wanted):
        order.say(OrderConfirmed(**order.stamp(), promised=promise, allow_partial=order.allow_partial, lines=lines, more=more))


def _reserve(order: Order, warehouses: Sequence[ReservedLines]) -> None:
    for warehouse in warehouses:
        for line in warehouse.lines:
            if taken := order.lines[line.line_no].reserve(line.quantity):
                place = (warehouse.warehouse, line.line_no)
                order.reservations[place] = order.reservations.get(place, 0) + taken


def _fall_short(order: Order, short: Sequence[ShortLine], *, more: bool) -> None:
    """Where partial shipping is not allowed, the lines that could be had wait with those that are short."""
    moved = [(line, order.lines[line.line_no].fall_short(line.demanded - line.reserved)) for line in short]
    lines = tuple(OrderLine(line_no=line.line_no, sku=line.sku, quantity=quantity) for line, quantity in moved if quantity)
    if lines:
        order.say(OrderBackordered(**order.stamp(), lines=lines, more=more))
    if short and not order.allow_partial and not more:
        for line in order.lines.values():
            line.fall_short(line.waiting)


def _reallocate(order: Order, fact: StockReallocated) -> None:
    """Since the amendment all lines wait: this is all that they have."""
    _reserve(order, fact.warehouses)
    _fall_short(order, fact.short, more=fact.more)
    if not fact.more:
        order.open_amendment = None


def _pick(order: Order, fact: PickConfirmed | PickShort) -> None:
    for pick in fact.picks:
        order.lines[pick.line_no].pick(pick.quantity)
    if isinstance(fact, PickShort):
        for pick in fact.picks:
            order.lines[pick.line_no].miss(pick.missing)


def release(order: Order, terms: Terms) -> None:
    """Tell the warehouses to ship what is reserved, unless the order is held, being cancelled or amended, incomplete, or its window is
    far off."""
    if not order.reservations or order.open_holds or order.open_amendment or order.cancellation is Cancellation.REQUESTED:
        return
    if not order.allow_partial and any(line.wanting for line in order.lines.values()):
        return
    opens_at = order.promise.earliest - terms.release_horizon
    if opens_at > order.now:
        order.timers.append(("release_order", opens_at))
        return
    released = sorted(order.reservations.items())
    order.reservations.clear()
    for start in range(0, len(released), LINES_PER_EVENT):
        _release_part(order, released[start : start + LINES_PER_EVENT])


def _release_part(order: Order, reserved: list[tuple[tuple[str, int], int]]) -> None:
    order.release_count += 1
    warehouses = tuple(
        ReleasedLines(warehouse=warehouse, lines=tuple(_release_line(order, line_no, quantity) for (_, line_no), quantity in lines))
        for warehouse, lines in groupby(reserved, key=lambda each: each[0][0])
    )
    order.open_shipments += len(warehouses)
    assert order.ship_to  # only what has ended is erased
    address = SealedAddress(key_id=order.ship_to_key_id, sealed=order.ship_to)
    order.say(
        OrderReleased(
            **order.stamp(),
            release_no=order.release_count,
            promised=order.promise,
            consignee_code=order.consignee_code,
            ship_to=address,
            warehouses=warehouses,
        )
    )
    detail = f"release {order.release_count}"
    if not order.settle(detail):
        order.note("released", detail)


def _release_line(order: Order, line_no: int, quantity: int) -> OrderLine:
    line = order.lines[line_no]
    line.release(quantity)
    return OrderLine(line_no=line_no, sku=line.sku, quantity=quantity)


def _deliver(order: Order, fact: DeliveryCompleted) -> None:
    for line in fact.lines:
        order.lines[line.line_no].deliver(line.accepted, line.damaged, line.short)
    order.delivered_at = max(fact.delivered_at, order.delivered_at or fact.delivered_at)


def _arrive(order: Order, terms: Terms) -> None:
    assert order.delivered_at
    order.say(OrderDelivered(**order.stamp(), delivered_at=order.delivered_at))
    order.timers.append(("close_order", order.now + terms.close_after))


def _lose_shipment(order: Order) -> None:
    order.open_shipments -= 1
    if order.cancellation is Cancellation.REQUESTED and not order.open_shipments:
        cancel(order)


def cancel(order: Order) -> None:
    """Nothing will be delivered; by whom and why is in the order."""
    assert order.cancellation_by
    reason = order.cancellation_reason or ""
    order.become(OrderStatus.CANCELLED, reason)
    order.cancellation = None
    give_up(order)
    order.say(OrderCancelled(**order.stamp(), by=By(order.cancellation_by), reason=code_of(reason, CANCELLATION)))


def give_up(order: Order) -> None:
    """No unit of it counts any more."""
    order.reservations.clear()
    order.open_amendment = None
    for line in order.lines.values():
        line.cancel()


def _refuse_cancellation(order: Order, fact: ShipmentCancellationRefused) -> None:
    if order.cancellation is Cancellation.REQUESTED:
        order.cancellation = Cancellation.REFUSED
        order.note("cancellation_refused", fact.reason)
        order.say(OrderCancellationRefused(**order.stamp(), reason=fact.reason))
