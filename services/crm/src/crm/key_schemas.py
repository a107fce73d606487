from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from shared.bodies import At, Body, Text, View
from shared.key_uses import KeyId
from shared.pages import Paging
from shared.roles import StaffRole
from shared.scopes import FOR_CUSTOMERS, SCOPES


def _for_customers(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError(f"is not a scope; a customer's key may hold: {', '.join(sorted(FOR_CUSTOMERS))}")
    if scope not in FOR_CUSTOMERS:
        raise ValueError(f"is for staff alone; a customer's key may hold: {', '.join(sorted(FOR_CUSTOMERS))}")
    return scope


CustomerScope = Annotated[
    str, AfterValidator(_for_customers), Field(max_length=40, json_schema_extra={"enum": list(map(str, sorted(FOR_CUSTOMERS)))})
]


class NewKey(Body):
    """Without `expires_at` it is good until it is revoked. `label` says what it is for; it stays in crm."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scopes": ["orders:read", "orders:write"], "label": "Shop, until the move", "expires_at": None}]}
    )

    scopes: Annotated[list[CustomerScope], Field(min_length=1, max_length=len(FOR_CUSTOMERS))]
    expires_at: At | None = None
    label: Text | None = None


class NewStaffKey(Body):
    """The scopes are those of the role at this moment; a key keeps them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "warehouse", "label": "Scanners in hall 2"}]})

    role: StaffRole
    expires_at: At | None = None
    label: Text | None = None


class KeyView(View):
    """Neither the secret nor its hash is shown again. `last_used_at`: in crm, by the minute; for others ask their `GET /key-uses`."""

    key_id: str
    label: str | None
    scopes: list[str]
    issued_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class CustomerKeyView(KeyView):
    customer_id: str


class StaffKeyView(KeyView):
    """`from_settings`: LSC_OPERATOR_KEY, which only the settings replace."""

    role: StaffRole
    from_settings: bool


class IssuedCustomerKey(CustomerKeyView):
    """`key` is what a caller sends, `<id>.<secret>`. It is shown this once."""

    key: str


class IssuedStaffKey(StaffKeyView):
    """`key` is what a caller sends, `<id>.<secret>`. It is shown this once."""

    key: str


class KeyFilters(Paging):
    after: KeyId | None = None
