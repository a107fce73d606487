"""What partners hear of their orders as we decide: accepted, on backorder, refused, cancelled. In the transaction that decides."""

from collections.abc import Collection

from shared.database import Transaction
from shared.events import By, OrderBackordered, OrderCancellationRefused, OrderCancelled, OrderConfirmed, OrderRejected

from order_intake.commands.outbox import post
from order_intake.documents.facts import PartnerOrder
from order_intake.documents.order_responses import AnswerKind, AnswerLine, OrderAnswer, order_responses
from order_intake.documents.rows import day
from order_intake.edi_orders import edi_orders
from order_intake.lifecycle import ENDS
from order_intake.order import Order
from order_intake.partner_rows import partners
from order_intake.partners import Document

ANSWERED = (OrderConfirmed, OrderBackordered, OrderRejected, OrderCancelled, OrderCancellationRefused)


async def answer_partners(tx: Transaction, orders: Collection[Order]) -> None:
    """Say to the partners of these orders what was decided of them just now."""
    answered = [order for order in orders if any(isinstance(event, ANSWERED) for event in order.said)]
    theirs = await edi_orders(tx, [order.order_id for order in answered]) if answered else {}
    known = await partners(tx, {each.partner for each in theirs.values()}) if theirs else {}
    for order in answered:
        their = theirs.get(order.order_id)
        answer = answer_to(order, their.facts) if their else None
        if their and answer and known[their.partner].wants(Document.ORDER_RESPONSE):
            partner = known[their.partner]
            await post(tx, partner, order_responses(partner, [answer]), Document.ORDER_RESPONSE, [order.order_id])


def answer_to(order: Order, facts: PartnerOrder) -> OrderAnswer | None:
    """The last that was decided of it; None while the lines of a backorder are still being told."""
    said = next(event for event in reversed(order.said) if isinstance(event, ANSWERED))
    lines = _lines(order, facts)
    match said:
        case OrderConfirmed():
            return OrderAnswer(AnswerKind.ACCEPTED, facts, order.now, lines, promised_on=_promised_on(order))
        case OrderBackordered(more=False):
            return OrderAnswer(AnswerKind.BACKORDERED, facts, order.now, lines, promised_on=_promised_on(order))
        case OrderRejected():
            return OrderAnswer(AnswerKind.REFUSED, facts, order.now, lines, said.reason)
        case OrderCancelled(by=By.US):
            return OrderAnswer(AnswerKind.REFUSED, facts, order.now, lines, f"cancelled: {said.reason}")
        case OrderCancelled():
            return OrderAnswer(AnswerKind.CANCELLED, facts, order.now)
        case OrderCancellationRefused():
            return OrderAnswer(AnswerKind.CHANGE_REFUSED, facts, order.now, reason=said.reason)
    return None


def _lines(order: Order, facts: PartnerOrder) -> tuple[AnswerLine, ...]:
    """Without those that an amendment has cancelled: the partner has no words for them any more."""
    named = {line.line_no for line in facts.lines} if order.status in ENDS else set()
    lines = [line for line in order.lines.values() if line.wanted or line.line_no in named]
    return tuple(AnswerLine(line.line_no, line.ordered, line.ordered - line.backordered) for line in lines)


def _promised_on(order: Order) -> str:
    return day(order.promised_latest) if order.promised_latest else ""
