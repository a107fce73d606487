"""An order that waits for stock has one open case, until the stock came or nobody wants it any more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.events import (
    CaseKind,
    CaseOpened,
    CaseResolved,
    Event,
    OrderCancelled,
    OrderRejected,
    ShortLine,
    StockoutCustomerNotified,
    StockReallocated,
    StockReserved,
    StockShort,
)
from uuid_utils.compat import uuid7

from crm.lifecycle import Case, resolve

CaseEvent = CaseOpened | CaseResolved | StockoutCustomerNotified

ENDINGS = {
    OrderCancelled.type: ("cancelled", "The order was cancelled and waits no longer."),
    OrderRejected.type: ("rejected", "The order was rejected and waits no longer."),
    StockReallocated.type: ("amended", "The order was amended; nothing of it waits for stock any more."),
    StockReserved.type: ("restocked", "The stock has come; the order goes on by itself."),
}
"""Cause and remedy of the case when this event ends the waiting."""


@dataclass(frozen=True, slots=True)
class Stockout:
    """What we know of an order: its open stockout case, and whether the order was cancelled or rejected."""

    open_case: Case | None = None
    is_over: bool = False


@dataclass(slots=True)
class Decision:
    """Cases as they shall be stored, the new ones by their ids; orders that are over; what is to be said."""

    opened: dict[UUID, Case] = field(default_factory=dict)
    resolved: list[Case] = field(default_factory=list)
    over: set[UUID] = field(default_factory=set)
    said: list[CaseEvent] = field(default_factory=list)


def decide(events: Sequence[Event], known: Mapping[UUID, Stockout], now: datetime) -> Decision:
    """Walks the events in the order of the log; topics may be heard in any order, so a shortage after the order's end opens nothing."""
    decision = Decision(over={order_id for order_id, stockout in known.items() if stockout.is_over})
    waiting = {order_id: stockout.open_case for order_id, stockout in known.items() if stockout.open_case}
    for event in events:
        match event:
            case StockShort(order_id=order_id, lines=short) | StockReallocated(order_id=order_id, short=short) if short:
                if order_id not in waiting and order_id not in decision.over:
                    waiting[order_id] = _open(decision, event, short, now)
            case OrderCancelled(order_id=order_id) | OrderRejected(order_id=order_id):
                decision.over.add(order_id)
                _resolve(decision, waiting.pop(order_id, None), event, now)
            case StockReserved(order_id=order_id, complete=True) | StockReallocated(order_id=order_id, complete=True):
                _resolve(decision, waiting.pop(order_id, None), event, now)
    return decision


def _open(decision: Decision, event: StockShort | StockReallocated, short: Sequence[ShortLine], now: datetime) -> Case:
    """Open the case and tell the customer in the same breath."""
    lines = "1 line waits" if len(short) == 1 else f"{len(short)} lines wait"
    case = Case(uuid7(), event.customer_id, CaseKind.STOCKOUT, f"{lines} for stock", now, now, order_id=event.order_id, event_version=2)
    told = StockoutCustomerNotified(
        customer_id=case.customer_id, version=2, occurred_at=now, case_id=case.case_id, order_id=event.order_id, notified_at=now
    )
    decision.opened[case.case_id] = case
    decision.said += [case.opened, told]
    return case


def _resolve(decision: Decision, case: Case | None, ending: Event, now: datetime) -> None:
    if case is None:
        return
    done, said = resolve(case, *ENDINGS[ending.type], now)
    if case.case_id in decision.opened:
        decision.opened[case.case_id] = done
    else:
        decision.resolved.append(done)
    decision.said.append(said)
