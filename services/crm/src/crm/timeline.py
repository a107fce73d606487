"""One line for everything that happened, as a person at the phone would say it. Times are UTC; codes are the customer's own."""

from functools import singledispatch
from uuid import UUID

from shared.events import (
    ApiKeyIssued,
    ApiKeyRevoked,
    CaseOpened,
    CaseResolved,
    CustomerRegistered,
    DeliveryAttemptFailed,
    DeliveryCompleted,
    EdiAcknowledgementOverdue,
    EdiDocumentRefused,
    Event,
    InventoryReportRequested,
    ItemRegistered,
    OrderBackordered,
    OrderCancellationRefused,
    OrderCancellationRequested,
    OrderCancelled,
    OrderClosed,
    OrderConfirmed,
    OrderDelivered,
    OrderErased,
    OrderHeld,
    OrderHoldReleased,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    PackCompleted,
    PickConfirmed,
    PickShort,
    ReplenishmentRequested,
    ShipmentAssigned,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShipmentPlanned,
    StockAdjusted,
    StockIssued,
    StockoutCustomerNotified,
    StockReported,
    StockReserved,
    StockShort,
)

from crm.names import SHOWN, Names
from crm.phrases import because, counted, listed, more_follow, places, plain, sum_of, time_of, who


@singledispatch
def entry(event: Event, names: Names) -> str:
    """What happened, in one line."""
    return plain(event.type.partition(".v")[0].replace(".", " ")).capitalize()


@entry.register
def _(event: OrderReceived, names: Names) -> str:
    partial = ", may come in parts" if event.allow_partial else ""
    return (
        f"Order {event.customer_reference} received: {sum_of(event.lines)}, {event.service_level} service{partial}{more_follow(event.more)}"
    )


@entry.register
def _(event: OrderConfirmed, names: Names) -> str:
    promised = event.promised
    return (
        f"Order confirmed, delivery promised between {time_of(promised.earliest)} and {time_of(promised.latest)}{more_follow(event.more)}"
    )


@entry.register
def _(event: OrderHeld, names: Names) -> str:
    return f"Order put on hold{because(event.reason)}"


@entry.register
def _(event: OrderHoldReleased, names: Names) -> str:
    return "A hold of the order was lifted"


@entry.register
def _(event: OrderRejected, names: Names) -> str:
    return f"Order rejected{because(event.reason)}"


@entry.register
def _(event: OrderBackordered, names: Names) -> str:
    waiting = listed([f"{line.quantity} of {_item(event, line.sku, names)}" for line in event.lines[:SHOWN]], len(event.lines))
    return f"Order waits for stock and goes on by itself when it comes: {waiting}{more_follow(event.more)}"


@entry.register
def _(event: OrderReleased, names: Names) -> str:
    parts = "; ".join(f"{sum_of(part.lines)} from {part.warehouse}" for part in event.warehouses)
    return f"Release {event.release_no} given to the warehouse: {parts}"


@entry.register
def _(event: OrderCancellationRequested, names: Names) -> str:
    return f"Cancellation asked for by {who(event.by)}{because(event.reason)}"


@entry.register
def _(event: OrderCancellationRefused, names: Names) -> str:
    return f"Order can no longer be cancelled{because(event.reason)}"


@entry.register
def _(event: OrderCancelled, names: Names) -> str:
    return f"Order cancelled by {who(event.by)}{because(event.reason)}"


@entry.register
def _(event: OrderDelivered, names: Names) -> str:
    return f"Order delivered at {time_of(event.delivered_at)}, nothing of it is on its way any more"


@entry.register
def _(event: OrderClosed, names: Names) -> str:
    return "Order closed"


@entry.register
def _(event: OrderErased, names: Names) -> str:
    return "Personal data of the consignee erased"


@entry.register
def _(event: StockReserved, names: Names) -> str:
    parts = "; ".join(f"{sum_of(part.lines)} in {part.warehouse}" for part in event.warehouses) or "nothing"
    return f"Stock reserved: {parts}{'' if event.complete else '; the rest is still open'}"


@entry.register
def _(event: StockShort, names: Names) -> str:
    count, of = len(event.lines), names.lines.get(event.order_id)
    lines = f"{count} of {counted(of, 'line')}" if of and of > 1 and not event.more else counted(count, "line")
    wait = "waits" if count == 1 else "wait"
    short = [f"{_item(event, line.sku, names)} short by {max(line.demanded - line.available, 0)}" for line in event.lines[:SHOWN]]
    return f"{lines} {wait} for stock: {listed(short, count)}{more_follow(event.more)}"


@entry.register
def _(event: PickConfirmed, names: Names) -> str:
    return f"Picked in {places(event.picks)}: {sum_of(event.picks)}"


@entry.register
def _(event: PickShort, names: Names) -> str:
    missing = [f"{pick.missing} of line {pick.line_no}" for pick in event.picks if pick.missing]
    return f"Not found while picking in {places(event.picks)}, written off: {listed(missing[:SHOWN], len(missing))}"


@entry.register
def _(event: PackCompleted, names: Names) -> str:
    units = sum(line.quantity for carton in event.cartons for line in carton.lines)
    return f"Packed in {event.warehouse}: {counted(len(event.cartons), 'carton')}, {counted(units, 'unit')} (pack {event.reference})"


@entry.register
def _(event: StockIssued, names: Names) -> str:
    return f"Goods left the stock of {event.warehouse}: {sum_of(event.lines)}"


@entry.register
def _(event: StockAdjusted, names: Names) -> str:
    what = f"{_item(event, event.sku, names)} in {event.warehouse}"
    return f"Stock of {what} corrected by {event.quantity:+d}{because(event.reason)}; {event.on_hand} on hand, {event.reserved} reserved"


@entry.register
def _(event: ReplenishmentRequested, names: Names) -> str:
    return f"Replenishment asked for: {event.quantity} of {_item(event, event.sku, names)} to {event.warehouse}"


@entry.register
def _(event: ItemRegistered, names: Names) -> str:
    return f"Item {event.sku} registered: {event.description} (unit: {event.unit})"


@entry.register
def _(event: ShipmentPlanned, names: Names) -> str:
    return f"Shipment planned from {event.warehouse}: {sum_of(event.lines)}"


@entry.register
def _(event: ShipmentAssigned, names: Names) -> str:
    return f"Shipment goes with carrier {event.carrier}, vehicle {event.vehicle}"


@entry.register
def _(event: ShipmentHandedOver, names: Names) -> str:
    return f"Handed over to carrier {event.carrier}, vehicle {event.vehicle}, from warehouse {event.warehouse}: {sum_of(event.lines)}"


@entry.register
def _(event: ShipmentCancelled, names: Names) -> str:
    return f"Shipment from {event.warehouse} cancelled{because(event.reason or 'nothing was picked')}"


@entry.register
def _(event: ShipmentCancellationRefused, names: Names) -> str:
    return f"Shipment can no longer be stopped{because(event.reason)}"


@entry.register
def _(event: DeliveryCompleted, names: Names) -> str:
    counts = [(sum(line.accepted for line in event.lines), "accepted"), (sum(line.damaged for line in event.lines), "damaged")]
    counts.append((sum(line.short for line in event.lines), "missing"))
    what = ", ".join(f"{counted(units, 'unit')} {word}" for units, word in counts if units) or "nothing accepted"
    return f"Delivered by {event.carrier} at {time_of(event.delivered_at)}: {what}; {'signed for' if event.signed else 'no signature'}"


@entry.register
def _(event: DeliveryAttemptFailed, names: Names) -> str:
    return f"Delivery attempt {event.attempt_no} failed{because(event.reason)}; another try follows"


@entry.register
def _(event: CustomerRegistered, names: Names) -> str:
    return f"Customer registered{', blocked: new orders are held' if event.blocked else ''}"


@entry.register
def _(event: ApiKeyIssued, names: Names) -> str:
    until = f", until {time_of(event.expires_at)}" if event.expires_at else ""
    return f"Key {event.key_id} issued{until}: {', '.join(event.scopes)}"


@entry.register
def _(event: ApiKeyRevoked, names: Names) -> str:
    return f"Key {event.key_id} revoked"


@entry.register
def _(event: CaseOpened, names: Names) -> str:
    line = f" about line {event.line_no}" if event.line_no else ""
    return f"{plain(event.kind).capitalize()} case opened{line}{_subject(event.case_id, names)}"


@entry.register
def _(event: CaseResolved, names: Names) -> str:
    return f"{plain(event.kind).capitalize()} case resolved{_subject(event.case_id, names)}"


@entry.register
def _(event: EdiAcknowledgementOverdue, names: Names) -> str:
    sent = f"{event.document} interchange {event.control} of {time_of(event.posted_at)}"
    return f"EDI partner {event.partner} has not acknowledged the {sent}"


@entry.register
def _(event: EdiDocumentRefused, names: Names) -> str:
    of = f"{counted(event.refused, 'message')} of the {event.document} interchange {event.control}"
    return f"EDI partner {event.partner} refused {of}{because(', '.join(event.codes))}"


@entry.register
def _(event: InventoryReportRequested, names: Names) -> str:
    return f"Stock of {event.warehouse or 'all warehouses'} to be reported to EDI partner {event.partner}"


@entry.register
def _(event: StockReported, names: Names) -> str:
    return f"Stock of {time_of(event.counted_at)} reported: {counted(len(event.balances), 'balance')}{more_follow(event.more)}"


@entry.register
def _(event: StockoutCustomerNotified, names: Names) -> str:
    return "Notice to the customer: the order waits for stock"


def _item(event: Event, sku: str, names: Names) -> str:
    description = names.items.get((event.customer_id, sku))
    return f"{description} ({sku})" if description else sku


def _subject(case_id: UUID, names: Names) -> str:
    subject = names.subjects.get(case_id)
    return f": {subject}" if subject else ""
