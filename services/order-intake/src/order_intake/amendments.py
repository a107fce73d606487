"""An order is changed before anything of it is released: what may be changed, and what follows from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.errors import Fault
from shared.events import By, OrderAmended, OrderCommitChanged, Promise, ServiceLevel, Window

from order_intake.errors import AmendmentInvalid, AmendmentWaits, NotAmendable, NothingToAmend
from order_intake.fulfilment import release
from order_intake.lifecycle import BEFORE_RELEASE, OrderStatus
from order_intake.order import MOST_LINES, Order
from order_intake.parts import in_parts
from order_intake.promise import promised
from order_intake.quantities import Line
from order_intake.reasons import AMENDMENT, code_of
from order_intake.settings import Terms


class WishedLine(NamedTuple):
    line_no: int
    sku: str
    quantity: int


class Consignee(NamedTuple):
    """Where the goods shall go now, sealed as the order's own."""

    code: str | None
    ship_to: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be different; None stays as it is. `lines` are all that are wanted: who is not among them is cancelled."""

    amendment_no: int
    by: By
    reason: str
    lines: Sequence[WishedLine] | None = None
    requested: Window | None = None
    consignee: Consignee | None = None


class ChangedLine(NamedTuple):
    """0 units: there was no such line, or there is none any more."""

    line_no: int
    sku: str
    former_quantity: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Amended:
    """What became different. `promised` and `former_promised` where we promise another window now."""

    lines: tuple[ChangedLine, ...] = ()
    requested: Window | None = None
    promised: Promise | None = None
    former_promised: Promise | None = None
    former_consignee: Consignee | None = None


def check_amendable(order: Order) -> None:
    """Raises NotAmendable or AmendmentWaits."""
    if order.status not in BEFORE_RELEASE or order.release_count:
        raise NotAmendable(order.order_id, order.status)
    if order.open_amendment:
        raise AmendmentWaits(order.order_id, order.open_amendment)


def amend(order: Order, wish: Wish, terms: Terms) -> Amended:
    """Raises what `check_amendable` does, AmendmentInvalid and NothingToAmend; then nothing was changed."""
    check_amendable(order)
    lines = tuple(_changes(order, wish.lines)) if wish.lines is not None else ()
    requested = wish.requested if wish.requested != Window(earliest=order.requested_earliest, latest=order.requested_latest) else None
    if not (lines or requested or wish.consignee):
        raise NothingToAmend(order.order_id)
    order.note("amended", wish.reason)
    former = _send_to(order, wish.consignee) if wish.consignee else None
    if lines:
        _want(order, lines, wish.amendment_no)
    _say(order, wish, requested, lines_changed=bool(lines))
    moved = _move(order, wish, requested, terms) if requested else None
    if order.open_amendment:
        order.settle()
    release(order, terms)
    return Amended(lines, requested, order.promise if moved else None, moved, former)


def _changes(order: Order, wished: Sequence[WishedLine]) -> Iterator[ChangedLine]:
    _check_lines(order, wished)
    wanted = {line.line_no for line in wished}
    for line in wished:
        known = order.lines.get(line.line_no)
        former = known.wanted if known else 0
        if former != line.quantity:
            yield ChangedLine(line.line_no, line.sku, former, line.quantity)
    for known in order.lines.values():
        if known.wanted and known.line_no not in wanted:
            yield ChangedLine(known.line_no, known.sku, known.wanted, 0)


def _check_lines(order: Order, wished: Sequence[WishedLine]) -> None:
    faults = [
        Fault(f"/lines/{index}/sku", f"is {order.lines[line.line_no].sku} in this order; leave line {line.line_no} out and add another")
        for index, line in enumerate(wished)
        if line.line_no in order.lines and order.lines[line.line_no].sku != line.sku
    ]
    if len(order.lines.keys() | {line.line_no for line in wished}) > MOST_LINES:
        faults.append(Fault("/lines", f"would make more than {MOST_LINES} lines, those included that were cancelled"))
    if faults:
        raise AmendmentInvalid(faults)


def _send_to(order: Order, consignee: Consignee) -> Consignee:
    assert order.ship_to  # only what has ended is erased
    former = Consignee(order.consignee_code, order.ship_to)
    order.consignee_code, order.ship_to = consignee
    return former


def _want(order: Order, changes: Sequence[ChangedLine], amendment_no: int) -> None:
    """Where inventory knows the order, all of its lines wait for the answer: whatever is heard until then was said of others."""
    for change in changes:
        line = order.lines.setdefault(change.line_no, Line(change.line_no, change.sku, change.quantity, change.quantity))
        if change.quantity:
            line.want(change.quantity)
        else:
            line.cancel()
    if order.status is not OrderStatus.RECEIVED:
        order.open_amendment = amendment_no
        order.reservations.clear()
        for line in order.lines.values():
            if line.wanted:
                line.want(line.wanted)


def _say(order: Order, wish: Wish, requested: Window | None, *, lines_changed: bool) -> None:
    parts = list(in_parts(order.all_lines())) if lines_changed else [((), False)]
    for lines, more in parts:
        order.say(
            OrderAmended(
                **order.stamp(),
                amendment_no=wish.amendment_no,
                by=wish.by,
                reason=code_of(wish.reason, AMENDMENT),
                lines=lines,
                reallocate=order.open_amendment is not None,
                requested=requested,
                ship_to_changed=wish.consignee is not None,
                consignee_code=order.consignee_code,
                more=more,
            )
        )


def _move(order: Order, wish: Wish, requested: Window, terms: Terms) -> Promise | None:
    """The promise before, where there is another one now: made as if the order had been placed now."""
    order.requested_earliest, order.requested_latest = requested.earliest, requested.latest
    if order.status is OrderStatus.RECEIVED:
        return None
    former, promise = order.promise, promised(order.now, terms.promised_within(ServiceLevel(order.service_level)), requested)
    if promise == former:
        return None
    order.promised_earliest, order.promised_latest = promise.earliest, promise.latest
    order.say(OrderCommitChanged(**order.stamp(), by=wish.by, reason=code_of(wish.reason, AMENDMENT), promised=promise, former=former))
    return former
