"""Placing orders, one or five hundred: one statement reads, one writes and says."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from shared.batches import Done, Outcome
from shared.bodies import business_time
from shared.database import Transaction
from shared.errors import DomainError, Fault
from shared.events import OrderHeld, OrderLine, OrderReceived, Promise, ServiceLevel, Window
from shared.ids import new_id, new_id_at
from shared.outbox import publish
from shared.sealing import SubjectKey

from order_intake.commands.drafts import HELD_AT_ONCE, Draft, First, Known, Placed, gather_drafts, load_known
from order_intake.consignee import plain_text, sealed
from order_intake.errors import OrderInvalid, ReferenceTaken, TooManyOpenOrders
from order_intake.fulfilment import confirm
from order_intake.lifecycle import OrderStatus
from order_intake.open_orders import open_orders
from order_intake.order import Order, order_line
from order_intake.parts import in_parts
from order_intake.promise import promised
from order_intake.schemas import NewOrder, Reference
from order_intake.settings import Terms

Take = Callable[[int], Awaitable[Sequence[SubjectKey]]]
"""Where new keys come from, one for each order."""


async def place_orders(tx: Transaction, news: Sequence[NewOrder], terms: Terms, take: Take) -> list[Outcome[Placed]]:
    """Take each order that is sound and new; the same body again is answered as at first, another body of the same reference refused."""
    return await place_known(tx, news, await load_known(tx, news), terms, take)


async def place_known(tx: Transaction, news: Sequence[NewOrder], known: Known, terms: Terms, take: Take) -> list[Outcome[Placed]]:
    """The same where it is known already what is there."""
    under_way = open_orders(terms.open_orders_per_customer)
    await under_way.look(tx, known.customers)
    faults: dict[int, DomainError] = {}
    drafts: dict[Reference, Draft] = {}
    for index, new in enumerate(news):
        if new.reference not in known.placed and new.reference not in drafts:
            try:
                drafts[new.reference] = _draft(index, new, known, terms)
            except DomainError as fault:
                faults[index] = fault
    keys = dict(zip(drafts, await take(len(drafts)), strict=True))
    _seal_all([(draft, keys[reference]) for reference, draft in drafts.items()])
    gather_drafts(tx, drafts.values())
    await publish(tx, *[event for draft in drafts.values() for event in draft.order.said])
    placed = known.placed | {reference: draft.first for reference, draft in drafts.items()}
    created = {draft.place: keys[reference] for reference, draft in drafts.items()}
    return [faults.get(index) or _outcome(new, placed, created.get(index)) for index, new in enumerate(news)]


def _outcome(new: NewOrder, placed: Mapping[Reference, First], key: SubjectKey | None) -> Outcome[Placed]:
    first = placed[new.reference]
    if key is None and first.fingerprint != fingerprint(new):
        return ReferenceTaken(*new.reference, first.order_id)
    return Done(Placed(new, first, key), key is not None)


def _seal_all(sealing: Sequence[tuple[Draft, SubjectKey]]) -> None:
    """Each under its own key; an address that many of them share is written out once."""
    plain = {id(draft.new.ship_to): "" for draft, _ in sealing}
    for draft, key in sealing:
        address = draft.new.ship_to
        text = plain[id(address)] = plain[id(address)] or plain_text(address)
        draft.order.ship_to_key_id = key.key_id
        draft.order.ship_to = sealed(text, key, draft.order.customer_id)


def fingerprint(new: NewOrder) -> bytes:
    """Of what was ordered, after parsing and defaults; when it was submitted does not matter."""
    return hashlib.sha256(new.__pydantic_serializer__.to_json(new, exclude={"submitted_at"})).digest()


def _draft(index: int, new: NewOrder, known: Known, terms: Terms) -> Draft:
    if faults := _faults(new, known):
        raise OrderInvalid(faults)
    if not open_orders(terms.open_orders_per_customer).take(new.customer_id):
        raise TooManyOpenOrders(new.customer_id, terms.open_orders_per_customer)
    submitted_at = business_time(new.submitted_at, known.now, pointer="/submitted_at")
    order = _order(new, known.now)
    order.note(OrderStatus.RECEIVED)
    lines = [order_line(line.line_no, line.sku, line.quantity) for line in new.lines]
    requested = new.requested_delivery.window()
    _receive(order, new, submitted_at, requested, lines)
    if new.customer_id in known.blocked:
        order.open_holds = 1
        order.note("held", HELD_AT_ONCE)
        hold_id = new_id()
        order.say(OrderHeld(**order.stamp(), hold_id=hold_id, reason=HELD_AT_ONCE))
        return Draft(index, new, order, submitted_at, First(order.order_id, fingerprint(new), order.now, None, None, hold_id))
    confirm(order, _promise(new.service_level, requested, known, terms), lines)
    first = First(order.order_id, fingerprint(new), order.now, order.promised_earliest, order.promised_latest, None)
    return Draft(index, new, order, submitted_at, first)


def _promise(service_level: ServiceLevel, requested: Window, known: Known, terms: Terms) -> Promise:
    wish = service_level, requested.earliest, requested.latest
    if wish not in known.promises:
        known.promises[wish] = promised(known.now, terms.promised_within(service_level), requested)
    return known.promises[wish]


def _faults(new: NewOrder, known: Known) -> list[Fault]:
    if new.customer_id not in known.customers:
        return [Fault("/customer_id", "is not a registered customer")]
    strange = [number for number, line in enumerate(new.lines) if (new.customer_id, line.sku) in known.strange] if known.strange else []
    return [Fault(f"/lines/{number}/sku", "is not a registered item of this customer") for number in strange]


def _order(new: NewOrder, now: datetime) -> Order:
    return Order(
        order_id=new_id_at(now),
        customer_id=new.customer_id,
        now=now,
        status=OrderStatus.RECEIVED,
        service_level=new.service_level,
        allow_partial=new.allow_partial,
        requested_earliest=new.requested_delivery.earliest,
        requested_latest=new.requested_delivery.latest,
        consignee_code=new.ship_to.code,
        ship_to_key_id=None,
        ship_to=None,
    )


def _receive(order: Order, new: NewOrder, submitted_at: datetime, requested: Window, ordered: Sequence[OrderLine]) -> None:
    for lines, more in in_parts(ordered):
        order.say(
            OrderReceived(
                **order.stamp(),
                customer_reference=new.customer_reference,
                consignee_code=order.consignee_code,
                service_level=new.service_level,
                allow_partial=order.allow_partial,
                submitted_at=submitted_at,
                requested=requested,
                lines=lines,
                more=more,
            )
        )
