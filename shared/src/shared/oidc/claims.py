"""What verified claims mean here: whose caller it is and what it may do."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.auth import Caller
from shared.bodies import Code
from shared.oidc import TokenRefused
from shared.oidc.issuers import Claim, Issuer
from shared.roles import SCOPES_OF
from shared.scopes import FOR_CUSTOMERS, SCOPES

_CODE: TypeAdapter[str] = TypeAdapter(Code)
_ABSENT = object()


def caller_of(claims: Mapping[str, Any], issuer: Issuer) -> Caller:
    """Scopes that nobody here knows are dropped, and those that customers may not hold from a customer's token."""
    customer_id = _customer(claims, issuer)
    scopes = frozenset(_words(_found(claims, issuer.scope_claim))) & SCOPES.keys()
    scopes = scopes & FOR_CUSTOMERS if customer_id is not None else scopes.union(*_of_roles(claims, issuer))
    return Caller(_name(issuer.issuer, str(claims["sub"]), customer_id), customer_id, frozenset(scopes))


def _customer(claims: Mapping[str, Any], issuer: Issuer) -> str | None:
    """Null = staff. A claim that is there and names no customer makes nobody staff."""
    named = _found(claims, issuer.customer_claim)
    if named is _ABSENT:
        if not issuer.staff_without_customer:
            raise TokenRefused("customer")
        return None
    try:
        return _CODE.validate_python(named, strict=True)
    except ValidationError as wrong:
        raise TokenRefused("customer") from wrong


def _of_roles(claims: Mapping[str, Any], issuer: Issuer) -> Iterator[frozenset[str]]:
    named = _words(_found(claims, issuer.role_claim)) if issuer.role_claim else ()
    return (SCOPES_OF[issuer.roles[name]] for name in named if name in issuer.roles)


def _found(claims: Mapping[str, Any], claim: Claim) -> Any:
    """What stands in the claim, or at the end of the way to it."""
    value: Any = claims
    for name in (claim,) if isinstance(claim, str) else claim:
        value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def _words(value: Any) -> Iterator[str]:
    """Parted by blanks, or a list."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else ()
    return (word for word in words if isinstance(word, str))


def _name(issuer: str, subject: str, customer_id: str | None) -> str:
    """The caller in audit and idempotency: the same each time, short, and without the subject, which may be a person's address."""
    return f"oidc:{_hash(issuer)[:8]}:{_hash(issuer, subject, customer_id or '')[:32]}"


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()
