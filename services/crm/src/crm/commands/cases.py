import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.batches import Done, Outcome
from shared.bodies import business_time
from shared.database import Transaction
from shared.errors import DomainError, InvalidInput
from shared.events import CaseResolved
from shared.outbox import publish
from shared.reach import is_reached
from uuid_utils.compat import uuid7

from crm.case_rows import cases_by_reference, change_cases, insert_cases, lock_cases
from crm.errors import (
    CaseNotFound,
    IllegalMove,
    LineWithoutOrder,
    OrderOfAnother,
    ReferenceTaken,
    UnknownCustomer,
    UnknownLine,
    UnknownOrder,
)
from crm.lifecycle import Case, resolve
from crm.schemas import NewCase, Resolution


@dataclass(frozen=True, slots=True)
class KnownOrder:
    customer_id: str
    line_nos: frozenset[int]


@dataclass(frozen=True, slots=True)
class Known:
    """What a new case may name."""

    customers: frozenset[str]
    orders: Mapping[UUID, KnownOrder]
    now: datetime


async def open_cases(tx: Transaction, new: Sequence[NewCase]) -> list[Outcome[Case]]:
    """Take these matters in; one with a reference that the customer has used before is the same case, or refused."""
    known = await _known(tx, new)
    judged = [_judge(one, known) for one in new]
    wanted = [(case, _fingerprint(one)) for case, one in zip(judged, new, strict=True) if isinstance(case, Case)]
    opened = await insert_cases(tx, wanted)
    before = await cases_by_reference(tx, [case for case, _ in wanted if case.case_id not in opened])
    await publish(tx, *[case.opened for case, _ in wanted if case.case_id in opened])
    return [_outcome(case, one, opened, before) for case, one in zip(judged, new, strict=True)]


def _judge(new: NewCase, known: Known) -> Case | DomainError:
    if refusal := _refusal(new, known):
        return refusal
    try:
        received_at = business_time(new.received_at, known.now, pointer="/received_at")
    except InvalidInput as wrong_time:
        return wrong_time
    return Case(uuid7(), new.customer_id, new.kind, new.subject, received_at, received_at, new.reference, new.order_id, new.line_no)


def _refusal(new: NewCase, known: Known) -> DomainError | None:
    if new.customer_id not in known.customers:
        return UnknownCustomer(new.customer_id)
    if new.order_id is None:
        return LineWithoutOrder() if new.line_no else None
    order = known.orders.get(new.order_id)
    if order is None or not is_reached(order.customer_id):
        return UnknownOrder(new.order_id)
    if order.customer_id != new.customer_id:
        return OrderOfAnother(new.order_id, new.customer_id)
    return UnknownLine(new.order_id, new.line_no) if new.line_no and new.line_no not in order.line_nos else None


def _outcome(
    case: Case | DomainError, new: NewCase, opened: set[UUID], before: Mapping[tuple[str, str | None], tuple[Case, bytes]]
) -> Outcome[Case]:
    if isinstance(case, DomainError):
        return case
    if case.case_id in opened:
        return Done(case)
    first, fingerprint = before[case.customer_id, case.reference]
    return Done(first, created=False) if fingerprint == _fingerprint(new) else ReferenceTaken(case.customer_id, str(case.reference))


def _fingerprint(new: NewCase) -> bytes:
    return hashlib.sha256(new.model_dump_json(exclude_none=True).encode()).digest()


async def _known(tx: Transaction, new: Sequence[NewCase]) -> Known:
    customers = await tx.fetch("SELECT customer_id FROM customers WHERE customer_id = ANY($1::text[])", [one.customer_id for one in new])
    order_ids = [one.order_id for one in new if one.order_id]
    sql = "SELECT order_id, customer_id, line_nos FROM orders WHERE order_id = ANY($1::uuid[])"
    rows = await tx.fetch(sql, order_ids) if order_ids else []
    orders = {row["order_id"]: KnownOrder(row["customer_id"], frozenset(row["line_nos"])) for row in rows}
    return Known(frozenset(row["customer_id"] for row in customers), orders, await tx.now())


async def resolve_cases(tx: Transaction, wanted: Sequence[tuple[UUID, Resolution]]) -> list[Outcome[Case]]:
    """Cause and remedy are known and the customer was told; the same words again change nothing."""
    stored = await lock_cases(tx, [case_id for case_id, _ in wanted])
    now = await tx.now()
    judged = [_resolution(case_id, stored.get(case_id), words, now) for case_id, words in wanted]
    said = [event for _, event in judged if event]
    await change_cases(tx, [outcome.value for outcome, event in judged if event and isinstance(outcome, Done)])
    await publish(tx, *said)
    return [outcome for outcome, _ in judged]


def _resolution(case_id: UUID, case: Case | None, words: Resolution, now: datetime) -> tuple[Outcome[Case], CaseResolved | None]:
    if case is None:
        return CaseNotFound(case_id), None
    if (case.cause, case.remedy) == (words.cause, words.remedy):
        return Done(case, created=False), None
    try:
        done, said = resolve(case, words.cause, words.remedy, now)
    except IllegalMove as refusal:
        return refusal, None
    return Done(done), said
