"""What partners wish of orders that are placed, in the order in which they say it: changes before a release, and cancellations."""

from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from shared.database import Transaction, columns
from shared.locks import lock

from order_intake.asked import Asked, Deeds, Place, There
from order_intake.commands.changing import change_orders
from order_intake.commands.interchange_storage import Keys
from order_intake.commands.orders import Cancelling, cancel_orders
from order_intake.commands.storage import order_locks
from order_intake.documents.incoming import Action
from order_intake.documents.order_responses import AnswerKind, LineReason
from order_intake.documents.ordering import Refusal
from order_intake.edi_orders import edi_orders, reword
from order_intake.interchange_schemas import Effect
from order_intake.order import Cancellation
from order_intake.schemas import NewCancellation
from order_intake.settings import Terms
from order_intake.taken import Deed

WISH = NewCancellation(reason="customer_request")
NOT_THERE = "there is no order with this number"
_ORDERS = """
SELECT customer_id, customer_reference, order_id, ship_to_key_id, erased_at IS NOT NULL AS is_erased
FROM unnest($1::text[], $2::text[]) AS wanted (customer_id, customer_reference) JOIN orders USING (customer_reference, customer_id)
"""


async def do_wishes(
    tx: Transaction, wishes: Sequence[Asked], placed: Mapping[Place, Asked], deeds: Deeds, terms: Terms, keys: Keys
) -> Deeds:
    """`placed` are the orders of this body with what became of them in `deeds`; all that was done of both comes back."""
    new = {deed.order_id: at for at, deed in deeds.items() if deed.key and deed.order_id}
    found = {at: there for at, there in (await _found(tx, wishes)).items() if new.get(there.order_id, at) <= at}
    nowhere = Deed.refused([Refusal(0, LineReason.OTHER, NOT_THERE)], AnswerKind.NO_ORDER)
    done = {each.at: nowhere for each in wishes if each.at not in found}
    wanted = {there.order_id for there in found.values()}
    await lock(tx, order_locks(wanted))
    known = {order_id: each.facts for order_id, each in (await edi_orders(tx, wanted)).items()}
    before = known | {order_id: placed[at].ordered.facts for order_id, at in new.items()}
    facts = dict(before)
    for stage in filter(None, _stages([each for each in wishes if each.at in found], found)):
        if stage[0].ordered.document.action is Action.CANCEL:
            done |= await _cancel(tx, stage, found)
        else:
            done |= await change_orders(tx, stage, found, facts, terms, keys)
    reworded = {order_id: words for order_id, words in facts.items() if words is not before.get(order_id)}
    await reword(tx, {order_id: words for order_id, words in reworded.items() if order_id in known})
    named = {new[order_id]: deeds[new[order_id]]._replace(facts=words) for order_id, words in reworded.items() if order_id in new}
    return deeds | named | done


async def _found(tx: Transaction, wishes: Sequence[Asked]) -> dict[Place, There]:
    rows = await tx.fetch(_ORDERS, *columns(sorted({each.reference for each in wishes}), 2))
    by_reference = {(row["customer_id"], row["customer_reference"]): There(*tuple(row)[2:]) for row in rows}
    return {each.at: by_reference[each.reference] for each in wishes if each.reference in by_reference}


def _stages(wishes: Sequence[Asked], found: Mapping[Place, There]) -> list[list[Asked]]:
    """Changes before the first cancellation of their order, cancellations, changes after it, which come too late."""
    stages: list[list[Asked]] = [[], [], []]
    cancelled: set[UUID] = set()
    for each in sorted(wishes, key=lambda each: each.at):
        is_cancelling = each.ordered.document.action is Action.CANCEL
        stages[1 if is_cancelling else 2 if found[each.at].order_id in cancelled else 0].append(each)
        if is_cancelling:
            cancelled.add(found[each.at].order_id)
    return stages


async def _cancel(tx: Transaction, wishes: Sequence[Asked], found: Mapping[Place, There]) -> Deeds:
    outcomes = await cancel_orders(tx, {found[each.at].order_id for each in wishes}, WISH)
    told = await edi_orders(tx, [order_id for order_id, outcome in outcomes.items() if outcome.is_new])
    return {each.at: _cancelled(found[each.at], outcomes, told) for each in wishes}


def _cancelled(there: There, outcomes: Mapping[UUID, Cancelling], told: Container[UUID]) -> Deed:
    """A cancellation of an order that came by EDI is answered where it is decided."""
    effect, kind, text = _outcome(outcomes[there.order_id])
    refusals = (Refusal(0, LineReason.OTHER, text),) if text else ()
    answered = None if there.order_id in told else kind
    return Deed(effect, there.order_id, refusals, answered, key_id=there.key_id, is_erased=there.is_erased)


def _outcome(outcome: Cancelling) -> tuple[Effect, AnswerKind | None, str]:
    if outcome.refused:
        return Effect.REFUSED, AnswerKind.CHANGE_REFUSED, outcome.refused.detail
    if outcome.cancellation is Cancellation.REQUESTED:
        return Effect.CANCELLATION_REQUESTED, None, ""
    return Effect.CANCELLED, AnswerKind.CANCELLED, ""
