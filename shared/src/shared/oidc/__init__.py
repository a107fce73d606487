"""Access tokens (JWT, RFC 9068) of OpenID Connect issuers, beside the keys that crm issues."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.oidc.gate import Oidc
    from shared.oidc.issuers import Issuers


class TokenRefused(Exception):
    """`reason` is one of a few words, for the figures; the caller is not told."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def open_gate(issuers: "Issuers") -> "Oidc | None":
    """Null where no issuer is set: then its libraries are not loaded either."""
    if not issuers:
        return None
    from shared.oidc.gate import Oidc

    return Oidc(issuers)
