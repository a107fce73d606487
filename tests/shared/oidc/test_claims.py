"""What the claims of a sound token mean here."""

from typing import Any

import pytest
from shared.auth import Caller
from shared.oidc import TokenRefused
from shared.oidc.claims import caller_of
from shared.oidc.issuers import Issuer
from shared.roles import SCOPES_OF, StaffRole

URL = "https://login.example.com"


def caller(claims: dict[str, Any], **settings: Any) -> Caller:
    return caller_of({"sub": "user-1", **claims}, Issuer(issuer=URL, audience="lsc", **settings))


@pytest.mark.parametrize(
    ("claims", "settings"),
    [
        ({"scope": "orders:read orders:write"}, {}),
        ({"scope": ["orders:read", "orders:write"]}, {}),
        ({"scp": ["orders:read", "orders:write"]}, {"scope_claim": "scp"}),
        ({"https://lsc/scopes": "orders:write  orders:read"}, {"scope_claim": "https://lsc/scopes"}),
        ({"realm": {"lsc": ["orders:read", "orders:write"]}}, {"scope_claim": ["realm", "lsc"]}),
        ({"scope": "openid orders:read orders:write orders:raed * profile"}, {}),
        ({"scope": ["orders:read", "orders:write", 7, None, ["admin"]]}, {}),
        ({"scope": "orders:read orders:write orders:manage admin audit:read"}, {}),
    ],
)
def test_a_customers_scopes_are_those_that_we_know_and_customers_may_hold(claims: dict[str, Any], settings: dict[str, Any]) -> None:
    who = caller({"customer_id": "ACME", **claims}, **settings)

    assert (who.customer_id, set(who.scopes)) == ("ACME", {"orders:read", "orders:write"})


@pytest.mark.parametrize("scope", [None, 7, {"orders:read": True}, "", []])
def test_without_scopes_nothing_may_be_done(scope: object) -> None:
    assert caller({"customer_id": "ACME", "scope": scope}).scopes == frozenset()


def test_who_has_no_customer_is_staff_only_where_that_is_set() -> None:
    with pytest.raises(TokenRefused, match="customer"):
        caller({"scope": "orders:read"})

    who = caller({"scope": "orders:read orders:manage *"}, staff_without_customer=True)

    assert (who.customer_id, set(who.scopes)) == (None, {"orders:read", "orders:manage"})


def test_roles_are_sets_of_scopes_and_for_staff_only() -> None:
    settings: dict[str, Any] = {
        "role_claim": ["realm_access", "roles"],
        "roles": {"lsc-drivers": "dispatcher", "lsc-desk": "agent"},
        "staff_without_customer": True,
    }
    roles = {"realm_access": {"roles": ["lsc-drivers", "lsc-desk", "admin", "offline_access"]}}

    assert caller(roles, **settings).scopes == SCOPES_OF[StaffRole.DISPATCHER] | SCOPES_OF[StaffRole.AGENT]
    assert caller({**roles, "customer_id": "ACME"}, **settings).scopes == frozenset()


@pytest.mark.parametrize("customer", ["", " ACME", "A/B", "x" * 41, "A\x00B", 7, None, True, ["ACME"], {"id": "ACME"}])
def test_a_claim_that_names_no_customer_makes_nobody_staff(customer: object) -> None:
    with pytest.raises(TokenRefused, match="customer"):
        caller({"customer_id": customer}, staff_without_customer=True)


def test_the_caller_has_a_short_name_that_says_nothing_of_the_person() -> None:
    name = caller({"customer_id": "ACME", "sub": "wang.fang@example.com"}).key_id

    assert name.startswith("oidc:")
    assert len(name) == 46
    assert "wang" not in name
    assert name == caller({"customer_id": "ACME", "sub": "wang.fang@example.com", "scope": "orders:read"}).key_id


def test_one_person_of_two_customers_is_two_callers() -> None:
    """Or the answers kept for an Idempotency-Key of one would be shown to the other."""
    names = {caller({"customer_id": customer}).key_id for customer in ("ACME", "OTHER")}

    assert len(names | {caller({}, staff_without_customer=True).key_id}) == 3
