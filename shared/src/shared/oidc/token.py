"""A token taken apart and judged; key and time come from outside. Before the signature only the issuer's name is believed."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact

from shared.oidc import TokenRefused
from shared.oidc.issuers import Issuer

MOST_CHARACTERS = 8192
LEEWAY_SECONDS = 30
LONGEST_SUBJECT = 255
FAR_AWAY = 1e12
TYPES = frozenset({"at+jwt", "application/at+jwt"})
"""Only access tokens: an ID token of the same issuer is no permission."""

NAMES_OF_KEYS = frozenset({"jwk", "jku", "x5u", "x5c"})
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def number(self, name: str) -> float | None:
        """Seconds since 1970; null where it is no number that could be that."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if abs(value) < FAR_AWAY else None


def read(text: str) -> Token:
    """Its parts, of which nothing is believed yet."""
    if len(text) > MOST_CHARACTERS:
        raise TokenRefused("size")
    form = _FORM.fullmatch(text)
    if form is None:
        raise TokenRefused("form")
    return Token(text, _object(form[1]), _object(form[2]))


def _object(part: str) -> Mapping[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise TokenRefused("form") from wrong
    if not isinstance(value, dict):
        raise TokenRefused("form")
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Who checks and who uses a name that stands twice might not take the same one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(constant: str) -> None:
    raise ValueError(constant)


def _is_in_audience(token: Token, issuer: Issuer, now: float) -> bool:
    audience = token.claims.get("aud")
    return issuer.audience in (audience if isinstance(audience, list) else [audience])


def _has_not_expired(token: Token, issuer: Issuer, now: float) -> bool:
    expires_at = token.number("exp")
    return expires_at is not None and now < expires_at + LEEWAY_SECONDS


def _has_begun(token: Token, issuer: Issuer, now: float) -> bool:
    return "nbf" not in token.claims or ((begins_at := token.number("nbf")) is not None and begins_at <= now + LEEWAY_SECONDS)


def _was_issued_sanely(token: Token, issuer: Issuer, now: float) -> bool:
    """Not in the future, and not for longer than we would wait for a revocation."""
    issued_at, expires_at = token.number("iat"), token.number("exp")
    if issued_at is None or expires_at is None or issued_at > now + LEEWAY_SECONDS:
        return False
    return 0 < expires_at - issued_at <= issuer.longest_life_seconds


def _has_a_subject(token: Token, issuer: Issuer, now: float) -> bool:
    subject = token.claims.get("sub")
    return isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT


Check = Callable[[Token, Issuer, float], bool]
BEFORE: dict[str, Check] = {
    "type": lambda token, issuer, now: str(token.header.get("typ")).lower() in TYPES,
    "algorithm": lambda token, issuer, now: token.header.get("alg") in tuple(issuer.algorithms),
    "names_a_key": lambda token, issuer, now: not NAMES_OF_KEYS & token.header.keys(),
    "extension": lambda token, issuer, now: "crit" not in token.header,
}
"""What the header must be, before any key is looked for."""

AFTER: dict[str, Check] = {
    "audience": _is_in_audience,
    "expired": _has_not_expired,
    "early": _has_begun,
    "issued": _was_issued_sanely,
    "subject": _has_a_subject,
}
"""What the claims must be, once they are known to be the issuer's."""


def judge(checks: Mapping[str, Check], token: Token, issuer: Issuer, now: float) -> None:
    for reason, holds in checks.items():
        if not holds(token, issuer, now):
            raise TokenRefused(reason)


class _Allowed(JWSRegistry):
    """The issuer's algorithms; unknown header names mean nothing."""

    max_header_length = 2048

    def get_alg(self, name: str) -> Any:  # JWSAlgModel, which joserfc does not export
        if name not in (self.allowed or ()):
            raise TokenRefused("algorithm")
        return self.algorithms[name]


def verify(token: Token, issuer: Issuer, key: Key) -> None:
    """Raises TokenRefused unless the key signed it."""
    try:
        deserialize_compact(token.text, key, registry=_Allowed(algorithms=issuer.algorithms, strict_check_header=False))
    except (JoseError, ValueError, TypeError, KeyError) as wrong:
        raise TokenRefused("signature") from wrong
