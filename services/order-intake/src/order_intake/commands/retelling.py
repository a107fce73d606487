"""What partners hear of their orders when somebody else has amended them: by HTTP, a person or the customer itself."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from shared.database import Transaction

from order_intake.commands.outbox import post
from order_intake.commands.storage import load_orders
from order_intake.documents.facts import Item, PartnerLine, PartnerOrder, Place
from order_intake.documents.incoming import LineWish
from order_intake.documents.order_responses import AnswerKind, AnswerLine, OrderAnswer, order_responses
from order_intake.documents.rows import day
from order_intake.edi import X12
from order_intake.edi_orders import edi_orders, reword
from order_intake.order import Order
from order_intake.partner_rows import partners
from order_intake.partners import Document, Partner


async def tell_amended(tx: Transaction, order_id: UUID) -> None:
    """With the next documents in mind: a line that the partner did not write gets its words, one that is gone loses them."""
    their = (await edi_orders(tx, [order_id])).get(order_id)
    if their is None:
        return
    order = (await load_orders(tx, [order_id]))[order_id]
    partner = (await partners(tx, [their.partner]))[their.partner]
    words = tuple(_words(order, their.facts, partner))
    facts = replace(their.facts, lines=words, places=_places(order, their.facts))
    await reword(tx, {order_id: facts})
    if partner.wants(Document.ORDER_RESPONSE):
        gone = [line for line in their.facts.lines if not order.lines[line.line_no].wanted]
        answered = [AnswerLine(line.line_no, 0, 0, change=LineWish.DELETE) for line in gone]
        answered += [
            AnswerLine(line.line_no, line.wanted, line.wanted, change=LineWish.SET) for line in order.lines.values() if line.wanted
        ]
        promised_on = day(order.promised_latest) if order.promised_latest else ""
        named = replace(facts, lines=tuple(sorted((*gone, *words), key=lambda line: line.line_no)))
        answer = OrderAnswer(AnswerKind.CHANGED, named, order.now, tuple(answered), promised_on=promised_on)
        await post(tx, partner, order_responses(partner, [answer]), Document.ORDER_RESPONSE, [order_id])


def _words(order: Order, facts: PartnerOrder, partner: Partner) -> Iterator[PartnerLine]:
    known = {line.line_no: line for line in facts.lines}
    for line in order.lines.values():
        if line.wanted:
            codes = tuple(Item(*code) for code in partner.codes.get(line.sku, ()))
            own = Item("VN" if partner.syntax is X12 else "SA", line.sku)
            yield known.get(line.line_no) or PartnerLine(line.line_no, items=codes or (own,))


def _places(order: Order, facts: PartnerOrder) -> tuple[Place, ...]:
    """The ship-to by its code of now."""
    known = facts.place("ST", "DP")
    if known and known.code == order.consignee_code:
        return facts.places
    role = known.role if known else "ST" if facts.document.isdigit() else "DP"
    moved = (Place(role, known.qualifier if known else "92", order.consignee_code),) if order.consignee_code else ()
    return (*(place for place in facts.places if place.role not in ("ST", "DP")), *moved)
