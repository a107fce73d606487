"""What each of our own people may do: a role is a set of scopes, written into a key when it is issued."""

from collections.abc import Mapping
from enum import StrEnum

from shared.scopes import EVERYTHING, SCOPES


class StaffRole(StrEnum):
    OPERATOR = "operator"
    WAREHOUSE = "warehouse"
    DISPATCHER = "dispatcher"
    AGENT = "agent"
    ANALYST = "analyst"
    ADMIN = "admin"


_NOT_OF_OPERATORS = frozenset({"admin", "audit:read", "erasures:write"})
_SEEING = frozenset({"orders:read", "stock:read", "shipments:read"})

SCOPES_OF: Mapping[StaffRole, frozenset[str]] = {
    StaffRole.OPERATOR: frozenset(SCOPES) - _NOT_OF_OPERATORS,
    StaffRole.WAREHOUSE: _SEEING | {"stock:adjust", "picks:read", "picks:write"},
    StaffRole.DISPATCHER: _SEEING | {"picks:read", "dispatch:read", "dispatch:write", "deliveries:write"},
    StaffRole.AGENT: _SEEING
    | {"orders:write", "customers:read", "customers:write", "cases:read", "cases:write", "cases:manage", "kpi:read"},
    StaffRole.ANALYST: _SEEING | {"picks:read", "dispatch:read", "customers:read", "cases:read", "kpi:read"},
    StaffRole.ADMIN: frozenset({EVERYTHING}),
}
"""operator: the whole day's work, keys of customers included. warehouse: scanners. dispatcher: carriers, vehicles, drivers' reports.
agent: the person at the phone. analyst: sees, changes nothing. admin: all there is."""
