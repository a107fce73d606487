"""What ends an order early or at last, as the order stands."""

from shared.events import By, OrderCancellationRequested, OrderClosed, OrderRejected

from order_intake.errors import CancellationTooLate, ReleasedAlready
from order_intake.fulfilment import cancel, give_up
from order_intake.lifecycle import OrderStatus, check_move
from order_intake.order import Cancellation, Order
from order_intake.reasons import CANCELLATION, REJECTION, code_of


def ask_to_cancel(order: Order, by: By, reason: str) -> None:
    """Cancel at once what no shipment carries; else ask dispatch, which knows whether anything was handed over.

    Asking again changes nothing.
    """
    if order.status is OrderStatus.CANCELLED or order.cancellation is Cancellation.REQUESTED:
        return
    if order.cancellation is Cancellation.REFUSED or order.is_partly_handed_over:
        raise CancellationTooLate(order.order_id)
    check_move(order, order.status, OrderStatus.CANCELLED)
    order.cancellation_by, order.cancellation_reason = by, reason
    if order.open_shipments:
        _ask_dispatch(order, by, reason)
    else:
        cancel(order)


def _ask_dispatch(order: Order, by: By, reason: str) -> None:
    order.cancellation = Cancellation.REQUESTED
    order.note("cancellation_requested", reason)
    order.say(OrderCancellationRequested(**order.stamp(), by=by, reason=code_of(reason, CANCELLATION)))


def reject(order: Order, reason: str) -> None:
    """We will not fulfil it; only before anything of it was released. Rejecting again changes nothing."""
    if order.status is OrderStatus.REJECTED:
        return
    if order.release_count and order.status not in (OrderStatus.CANCELLED, OrderStatus.CLOSED):
        raise ReleasedAlready(order.order_id, OrderStatus.REJECTED)
    order.become(OrderStatus.REJECTED, reason)
    give_up(order)
    order.say(OrderRejected(**order.stamp(), reason=code_of(reason, REJECTION)))


def close(order: Order) -> None:
    """Delivered long enough ago and nothing open."""
    if order.status is OrderStatus.DELIVERED and not order.open_holds:
        order.become(OrderStatus.CLOSED)
        order.say(OrderClosed(**order.stamp()))
