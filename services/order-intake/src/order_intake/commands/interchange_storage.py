"""What is kept of an interchange: its verdict in plain, its bytes and its acknowledgement sealed under the keys of all orders in it."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.database import Transaction
from shared.endings import MANY
from shared.sealing import SubjectKey, enclose

from order_intake.asked import portions
from order_intake.edi import Outcome
from order_intake.edi_orders import KEEP, EdiOrder, kept
from order_intake.interchange_rows import ACKNOWLEDGEMENT, BODY, INTERCHANGES, MESSAGES, control_key, hash_of
from order_intake.interchange_schemas import Effect, InterchangeView, MessageView
from order_intake.interchange_views import messages_view, plain, verdict_json, view_of
from order_intake.taken import Taken


class Keys(Protocol):
    """What the key store is for a command."""

    async def take(self, count: int = 1) -> list[SubjectKey]: ...
    async def read(self, key_ids: Iterable[str | None]) -> dict[str, SubjectKey]: ...


@dataclass(frozen=True, slots=True)
class Subjects:
    """The keys of all whom an interchange speaks of; `own` where it speaks of no order that there is. Who was erased is not written
    down again: then nothing of the bytes is kept."""

    keys: list[SubjectKey]
    own: str | None
    speaks_of_erased: bool


async def subjects(taken: Sequence[Taken], keys: Keys) -> list[Subjects]:
    """Of each; asks the key store, so before anything is locked that others need."""
    old = await keys.read([deed.key_id for each in taken for deed in each.deeds.values()])
    found = []
    for each in taken:
        known = {deed.key.key_id: deed.key for deed in each.deeds.values() if deed.key}
        known |= {deed.key_id: old[deed.key_id] for deed in each.deeds.values() if deed.key_id and deed.key_id in old}
        gone = any(deed.is_erased or (deed.key_id and deed.key_id not in old) for deed in each.deeds.values())
        own = None if known else (await keys.take(1))[0]
        found.append(
            Subjects([known[key_id] for key_id in sorted(known)] or ([own] if own else []), own.key_id if own else None, bool(gone))
        )
    return found


async def store_messages(tx: Transaction, taken: Iterable[Taken]) -> None:
    """What became of each message. Many are written while the caller goes on."""
    count = 0
    for each in taken:
        each.messages = messages_view(each)
        count += len(each.messages)
        tx.gather(MESSAGES, list(_messages(each, each.messages)))
        for some in portions(_orders(each), lambda order: len(order.facts.lines)):
            tx.gather(KEEP, [kept(order) for order in some])
            await asyncio.sleep(0)
    if count >= MANY:
        await tx.write_behind()


async def store(tx: Transaction, taken: Sequence[Taken], sealing: Sequence[Subjects]) -> None:
    """At the end of the transaction."""
    for each, whose in zip(taken, sealing, strict=True):
        view = each.view = view_of(each, await tx.now())
        tx.gather(INTERCHANGES, [_row(each, view, whose)])


def _row(taken: Taken, view: InterchangeView, whose: Subjects) -> tuple[object, ...]:
    partner, interchange, outcome = taken.arrival.partner, taken.arrival.interchange, taken.arrival.verdict.outcome
    assert partner
    control = control_key(interchange, partner)
    body = None if whose.speaks_of_erased else enclose(whose.keys, interchange.data, partner.customer_id, BODY)
    said = taken.acknowledgement
    return (
        taken.interchange_id, partner.customer_id, *control, view.outcome, hash_of(interchange), view.received_at, interchange.is_test,
        outcome is not Outcome.REFUSED, verdict_json(view), whose.own, body,
        enclose(whose.keys, said, partner.customer_id, ACKNOWLEDGEMENT) if said else None,
    )  # fmt: skip


def _messages(taken: Taken, messages: Iterable[MessageView]) -> Iterator[tuple[object, ...]]:
    partner = taken.arrival.partner
    assert partner
    for each in messages:
        head = (taken.interchange_id, each.position, partner.customer_id, partner.code, each.type, each.release, each.reference)
        yield (*head, each.outcome, each.document_number, each.purpose, each.effect, each.order_id, each.change_number)


def _orders(taken: Taken) -> Iterator[EdiOrder]:
    partner, messages = taken.arrival.partner, taken.arrival.interchange.messages
    assert partner
    assert taken.interchange_id
    for place, deed in taken.deeds.items():
        if deed.effect is Effect.PLACED and deed.order_id:
            facts, release = deed.facts or taken.arrival.asked[place].facts, plain(messages[place].release, 20)
            syntax = taken.arrival.interchange.syntax.name
            yield EdiOrder(deed.order_id, partner.customer_id, partner.code, syntax, release, taken.interchange_id, facts)
