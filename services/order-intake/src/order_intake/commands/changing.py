"""Changing orders as partners' documents wish: each document goes on from what the one before it left, and each order is amended once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from shared.database import Transaction, columns
from shared.errors import DomainError, InvalidInput

from order_intake.amendment_schemas import NewAmendment
from order_intake.amendments import check_amendable
from order_intake.asked import Asked, Deeds, Place, There
from order_intake.commands.amending import Amending, amend_orders
from order_intake.commands.amendment_storage import known_items
from order_intake.commands.interchange_storage import Keys
from order_intake.commands.storage import load_orders
from order_intake.documents.changing import Change, Standing, change_of, refused_lines
from order_intake.documents.facts import PartnerOrder
from order_intake.documents.line_changes import Wanted
from order_intake.documents.order_responses import AnswerKind, LineReason, OrderAnswer
from order_intake.documents.ordering import Refusal, sku_of
from order_intake.documents.rows import day
from order_intake.errors import AmendmentWaits, NotAmendable, NothingToAmend
from order_intake.interchange_schemas import Effect
from order_intake.interchange_views import plain
from order_intake.order import Order
from order_intake.schemas import Address
from order_intake.settings import Terms
from order_intake.taken import Deed

MADE_BEFORE = "this change was made before"
ChangeKey = tuple[str, str, str, str, str]
"""Partner, type, number of the order, number of the change, purpose: the same change, whatever brings it."""
Facts = dict[UUID, PartnerOrder]
Items = frozenset[tuple[str, str]]
"""Of a customer, a sku."""

_BEFORE = """
SELECT partner, type, document_number, change_number, purpose
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    AS wanted (partner, type, document_number, change_number, purpose)
JOIN edi_messages USING (partner, type, document_number, change_number, purpose) WHERE effect = 'changed'
"""
_PROMISED = "SELECT order_id, promised_latest FROM orders WHERE order_id = ANY($1::uuid[]) AND promised_latest IS NOT NULL"


@dataclass(slots=True)
class Course:
    """An order while the documents of a body change it; `done` are those that could be followed."""

    order: Order
    first: Standing
    standing: Standing
    ship_to: Address | None = None
    done: list[tuple[Asked, Change]] = field(default_factory=list)

    def follow(self, asked: Asked, zone: ZoneInfo, unknown: Items) -> list[Refusal]:
        change = change_of(asked.ordered, asked.partner, self.standing, zone)
        refusals = [*change.refusals, *_strange(change, asked.partner.customer_id, unknown)]
        if not refusals:
            lines = change.lines if change.lines is not None else self.standing.lines
            last_line = max(self.standing.last_line, *lines)
            self.standing = Standing(change.facts, lines, last_line, change.window or self.standing.window)
            self.ship_to = change.ship_to or self.ship_to
            self.done.append((asked, change))
        return refusals

    def amendment(self) -> NewAmendment | None:
        """All of it in one; None where the order is so already. Raises ValidationError."""
        wish: dict[str, object] = {"ship_to": self.ship_to} if self.ship_to else {}
        if self.standing.lines != self.first.lines:
            wish["lines"] = [
                {"line_no": no, "sku": line.sku, "quantity": line.quantity} for no, line in sorted(self.standing.lines.items())
            ]
        if self.standing.window != self.first.window:
            wish["requested_delivery"] = dict(zip(("earliest", "latest"), self.standing.window, strict=True))
        return NewAmendment.model_validate(wish) if wish else None


async def change_orders(
    tx: Transaction, wishes: Sequence[Asked], found: Mapping[Place, There], facts: Facts, terms: Terms, keys: Keys
) -> Deeds:
    """Whoever calls has locked the orders. `facts` are the partners' words for them, and are brought up to date."""
    loaded = await load_orders(tx, {found[each.at].order_id for each in wishes})
    made, zone, at = await _made_before(tx, wishes), ZoneInfo(terms.business_zone), await tx.now()
    unknown = await _unknown_items(tx, wishes)
    courses: dict[UUID, Course] = {}
    deeds: Deeds = {}
    for wish in wishes:
        there, key = found[wish.at], change_key(wish)
        course = courses.setdefault(there.order_id, _course(loaded[there.order_id], facts.get(there.order_id), wish))
        if key in made:
            deeds[wish.at] = _made_again(wish, there, at)
        elif refusals := _judged(course, wish, zone, unknown):
            deeds[wish.at] = _refused(wish, there, at, refusals)
        elif wish.ordered.document.own_number:
            made.add(key)
    outcomes = await _amend(tx, courses, terms, keys)
    promised = {row["order_id"]: day(row["promised_latest"]) for row in await tx.fetch(_PROMISED, list(courses))}
    for order_id, course in courses.items():
        deeds |= _deeds(course, found, outcomes.get(order_id, Amending()), at, promised.get(order_id, ""))
        if course.done and not outcomes.get(order_id, Amending()).refused:
            facts[order_id] = course.standing.facts
    return deeds


def change_key(wish: Asked) -> ChangeKey:
    document = wish.ordered.document
    said = (plain(wish.ordered.facts.number, 80), plain(document.own_number, 35), plain(document.purpose, 3))
    return wish.partner.code, plain(document.type, 20), *said


async def _made_before(tx: Transaction, wishes: Sequence[Asked]) -> set[ChangeKey]:
    numbered = sorted({change_key(each) for each in wishes if each.ordered.document.own_number})
    rows = await tx.fetch(_BEFORE, *columns(numbered, 5)) if numbered else []
    return {(row["partner"], row["type"], row["document_number"], row["change_number"], row["purpose"]) for row in rows}


async def _unknown_items(tx: Transaction, wishes: Sequence[Asked]) -> Items:
    named = {(each.partner.customer_id, sku_of(line.items, each.partner)) for each in wishes for line in each.ordered.document.lines}
    known = await known_items(tx, named)
    return frozenset(named - known)


def _course(order: Order, facts: PartnerOrder | None, wish: Asked) -> Course:
    lines = {line.line_no: Wanted(line.sku, line.wanted) for line in order.lines.values() if line.wanted}
    window = order.requested_earliest, order.requested_latest
    words = facts or PartnerOrder(wish.ordered.facts.document, wish.ordered.facts.number)
    standing = Standing(words, lines, max(order.lines, default=0), window)
    return Course(order, standing, standing)


def _judged(course: Course, wish: Asked, zone: ZoneInfo, unknown: Items) -> list[Refusal]:
    try:
        check_amendable(course.order)
    except DomainError as refused:
        return [_reason(refused, course.order)]
    return course.follow(wish, zone, unknown)


def _strange(change: Change, customer_id: str, unknown: Items) -> Iterator[Refusal]:
    for line_no, line in (change.lines or {}).items():
        position = change.positions.get(line_no)
        if position and (customer_id, line.sku) in unknown:
            yield Refusal(position, LineReason.UNKNOWN_ITEM, f"line {position}: the item is not known")


def _made_again(wish: Asked, there: There, at: datetime) -> Deed:
    if wish.partner.repeats.ignored:
        return Deed(Effect.REPEATED, there.order_id, key_id=there.key_id, is_erased=there.is_erased)
    return _refused(wish, there, at, [Refusal(0, LineReason.OTHER, MADE_BEFORE)])


def _refused(wish: Asked, there: There, at: datetime, refusals: list[Refusal]) -> Deed:
    answer = _answer(wish, AnswerKind.CHANGE_REFUSED, at)
    reason = next((each.text for each in refusals if not each.line_no), "")
    answer = replace(answer, lines=refused_lines(wish.ordered, refusals), reason=reason)
    deed = Deed(Effect.REFUSED, there.order_id, tuple(refusals), answer.kind, key_id=there.key_id, is_erased=there.is_erased)
    return deed._replace(answer=answer)


def _answer(wish: Asked, kind: AnswerKind, at: datetime) -> OrderAnswer:
    document = wish.ordered.document
    return OrderAnswer(kind, wish.ordered.facts, at, change=document.own_number, replaces=document.is_whole and not document.own_number)


async def _amend(tx: Transaction, courses: Mapping[UUID, Course], terms: Terms, keys: Keys) -> dict[UUID, Amending]:
    wanted: dict[UUID, NewAmendment] = {}
    outcomes: dict[UUID, Amending] = {}
    for order_id, course in courses.items():
        try:
            if wish := course.amendment():
                wanted[order_id] = wish
        except ValidationError as wrong:
            outcomes[order_id] = Amending(refused=InvalidInput(str(wrong.errors(include_url=False, include_input=False)[0]["msg"])[:200]))
    outcomes |= await amend_orders(tx, wanted, terms, keys.read) if wanted else {}
    return {order_id: Amending() if isinstance(each.refused, NothingToAmend) else each for order_id, each in outcomes.items()}


def _deeds(course: Course, found: Mapping[Place, There], outcome: Amending, at: datetime, promised_on: str) -> Iterator[tuple[Place, Deed]]:
    for wish, change in course.done:
        there = found[wish.at]
        if outcome.refused:
            yield wish.at, _refused(wish, there, at, [_reason(outcome.refused, course.order)])
            continue
        answer = replace(_answer(wish, AnswerKind.CHANGED, at), order=change.answer, lines=change.answered, promised_on=promised_on)
        deed = Deed(Effect.CHANGED, there.order_id, kind=answer.kind, key_id=there.key_id, is_erased=there.is_erased)
        yield wish.at, deed._replace(answer=answer)


def _reason(refused: DomainError, order: Order) -> Refusal:
    """Short: a note of an 865 holds 45 characters."""
    match refused:
        case NotAmendable():
            text = f"too late: the order is {order.status}"
        case AmendmentWaits():
            text = "an earlier change is under way: send it again"
        case _:
            text = refused.faults[0].message if isinstance(refused, InvalidInput) and refused.faults else refused.detail
    return Refusal(0, LineReason.OTHER, text)
