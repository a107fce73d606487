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
    OrderAmended,
    OrderBackordered,
    OrderCancellationRefused,
    OrderCancellationRequested,
    OrderCancelled,
    OrderClosed,
    OrderCommitChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderErased,
    OrderHeld,
    OrderHoldReleased,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    ShipmentAssigned,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShipmentPlanned,
    StockoutCustomerNotified,
)

from crm import warehouse_entries
from crm.names import SHOWN, Names
from crm.phrases import because, counted, listed, more_follow, plain, sum_of, time_of, who
from crm.warehouse_entries import item_of


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
def _(event: OrderAmended, names: Names) -> str:
    wanted = [line for line in event.lines if line.quantity]
    now = [f"now {sum_of(wanted)}"] if wanted else []
    now += ["another delivery window wished"] if event.requested else []
    now += ["another address"] if event.ship_to_changed else []
    anew = "; its stock is allocated anew" if event.reallocate else ""
    what = f": {', '.join(now)}" if now else ""
    return f"Order amended by {who(event.by)} ({plain(event.reason)}){what}{anew}{more_follow(event.more)}"


@entry.register
def _(event: OrderCommitChanged, names: Names) -> str:
    promised = event.promised
    return (
        f"Delivery promised between {time_of(promised.earliest)} and {time_of(promised.latest)} now, wished by {who(event.by)}"
        f"{because(event.reason)}"
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
    waiting = listed([f"{line.quantity} of {item_of(event, line.sku, names)}" for line in event.lines[:SHOWN]], len(event.lines))
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
def _(event: StockoutCustomerNotified, names: Names) -> str:
    return "Notice to the customer: the order waits for stock"


def _subject(case_id: UUID, names: Names) -> str:
    subject = names.subjects.get(case_id)
    return f": {subject}" if subject else ""


for _sentence in warehouse_entries.ENTRIES:
    entry.register(_sentence)
