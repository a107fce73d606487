"""The keys of an issuer in memory, read again in the background and never while a request waits."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import httpx2
import structlog

from shared.observability import OIDC_KEYS, OIDC_KEYS_AGE
from shared.oidc.fetching import PublicKey, fetch_keys
from shared.oidc.issuers import Issuer

MOST_MISSED = 1000
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. `again`: after a failure. `at_least`: between any two readings. `missed`: so long an unknown kid asks for no further
    reading. `kept`: so long keys are good while the issuer does not answer.
    """

    every: float = 300
    again: float = 15
    at_least: float = 10
    missed: float = 60
    kept: float = 86400


class KeySet:
    def __init__(self, issuer: Issuer, pace: Pace) -> None:
        self.issuer, self._pace = issuer, pace
        self._keys: dict[str, PublicKey] = {}
        self._read_at: float | None = None
        self._made_at = monotonic()
        self._missed: dict[str, float] = {}
        self._wanted = asyncio.Event()
        OIDC_KEYS.labels(issuer.issuer).set_function(lambda: len(self._keys))
        OIDC_KEYS_AGE.labels(issuer.issuer).set_function(lambda: self.age)

    @property
    def is_read(self) -> bool:
        return self._read_at is not None

    @property
    def age(self) -> float:
        """Since when the issuer has not shown its keys."""
        return monotonic() - (self._made_at if self._read_at is None else self._read_at)

    def find(self, kid: object) -> PublicKey | None:
        """An unknown kid has the keys read soon, for those who come after; unless that was so a moment ago."""
        if self.age > self._pace.kept:
            return None
        found = self._keys.get(kid) if isinstance(kid, str) else None
        if found is None and isinstance(kid, str):
            self._miss(kid)
        return found

    def _miss(self, kid: str) -> None:
        now = monotonic()
        if now - self._missed.get(kid, -self._pace.missed) >= self._pace.missed:
            self._missed.pop(kid, None)
            self._missed[kid] = now
            self._wanted.set()
        if len(self._missed) > MOST_MISSED:
            del self._missed[next(iter(self._missed))]

    async def keep(self, calling: httpx2.AsyncClient) -> None:
        """Until it is cancelled."""
        while True:
            was_read = await self._read(calling)
            self._wanted.clear()
            await asyncio.sleep(self._pace.at_least)
            with suppress(TimeoutError):
                async with asyncio.timeout((self._pace.every if was_read else self._pace.again) - self._pace.at_least):
                    await self._wanted.wait()

    async def _read(self, calling: httpx2.AsyncClient) -> bool:
        """What was read before stays when nothing sound is answered. A key that is the same stays the same object."""
        try:
            fresh = await fetch_keys(calling, self.issuer)
        except Exception as error:  # noqa: BLE001 - tried again in a moment, and shown by the figure of its age
            log.warning("oidc.keys_not_read", issuer=self.issuer.issuer, error=repr(error)[:200])
            return False
        self._keys = {kid: self._keys[kid] if self._keys.get(kid) == key else key for kid, key in fresh.items()}
        self._read_at = monotonic()
        return True
