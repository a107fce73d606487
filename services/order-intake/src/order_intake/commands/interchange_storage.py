"""What is kept of an interchange: its verdict in plain, its bytes and its acknowledgement sealed under the keys of all orders in it."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from shared.database import Transaction
from shared.endings import MANY
from shared.sealing import SubjectKey, enclose

from order_intake.asked import portions
from order_intake.edi import Outcome
from order_intake.edi_orders import KEEP, EdiOrder, kept
from order_intake.interchange_rows import ACKNOWLEDGEMENT, BODY, INTERCHANGES, MESSAGES, control_key, hash_of
from order_intake.interchange_schemas import Effect, InterchangeView, MessageView
from order_intake.interchange_views import acknowledged_view, messages_view, plain, verdict_json, view_of
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


class InterchangeRecord(NamedTuple):
    """An interchange as it is told and kept, but for its acknowledgement."""

    whose: Subjects
    view: InterchangeView
    verdict: str
    body_hash: bytes
    body: bytes | None


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


async def store_messages(tx: Transaction, taken: Sequence[Taken]) -> None:
    """The words of new orders, and what became of each message. Where there are many, each is written while the next is made."""
    are_many = sum(len(each.arrival.interchange.messages) for each in taken) >= MANY
    for each in taken:
        for some in portions(_orders(each), lambda order: len(order.facts.lines)):
            tx.gather(KEEP, [kept(order) for order in some])
            await asyncio.sleep(0)
    if are_many:
        await tx.write_behind()
    for each in taken:
        each.messages = messages_view(each)
        tx.gather(MESSAGES, list(_messages(each, each.messages)))
    if are_many:
        await tx.write_behind()


def record(taken: Taken, received_at: datetime, whose: Subjects) -> InterchangeRecord:
    """Done before it is acknowledged: then nobody waits for it who wants a control number."""
    interchange, view = taken.arrival.interchange, view_of(taken, received_at)
    body = None if whose.speaks_of_erased else enclose(whose.keys, interchange.data, _customer_id(taken), BODY)
    return InterchangeRecord(whose, view, verdict_json(view), hash_of(interchange), body)


async def store(tx: Transaction, taken: Sequence[Taken], records: Iterable[InterchangeRecord]) -> None:
    """At the end of the transaction; a large one is written while its answer is."""
    for each, said in zip(taken, records, strict=True):
        each.view = acknowledged_view(said.view, each)
        tx.gather(INTERCHANGES, [_row(each, said)])
    if any(len(each.messages or ()) >= MANY for each in taken):
        await tx.write_behind()


def _row(taken: Taken, said: InterchangeRecord) -> tuple[object, ...]:
    partner, interchange, outcome = taken.arrival.partner, taken.arrival.interchange, taken.arrival.verdict.outcome
    assert partner
    control, view, acknowledgement = control_key(interchange, partner), said.view, taken.acknowledgement
    return (
        taken.interchange_id, partner.customer_id, *control, view.outcome, said.body_hash, view.received_at, interchange.is_test,
        outcome is not Outcome.REFUSED, said.verdict, said.whose.own, said.body,
        enclose(said.whose.keys, acknowledgement, partner.customer_id, ACKNOWLEDGEMENT) if acknowledgement else None,
    )  # fmt: skip


def _customer_id(taken: Taken) -> str:
    assert taken.arrival.partner
    return taken.arrival.partner.customer_id


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
