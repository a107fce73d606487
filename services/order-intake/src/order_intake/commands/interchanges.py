"""Taking interchanges: each is new, a repetition, or refused; what it asks for is done, answered and stored in one transaction."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.database import Transaction
from shared.sealing import SubjectKey

from order_intake.asked import Asked, Deeds, by_partner, portions
from order_intake.commands.acknowledgements import match_acknowledgements
from order_intake.commands.acknowledging import acknowledge
from order_intake.commands.asking import do_asked
from order_intake.commands.interchange_storage import Keys, record, store, store_messages, subjects
from order_intake.commands.outbox import post
from order_intake.commands.sorting import sort_out
from order_intake.documents.order_responses import AnswerKind, AnswerLine, OrderAnswer, order_responses
from order_intake.documents.reading import ANSWERS
from order_intake.edi import Answer, answers
from order_intake.interchange_schemas import Effect
from order_intake.interchange_views import plain
from order_intake.partners import Document
from order_intake.receiving import Arrival, accepted_places
from order_intake.settings import Terms
from order_intake.taken import Deed, Taken


async def take_interchanges(tx: Transaction, arrivals: Sequence[Arrival], terms: Terms, keys: Keys) -> list[Taken]:
    """All that a body holds. Whatever was here before, with the same bytes, is answered as it was then, and nothing is done."""
    taken = await sort_out(tx, arrivals)
    deeds = await do_asked(tx, list(_asked(taken)), terms, keys)
    for index, each in enumerate(taken):
        each.deeds = {place: deed for (at, place), deed in deeds.items() if at == index} | dict(_others(each))
    await _answer(tx, taken, deeds)
    stored = [each for each in taken if each.is_stored]
    await store_messages(tx, stored)
    at = await tx.now()
    records = [record(each, at, whose) for each, whose in zip(stored, await subjects(stored, keys), strict=True)]
    await acknowledge(tx, [each for each in taken if each.is_new])
    await store(tx, stored, records)
    return taken


async def try_interchanges(tx: Transaction, arrivals: Sequence[Arrival], terms: Terms, keys: Keys) -> list[Taken]:
    """What would become of them; whatever it takes to find out is taken back."""
    found: list[Taken] = []
    try:
        async with tx.savepoint():
            found = await take_interchanges(tx, arrivals, terms.model_copy(update={"open_orders_per_customer": 0}), Nobodys(keys))
            await tx.flush()
            raise Tried
    except Tried:
        return [_as_tried(each) for each in found]


class Tried(Exception):
    """Undoes what was tried."""


@dataclass(frozen=True, slots=True)
class Nobodys:
    """New keys seal what is thrown away; the others are those that there are."""

    real: Keys

    async def take(self, count: int = 1) -> list[SubjectKey]:
        return SubjectKey.several(count)

    async def read(self, key_ids: Iterable[str | None]) -> dict[str, SubjectKey]:
        return await self.real.read(key_ids)


def _as_tried(taken: Taken) -> Taken:
    """Without the ids of what there is not."""
    if taken.row is None:
        taken.interchange_id = taken.messages = taken.view = None
        taken.deeds = {place: deed._replace(order_id=None) if deed.effect is Effect.PLACED else deed for place, deed in taken.deeds.items()}
    return taken


def _asked(taken: Sequence[Taken]) -> Iterator[Asked]:
    for index, each in enumerate(taken):
        if each.is_done and not each.arrival.interchange.is_test and each.arrival.partner:
            for place, ordered in each.arrival.asked.items():
                yield Asked((index, place), each.arrival.partner, ordered)


def _others(taken: Taken) -> Iterator[tuple[int, Deed]]:
    """Messages that ask for nothing, and tests: those of what is wrong with them is told, nothing is done."""
    if not taken.is_done:
        return
    is_test = taken.arrival.interchange.is_test
    for place, message in accepted_places(taken.arrival.verdict):
        ordered = taken.arrival.asked.get(place)
        if is_test:
            yield place, Deed(Effect.TEST, refusals=ordered.refusals if ordered else ())
        elif message.type in ANSWERS:
            yield place, Deed(Effect.ANSWER)
        elif ordered is None:
            yield place, Deed(Effect.KEPT)


async def _answer(tx: Transaction, taken: Sequence[Taken], deeds: Deeds) -> None:
    """Business answers, by partner; and what acknowledgements of theirs say of what we sent."""
    at = await tx.now()
    for partner, asked in by_partner([each for each in _asked(taken) if deeds[each.at].kind]):
        for some in portions(asked, lambda one: one.size) if partner.wants(Document.ORDER_RESPONSE) else ():
            drafts = order_responses(partner, [_order_answer(each, deeds[each.at], at) for each in some])
            await post(tx, partner, drafts, Document.ORDER_RESPONSE, [deeds[each.at].order_id for each in some])
            await asyncio.sleep(0)
    for each in taken:
        said = _answers(each) if each.is_done else []
        if said and each.arrival.partner:
            await match_acknowledgements(tx, each.arrival.partner, said)


def _answers(taken: Taken) -> list[Answer]:
    """Whatever stands in them, it can be looked for."""
    return [
        replace(each, reference=plain(each.reference), type=plain(each.type), group=plain(each.group), codes=tuple(map(plain, each.codes)))
        for each in answers(taken.arrival.interchange)
    ]


def _order_answer(asked: Asked, deed: Deed, at: datetime) -> OrderAnswer:
    """Line by line; a reason for the whole order stands above."""
    assert deed.kind
    if deed.answer:
        return deed.answer
    accepted, reasons = deed.kind is AnswerKind.ACCEPTED, {refusal.line_no: refusal.reason for refusal in deed.refusals if refusal.line_no}
    quantities = asked.ordered.quantities if deed.kind in (AnswerKind.REFUSED, AnswerKind.ACCEPTED) else {}
    lines = [AnswerLine(line_no, each, each if accepted else 0, reasons.get(line_no)) for line_no, each in quantities.items()]
    reason = next((refusal.text for refusal in deed.refusals if not refusal.line_no), "")
    return OrderAnswer(deed.kind, asked.ordered.facts, at, tuple(lines), reason, deed.promised_on)
