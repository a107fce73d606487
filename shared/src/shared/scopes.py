"""What a caller may do. A scope is a noun and a verb; every route needs exactly one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.errors import Forbidden

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])
EVERYTHING = "*"
"""Held in place of a list: all scopes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`for_customers`: a customer's key may hold it; the others are for staff alone."""

    name: str
    meaning: str
    for_customers: bool = False


_ALL = (
    Scope("orders:read", "see orders with their lines, holds and history", for_customers=True),
    Scope("orders:write", "place orders, amend them and ask for their cancellation", for_customers=True),
    Scope("orders:manage", "hold, release and reject orders"),
    Scope("stock:read", "see items, warehouses, stock, its ledger and adjustments", for_customers=True),
    Scope("stock:adjust", "change what is on hand"),
    Scope("items:write", "register items and change their master data"),
    Scope("warehouses:write", "make and rename warehouses"),
    Scope("picks:read", "see picks and packs"),
    Scope("picks:write", "confirm picks and complete packs"),
    Scope("shipments:read", "see shipments and what was delivered", for_customers=True),
    Scope("dispatch:read", "see carriers and vehicles"),
    Scope("dispatch:write", "keep carriers and vehicles, assign and hand over shipments"),
    Scope("deliveries:write", "report deliveries and attempts"),
    Scope("customers:read", "see profiles and timelines", for_customers=True),
    Scope("customers:write", "register customers and change their profiles"),
    Scope("cases:read", "see cases", for_customers=True),
    Scope("cases:write", "open cases", for_customers=True),
    Scope("cases:manage", "resolve cases"),
    Scope("kpi:read", "see KPIs and the facts behind them", for_customers=True),
    Scope("keys:write", "issue, list and revoke keys", for_customers=True),
    Scope("erasures:write", "have personal data of orders erased", for_customers=True),
    Scope("partners:read", "see trading partners"),
    Scope("partners:write", "make trading partners and change how they are read and written to"),
    Scope("edi:read", "see interchanges, what became of them, and what waits for the partner", for_customers=True),
    Scope("edi:write", "send interchanges", for_customers=True),
    Scope("audit:read", "see who did what"),
    Scope("admin", "run the installation"),
)
SCOPES = {scope.name: scope for scope in _ALL}
FOR_CUSTOMERS = frozenset(scope.name for scope in _ALL if scope.for_customers)


class MissingScope(Forbidden):
    type = "missing-scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope}, which the key does not hold.")


def needs(scope: str) -> Callable[[Endpoint], Endpoint]:
    """Below the line that makes a route of an endpoint: what its caller has to hold."""
    if scope not in SCOPES:
        raise TypeError(f"There is no scope {scope}; the scopes stand in shared/scopes.py.")

    def declare(endpoint: Endpoint) -> Endpoint:
        if hasattr(endpoint, _DECLARED):
            raise TypeError(f"{endpoint.__qualname__} declares two scopes.")
        setattr(endpoint, _DECLARED, scope)
        return endpoint

    return declare


def scope_of(endpoint: Callable[..., object], route: str) -> str:
    """What the route's endpoint declares; a route without a scope is not made."""
    scope: str | None = getattr(endpoint, _DECLARED, None)
    if scope is None:
        raise TypeError(f"{route} declares no scope: write @needs(...) below its route.")
    return scope


_DECLARED = "__scope__"
