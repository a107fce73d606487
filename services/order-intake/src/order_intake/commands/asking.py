"""Doing what partners' documents ask for, by the commands that HTTP has; what cannot be done is a refusal with its reason."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from shared.batches import Outcome
from shared.database import Transaction, columns
from shared.errors import DomainError

from order_intake.commands.drafts import Placed, load_known
from order_intake.commands.orders import Cancelling, cancel_orders
from order_intake.commands.placing import Take, place_known
from order_intake.documents.incoming import Action
from order_intake.documents.order_responses import AnswerKind, LineReason
from order_intake.documents.ordering import Ordered, Refusal
from order_intake.documents.rows import day
from order_intake.edi_orders import edi_orders
from order_intake.errors import OrderInvalid
from order_intake.interchange_schemas import Effect
from order_intake.order import Cancellation
from order_intake.partners import Partner
from order_intake.schemas import NewCancellation, NewOrder
from order_intake.settings import Terms
from order_intake.taken import Deed

AT_ONCE_ORDERS, AT_ONCE_LINES = 250, 5000
"""So many are placed without letting others do their work in between."""
WISH = NewCancellation(reason="customer_request")
TAKEN = "an order with this number was placed before"
NOT_THERE = "there is no order with this number"
NO_CHANGES = "cannot be changed: cancel it, send a new one"
UNCHANGED = (Effect.REFUSED, AnswerKind.CHANGE_REFUSED, NO_CHANGES)
_ORDERS = """
SELECT customer_id, customer_reference, order_id, ship_to_key_id, erased_at IS NOT NULL AS is_erased
FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, customer_reference) JOIN orders USING (customer_reference, customer_id)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one message asks for; `at` says which interchange of the body and which message of it."""

    at: tuple[int, int]
    partner: Partner
    ordered: Ordered

    @property
    def reference(self) -> tuple[str, str]:
        return self.partner.customer_id, self.ordered.facts.number


Deeds = dict[tuple[int, int], Deed]


class There(NamedTuple):
    """An order that a document speaks of."""

    order_id: UUID
    key_id: str | None
    is_erased: bool


async def do_asked(tx: Transaction, asked: Sequence[Asked], terms: Terms, take: Take) -> Deeds:
    """In the order in which the actions of a body come: first all orders, then what is wished of orders."""
    new = [each for each in asked if each.ordered.document.action is Action.PLACE]
    deeds = await _place(tx, new, terms, take)
    wishes = [each for each in asked if each.ordered.document.action is not Action.PLACE]
    if wishes and any(deed.key for deed in deeds.values()):
        await tx.flush()
    return deeds | (await _change(tx, wishes) if wishes else {})


async def _place(tx: Transaction, asked: Sequence[Asked], terms: Terms, take: Take) -> Deeds:
    """Where there are many orders, the former are written while the next are decided."""
    deeds: Deeds = {each.at: _refused(each.ordered.refusals) for each in asked if each.ordered.new is None}
    parts = list(_parts([each for each in asked if each.ordered.new]))
    known = await load_known(tx, _news(asked)) if parts else None
    for part in parts:
        assert known
        outcomes = await place_known(tx, _news(part), known, terms, take)
        deeds |= {each.at: _placed(each, outcome) for each, outcome in zip(part, outcomes, strict=True)}
        if len(parts) > 1:
            await tx.write_behind()
    return deeds


def _news(asked: Sequence[Asked]) -> list[NewOrder]:
    return [each.ordered.new for each in asked if each.ordered.new]


def _parts(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    """In order; the same number twice comes into one part, where the second one is seen."""
    part: list[Asked] = []
    lines = 0
    for each in sorted(asked, key=lambda each: each.reference):
        fresh = not part or part[-1].reference != each.reference
        if fresh and (len(part) >= AT_ONCE_ORDERS or lines >= AT_ONCE_LINES):
            yield part
            part, lines = [], 0
        part.append(each)
        lines += len(each.ordered.document.lines)
    if part:
        yield part


def _placed(asked: Asked, outcome: Outcome[Placed]) -> Deed:
    if isinstance(outcome, DomainError):
        return _refused(_reasons(outcome))
    first = outcome.value.first
    if outcome.value.key:
        promised_on = day(first.promised_latest) if first.promised_latest else ""
        kind = AnswerKind.ACCEPTED if promised_on else None
        return Deed(Effect.PLACED, first.order_id, kind=kind, key=outcome.value.key, promised_on=promised_on)
    repeated = Deed(Effect.REPEATED, first.order_id, key_id=first.ship_to_key_id, is_erased=first.erased_at is not None)
    return repeated if asked.partner.repeats.ignored else _taken(repeated)


def _taken(deed: Deed) -> Deed:
    refusals = (Refusal(0, LineReason.OTHER, TAKEN),)
    return Deed(Effect.REFUSED, None, refusals, AnswerKind.REFUSED, key_id=deed.key_id, is_erased=deed.is_erased)


def _refused(refusals: Sequence[Refusal], kind: AnswerKind = AnswerKind.REFUSED) -> Deed:
    return Deed(Effect.REFUSED, None, tuple(refusals), kind)


def _reasons(refused: DomainError) -> list[Refusal]:
    if not isinstance(refused, OrderInvalid):
        return [Refusal(0, LineReason.OTHER, refused.detail)]
    found = []
    for fault in refused.faults:
        _, place, number, *_ = [*fault.pointer.split("/"), "", ""]
        line_no = int(number) + 1 if place == "lines" else 0
        reason = LineReason.UNKNOWN_ITEM if line_no else LineReason.OTHER
        found.append(Refusal(line_no, reason, f"line {line_no}: the item is not known" if line_no else fault.message))
    return found


async def _change(tx: Transaction, wishes: Sequence[Asked]) -> Deeds:
    rows = await tx.fetch(_ORDERS, *columns(sorted({each.reference for each in wishes}), 2))
    found = {(row["customer_id"], row["customer_reference"]): There(*tuple(row)[2:]) for row in rows}
    cancelled = {found[each.reference].order_id for each in wishes if each.reference in found and _cancels(each)}
    outcomes = await cancel_orders(tx, cancelled, WISH) if cancelled else {}
    told = await edi_orders(tx, [order_id for order_id, outcome in outcomes.items() if outcome.is_new])
    return {each.at: _changed(each, found.get(each.reference), outcomes, told) for each in wishes}


def _cancels(asked: Asked) -> bool:
    return asked.ordered.document.action is Action.CANCEL


def _changed(asked: Asked, there: There | None, outcomes: Mapping[UUID, Cancelling], told: Container[UUID]) -> Deed:
    """A cancellation of an order that came by EDI is answered where it is decided."""
    if there is None:
        return _refused([Refusal(0, LineReason.OTHER, NOT_THERE)], AnswerKind.NO_ORDER)
    effect, kind, text = _outcome(outcomes[there.order_id]) if _cancels(asked) else UNCHANGED
    refusals = (Refusal(0, LineReason.OTHER, text),) if text else ()
    answered = None if there.order_id in told else kind
    return Deed(effect, there.order_id, refusals, answered, key_id=there.key_id, is_erased=there.is_erased)


def _outcome(outcome: Cancelling) -> tuple[Effect, AnswerKind | None, str]:
    if outcome.refused:
        return Effect.REFUSED, AnswerKind.CHANGE_REFUSED, outcome.refused.detail
    if outcome.cancellation is Cancellation.REQUESTED:
        return Effect.CANCELLATION_REQUESTED, None, ""
    return Effect.CANCELLED, AnswerKind.CANCELLED, ""


def by_partner(asked: Sequence[Asked]) -> Iterator[tuple[Partner, list[Asked]]]:
    for _, each in groupby(sorted(asked, key=lambda one: (one.partner.code, one.at)), lambda one: one.partner.code):
        group = list(each)
        yield group[0].partner, group
