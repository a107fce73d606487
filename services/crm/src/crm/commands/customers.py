from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.batches import Done, Outcome
from shared.database import Transaction, columns
from shared.events import CustomerRegistered
from shared.outbox import publish
from shared.revisions import etag, is_current

from crm.errors import CustomerChanged
from crm.schemas import CustomerBody

_MAKE = """
INSERT INTO customers (customer_id, name, email, phone, blocked, revision, event_version)
SELECT *, 1, 1 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
ON CONFLICT (customer_id) DO NOTHING RETURNING customer_id
"""
_LOCK = """
SELECT customer_id, name, email, phone, blocked, registered_at, revision, event_version
FROM customers WHERE customer_id = ANY($1::text[]) ORDER BY customer_id FOR UPDATE
"""
_CHANGE = """
UPDATE customers c SET name = n.name, email = n.email, phone = n.phone, blocked = n.blocked,
       revision = n.revision, event_version = n.version
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::int[], $7::int[])
     n(customer_id, name, email, phone, blocked, revision, version)
WHERE c.customer_id = n.customer_id
"""


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: str
    name: str
    email: str | None
    phone: str | None
    blocked: bool
    registered_at: datetime
    revision: int
    event_version: int


@dataclass(frozen=True, slots=True)
class Registration:
    """A profile as it shall be. `expected` is the caller's If-Match."""

    customer_id: str
    body: CustomerBody
    expected: str | None = None


async def register_customers(tx: Transaction, wanted: Sequence[Registration]) -> list[Outcome[Customer]]:
    """Make or replace these profiles, one a customer; a profile that is so already changes nothing and says nothing."""
    made = await _make(tx, [one for one in wanted if one.expected is None])
    stored = await _lock(tx, [one.customer_id for one in wanted])
    outcomes = [_judge(one, stored.get(one.customer_id), one.customer_id in made) for one in wanted]
    new = [outcome.value for outcome in outcomes if isinstance(outcome, Done) and outcome.created]
    changed = [outcome.value for outcome in outcomes if isinstance(outcome, Done) and outcome.value != stored[outcome.value.customer_id]]
    await _change(tx, changed)
    await publish(tx, *_registered([*new, *changed], await tx.now()))
    return outcomes


def _judge(one: Registration, stored: Customer | None, is_new: bool) -> Outcome[Customer]:
    if is_new and stored:
        return Done(stored)
    if stored is None or not is_current(one.expected, stored.revision):
        return CustomerChanged(one.customer_id, etag(stored.revision) if stored else "of nothing, it does not exist,")
    wanted = replace(stored, name=one.body.name, email=one.body.email, phone=one.body.phone, blocked=one.body.blocked)
    if wanted != stored:
        wanted = replace(wanted, revision=stored.revision + 1, event_version=stored.event_version + 1)
    return Done(wanted, created=False)


def _registered(customers: Sequence[Customer], now: datetime) -> list[CustomerRegistered]:
    return [
        CustomerRegistered(customer_id=each.customer_id, version=each.event_version, occurred_at=now, blocked=each.blocked)
        for each in customers
    ]


async def _make(tx: Transaction, wanted: Sequence[Registration]) -> set[str]:
    rows = sorted((one.customer_id, one.body.name, one.body.email, one.body.phone, one.body.blocked) for one in wanted)
    return {row["customer_id"] for row in await tx.fetch(_MAKE, *columns(rows, 5))} if rows else set()


async def _lock(tx: Transaction, customer_ids: Sequence[str]) -> Mapping[str, Customer]:
    return {row["customer_id"]: Customer(**dict(row)) for row in await tx.fetch(_LOCK, list(customer_ids))}


async def _change(tx: Transaction, changed: Sequence[Customer]) -> None:
    rows = [(c.customer_id, c.name, c.email, c.phone, c.blocked, c.revision, c.event_version) for c in changed]
    if rows:
        await tx.execute(_CHANGE, *columns(rows, 7))
