"""What a route declares is what its caller must hold."""

from typing import Any

import pytest
from fastapi import FastAPI
from shared.auth import Caller
from shared.routes import router
from shared.scopes import needs


def caller(*scopes: str, customer_id: str | None = None) -> Caller:
    return Caller("key", customer_id, frozenset(scopes))


async def nothing() -> None:
    """An endpoint without a scope."""


def test_a_route_without_a_scope_is_not_made() -> None:
    api = router()

    with pytest.raises(TypeError, match=r"POST /things declares no scope"):
        api.post("/things")(nothing)


def test_a_route_has_one_scope_and_it_is_a_known_one() -> None:
    @needs("orders:read")
    async def endpoint() -> None: ...

    with pytest.raises(TypeError, match="declares two scopes"):
        needs("orders:write")(endpoint)
    with pytest.raises(TypeError, match="There is no scope orders:raed"):
        needs("orders:raed")


def test_openapi_says_which_scope_a_call_needs() -> None:
    api, app = router(), FastAPI()

    @api.get("/things")
    @needs("orders:read")
    async def endpoint() -> None: ...

    app.include_router(api)
    operation: dict[str, Any] = app.openapi()["paths"]["/things"]["get"]

    assert operation["security"] == [{"key": ["orders:read"]}]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (caller("orders:read"), {"orders:read"}),
        (caller("*"), {"orders:read", "orders:manage"}),
        (caller(), set()),
        (caller("*", customer_id="ACME"), {"orders:read"}),
        (caller("orders:manage", customer_id="ACME"), set()),
    ],
)
def test_a_customers_key_is_good_for_the_scopes_of_customers_only(who: Caller, may: set[str]) -> None:
    assert {scope for scope in ("orders:read", "orders:manage") if who.may(scope)} == may
