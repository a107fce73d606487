"""Doing what partners' documents ask for, by the commands that HTTP has; what cannot be done is a refusal with its reason."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter

from shared.batches import Outcome
from shared.database import Transaction
from shared.errors import DomainError

from order_intake.asked import LINES_AT_ONCE, Asked, Deeds
from order_intake.commands.drafts import Placed, load_known
from order_intake.commands.interchange_storage import Keys
from order_intake.commands.placing import Take, place_known
from order_intake.commands.wishing import do_wishes
from order_intake.documents.incoming import Action
from order_intake.documents.order_responses import AnswerKind, LineReason
from order_intake.documents.ordering import Refusal
from order_intake.documents.rows import day
from order_intake.errors import OrderInvalid
from order_intake.interchange_schemas import Effect
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from order_intake.taken import Deed

ORDERS_AT_ONCE = 250
"""So many, and no more lines than anywhere, are placed without letting others do their work in between."""
TAKEN = "an order with this number was placed before"


async def do_asked(tx: Transaction, asked: Sequence[Asked], terms: Terms, keys: Keys) -> Deeds:
    """First all orders, then what is wished of orders that are there by then."""
    new = [each for each in asked if each.ordered.document.action is Action.PLACE]
    deeds = await _place(tx, new, terms, keys.take)
    wishes = [each for each in asked if each.ordered.document.action is not Action.PLACE]
    if wishes and any(deed.key for deed in deeds.values()):
        await tx.flush()
    return await do_wishes(tx, wishes, {each.at: each for each in new}, deeds, terms, keys) if wishes else deeds


async def _place(tx: Transaction, asked: Sequence[Asked], terms: Terms, take: Take) -> Deeds:
    """Where there are many orders, the former are written while the next are decided."""
    deeds: Deeds = {each.at: Deed.refused(each.ordered.refusals) for each in asked if each.ordered.new is None}
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
    lines, last = 0, ("", "")
    for reference, each in sorted([(each.reference, each) for each in asked], key=itemgetter(0)):
        if reference != last and (len(part) >= ORDERS_AT_ONCE or lines >= LINES_AT_ONCE):
            yield part
            part, lines = [], 0
        part.append(each)
        lines, last = lines + each.size, reference
    if part:
        yield part


def _placed(asked: Asked, outcome: Outcome[Placed]) -> Deed:
    if isinstance(outcome, DomainError):
        return Deed.refused(_reasons(outcome))
    first = outcome.value.first
    if outcome.value.key:
        promised_on = _day(first.promised_latest) if first.promised_latest else ""
        kind = AnswerKind.ACCEPTED if promised_on else None
        return Deed(Effect.PLACED, first.order_id, kind=kind, key=outcome.value.key, promised_on=promised_on)
    repeated = Deed(Effect.REPEATED, first.order_id, key_id=first.ship_to_key_id, is_erased=first.erased_at is not None)
    return repeated if asked.partner.repeats.ignored else _taken(repeated)


_day = lru_cache(256)(day)
"""The orders of a batch are promised for a few instants."""


def _taken(deed: Deed) -> Deed:
    return Deed.refused([Refusal(0, LineReason.OTHER, TAKEN)])._replace(key_id=deed.key_id, is_erased=deed.is_erased)


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
