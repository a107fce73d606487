from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from shared.scopes import EVERYTHING, FOR_CUSTOMERS

SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key, `<id>.<secret>`, or an access token (JWT) of an issuer that is known here",
}
"""How OpenAPI says what every route asks for; the door looks at it before the body is read."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `customer_id` null = sees all customers."""

    key_id: str
    customer_id: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """A customer's key is good for the scopes of customers only, whatever else it holds."""
        held = scope in self.scopes or EVERYTHING in self.scopes
        return held and (self.customer_id is None or scope in FOR_CUSTOMERS)


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Who = Annotated[Caller, Depends(_caller)]
