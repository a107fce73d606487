"""Who comes in: a header becomes a caller, or a refusal that says nothing about what is wrong with it."""

import hmac
import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NoReturn, Protocol

import structlog
from fastapi import Request

from shared.auth import Caller
from shared.backoff import Backoff
from shared.errors import NotYet, TooManyFailures, Unauthenticated
from shared.key_rows import hash_of
from shared.keys import Keys
from shared.observability import FAILED_AUTHENTICATIONS
from shared.oidc import TokenRefused

LONGEST = 512
"""Characters of a key with its id; what is longer is none."""
NO_TRIES = frozenset({"missing", "token_expired", "token_key"})
"""What honest callers meet as well: their token has ended, or is signed by a key that the issuer showed a moment ago."""
log = structlog.get_logger()


class Tokens(Protocol):
    """What `shared.oidc.gate.Oidc` is; not imported where no issuer is set."""

    def known(self, text: str) -> Caller | None: ...

    def caller(self, text: str) -> Caller: ...


class Door:
    """Lets in who shows a live key. Who fails again and again has to wait: an address with one key id, or an address with any.

    An unknown id, a wrong secret, a revoked and an expired key get the same answer after the same work. A key that was last used from an
    address is not kept out because others fail from there.
    """

    def __init__(self, keys: Keys, tries_of_key: int, tries_of_address: int, tokens: Tokens | None = None) -> None:
        self.keys = keys
        self.tokens = tokens
        self._of_key = Backoff(tries_of_key)
        self._of_address = Backoff(tries_of_address)

    def caller(self, authorization: str | None, address: str) -> Caller:
        """Who sends `Bearer <id>.<secret>` or an access token; raises Unauthenticated, TooManyFailures, or NotYet before keys are read."""
        network = network_of(address)
        if self.tokens and (token := _token(authorization)):
            return self._by_token(self.tokens, token, network)
        if not self.keys.is_read:
            raise NotYet("This process has just started and has not read the keys yet.")
        key_id, secret = _read(authorization)
        self.check(network, key_id)
        key, now = self.keys.get(key_id), time.time()
        right = hmac.compare_digest(hash_of(secret), key.secret_hash)
        if not right or key.expires_at <= now:
            self.refuse(network, key_id, _reason(authorization, key_id, right=right))
        self._of_key.forgive((network, key_id))
        self.keys.note_use(key_id, now, network)
        return key.caller

    def _by_token(self, tokens: Tokens, token: str, network: str) -> Caller:
        if (known := tokens.known(token)) is not None:
            return known
        self.check(network, "")
        try:
            return tokens.caller(token)
        except TokenRefused as refused:
            self.refuse(network, "", f"token_{refused.reason}")

    def check(self, network: str, key_id: str) -> None:
        """Raises TooManyFailures while this address, with this key id or at all, has to wait."""
        wait = self._of_key.wait((network, key_id))
        if not self.keys.came_from(key_id, network):
            wait = max(wait, self._of_address.wait(network))
        if wait:
            FAILED_AUTHENTICATIONS.labels("backed_off").inc()
            raise TooManyFailures(wait)

    def refuse(self, network: str, key_id: str, reason: str) -> NoReturn:
        """Count the failure and say no; who sends nothing at all has not tried a key."""
        FAILED_AUTHENTICATIONS.labels(reason).inc()
        log.debug("caller.refused", reason=reason, address=network)
        if reason not in NO_TRIES:
            wait = self._of_address.failed(network)
            wait = max(wait, self._of_key.failed((network, key_id))) if key_id else wait
            if wait:
                log.warning("caller.backed_off", address=network, seconds=round(wait))
        raise Unauthenticated("Send the header `Authorization: Bearer <id>.<secret>` with a key that is valid here.")


async def admit(request: Request) -> Caller:
    """Who sends this request; before its body is read."""
    door: Door = request.app.state.door
    return door.caller(request.headers.get("authorization"), request.client.host if request.client else "")


def _token(authorization: str | None) -> str | None:
    """What has two dots is a token and no key."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.count(".") == 2 else None


def _read(authorization: str | None) -> tuple[str, str]:
    """Id and secret; both empty where it is no key."""
    scheme, _, token = (authorization or "").partition(" ")
    key_id, _, secret = token.strip().partition(".")
    return (key_id, secret) if scheme.lower() == "bearer" and secret and len(token) <= LONGEST else ("", "")


def _reason(authorization: str | None, key_id: str, *, right: bool) -> str:
    """For the figures: nothing here tells an unknown id from a wrong secret, as /metrics asks for no key."""
    if not authorization:
        return "missing"
    return "expired" if right else "invalid" if key_id else "malformed"


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """The address, or where a client has very many of them (IPv6) the /64 that they share."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed.packed, 64), strict=False))
    return address
