"""From a token to its caller: verified once, then known by its hash until it expires or its key is gone."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shared.auth import Caller
from shared.errors import NotYet
from shared.oidc import TokenRefused
from shared.oidc.claims import caller_of
from shared.oidc.fetching import PublicKey, client
from shared.oidc.issuers import Issuer
from shared.oidc.key_set import KeySet, Pace
from shared.oidc.token import AFTER, BEFORE, LEEWAY_SECONDS, Token, judge, read, verify

MOST_VERIFIED = 10_000


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    until: float
    kid: str
    key: PublicKey
    keys: KeySet


class Oidc:
    """The tokens of these issuers. Taking one back is waiting for its end: there is no other word of the issuer's."""

    def __init__(self, issuers: Sequence[Issuer], pace: Pace | None = None) -> None:
        self._key_sets = {issuer.issuer: KeySet(issuer, pace or Pace()) for issuer in issuers}
        self._verified: dict[bytes, _Verified] = {}

    def __bool__(self) -> bool:
        return bool(self._key_sets)

    def known(self, text: str) -> Caller | None:
        """Who sends a token that was verified before."""
        found = self._verified.get(_hash(text))
        if found is None or time.time() >= found.until or found.keys.find(found.kid) is not found.key:
            return None
        return found.caller

    def caller(self, text: str) -> Caller:
        """Who sends this token; raises TokenRefused, or NotYet."""
        token, now = read(text), time.time()
        key_set = self._key_sets.get(str(token.claims.get("iss")))
        if key_set is None:
            raise TokenRefused("issuer")
        judge(BEFORE, token, key_set.issuer, now)
        kid = token.header.get("kid")
        if (key := key_set.find(kid)) is None:
            raise TokenRefused("key") if key_set.is_read else NotYet("The keys of the token's issuer are not read yet.")
        verify(token, key_set.issuer, key.key)
        judge(AFTER, token, key_set.issuer, now)
        caller = caller_of(token.claims, key_set.issuer)
        self._remember(token, _Verified(caller, token.claims["exp"] + LEEWAY_SECONDS, str(kid), key, key_set))
        return caller

    def _remember(self, token: Token, verified: _Verified) -> None:
        self._verified[_hash(token.text)] = verified
        if len(self._verified) > MOST_VERIFIED:
            del self._verified[next(iter(self._verified))]

    async def keep(self) -> None:
        """Read the issuers' keys again and again, until it is cancelled."""
        if not self:
            return
        async with client() as calling, asyncio.TaskGroup() as reading:
            for key_set in self._key_sets.values():
                reading.create_task(key_set.keep(calling))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
