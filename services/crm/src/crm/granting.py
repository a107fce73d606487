"""May this caller hand out this key? Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.auth import Caller
from shared.errors import DomainError
from shared.roles import SCOPES_OF, StaffRole

from crm.errors import CustomerNotFound, NotInTheFuture, ScopesNotHeld, TooManyKeys

MOST_LIVE = 20
"""Keys that a customer may have at a time: enough to replace each one while its successor is being put in place."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key as it shall be: a customer's with scopes, or one of our own people's with those of a role."""

    customer_id: str | None
    scopes: frozenset[str]
    expires_at: datetime | None = None
    label: str | None = None
    role: StaffRole | None = None

    @classmethod
    def of_staff(cls, role: StaffRole, expires_at: datetime | None = None, label: str | None = None) -> "Wanted":
        return cls(None, SCOPES_OF[role], expires_at, label, role)


def refusal(wanted: Wanted, caller: Caller, live: Mapping[str | None, int], now: datetime) -> DomainError | None:
    """Why not; `live` counts the keys of each customer that exists. Nobody hands out more than he holds, or for another customer."""
    customer_id = wanted.customer_id
    if customer_id and (customer_id not in live or caller.customer_id not in (None, customer_id)):
        return CustomerNotFound(customer_id)
    if missing := sorted(scope for scope in wanted.scopes if not caller.may(scope)):
        return ScopesNotHeld(missing)
    if wanted.expires_at and wanted.expires_at <= now:
        return NotInTheFuture(wanted.expires_at)
    if customer_id and live[customer_id] >= MOST_LIVE:
        return TooManyKeys(customer_id, MOST_LIVE)
    return None
