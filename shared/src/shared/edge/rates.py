"""How often one may call: by key and kind of call, and who shows no key by address."""

from dataclasses import dataclass
from enum import StrEnum

from limits import RateLimitItem
from limits.strategies import SlidingWindowCounterRateLimiter

from shared.auth import Caller
from shared.door import network_of
from shared.edge.headers import Field
from shared.edge.refusals import TooManyRequests
from shared.edge.settings import EdgeSettings, rate
from shared.edge.windows import Windows


class Kind(StrEnum):
    """Batch calls count by their items, everything else by call."""

    READ = "read"
    WRITE = "write"
    BATCH = "batch"
    STAFF = "staff"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class _Limit:
    item: RateLimitItem
    policy: Field
    name: bytes
    expiry: int


class Rates:
    """In this process only: several API processes of a service let through as many times the rate."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._windows = Windows()
        self._limiter = SlidingWindowCounterRateLimiter(self._windows)
        self._limits = {kind: _limit(kind, item) for kind in Kind if (item := rate(getattr(settings, f"rate_{kind}")))}

    def take(self, caller: Caller, kind: Kind, cost: int = 1) -> tuple[Field, ...]:
        """Count a call; answers the fields that tell the caller how it stands. Raises TooManyRequests."""
        if caller.customer_id is None:
            kind = Kind.STAFF
        return self._take(kind, caller.key_id, cost)

    def take_from_stranger(self, address: str) -> tuple[Field, ...]:
        return self._take(Kind.ANONYMOUS, network_of(address), 1)

    def _take(self, kind: Kind, who: str, cost: int) -> tuple[Field, ...]:
        limit = self._limits.get(kind)
        if limit is None:
            return ()
        cost = min(cost, limit.item.amount)
        if not self._limiter.hit(limit.item, kind, who, cost=cost):
            key = limit.item.key_for(kind, who)
            after = self._windows.wait(key, limit.item.amount, limit.expiry, cost)
            raise TooManyRequests(f"At most {limit.item} of this kind are taken.", after, self._standing(limit, kind, who))
        return self._standing(limit, kind, who)

    def _standing(self, limit: _Limit, kind: Kind, who: str) -> tuple[Field, ...]:
        """As draft-ietf-httpapi-ratelimit-headers has them: the policy, what is left, and the seconds until more is."""
        before, left, here, _ = self._windows.get_sliding_window(limit.item.key_for(kind, who), limit.expiry)
        remaining = limit.item.amount - here - int(before * left / limit.expiry)
        return limit.policy, (b"ratelimit", b"%b;r=%d;t=%d" % (limit.name, max(remaining, 0), left + 1))


def _limit(kind: Kind, item: RateLimitItem) -> _Limit:
    name, expiry = f'"{kind}"'.encode(), item.get_expiry()
    return _Limit(item, (b"ratelimit-policy", b"%b;q=%d;w=%d" % (name, item.amount, expiry)), name, expiry)
