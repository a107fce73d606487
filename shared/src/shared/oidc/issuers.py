"""Whose access tokens are good here: LSC_OIDC, a JSON list of issuers, or the path of a file with one."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import from_json
from pydantic_settings import NoDecode

from shared.roles import StaffRole

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _web_address(url: str) -> str:
    """Keys that came over an open line would be anybody's."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://login.example.com/realm")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("must begin with https://")
    return url


WebAddress = Annotated[str, AfterValidator(_web_address)]
Claim = Annotated[str, Field(min_length=1)] | Annotated[tuple[str, ...], Field(min_length=1)]
"""The name of a claim, or the names on the way to it: `["realm_access", "roles"]`."""

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Signatures by a private key; what is checked with a shared secret, or not at all, is no choice."""


class Issuer(BaseModel):
    """One issuer, and what its claims mean here.

    A token with the customer claim is that customer's. One without it is refused, unless `staff_without_customer`. `roles` says which of
    our roles a value of the role claim is; roles are for staff only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: WebAddress
    audience: Annotated[str, Field(min_length=1)]
    jwks_uri: WebAddress | None = None
    algorithms: Annotated[frozenset[Algorithm], Field(min_length=1)] = frozenset({"RS256", "ES256", "EdDSA"})
    scope_claim: Claim = "scope"
    customer_claim: Claim = "customer_id"
    role_claim: Claim | None = None
    roles: dict[str, StaffRole] = {}
    staff_without_customer: bool = False
    longest_life_seconds: Annotated[int, Field(ge=60, le=7 * 86400)] = 86400


def _read(given: Any) -> Any:  # whatever stands in the environment
    if not isinstance(given, str):
        return given
    try:
        return from_json(given if given.lstrip().startswith("[") else Path(given).read_bytes())
    except OSError as missing:
        raise ValueError(f"is neither a list nor a file that can be read: {missing.strerror}") from missing


def _different(issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    if len({each.issuer for each in issuers}) < len(issuers):
        raise ValueError("an issuer stands twice")
    return issuers


Issuers = Annotated[tuple[Issuer, ...], NoDecode, BeforeValidator(_read), AfterValidator(_different)]
