"""The keys that open something, in memory, so that checking one costs no query."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern

from shared.auth import Caller
from shared.database import Pool, Row
from shared.key_rows import UNKNOWN, write_uses

AT_ONCE = 5000
REMEMBERED_SECONDS = 86_400.0
"""For a day an expired key is still known as such."""

_COLUMNS = "key_id, secret_hash, customer_id, scopes, expires_at, revoked_at"
_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_ALL = f"""
SELECT {_COLUMNS} FROM api_keys WHERE key_id > $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now() - interval '1 day')
ORDER BY key_id LIMIT {AT_ONCE}
"""
_CHANGED = f"""
SELECT s.oldest, {_COLUMNS} FROM
    (SELECT pg_snapshot_xmin(now)::text::bigint AS oldest, pg_snapshot_xmax(now)::text::bigint AS next FROM pg_current_snapshot() AS now) s
    LEFT JOIN api_keys ON changed_in >= $1 AND changed_in < s.next
"""


@dataclass(frozen=True, slots=True)
class Key:
    """`expires_at` in seconds since 1970."""

    secret_hash: bytes
    expires_at: float
    caller: Caller


NOBODY = Key(UNKNOWN, 0.0, Caller("", None, frozenset()))


@dataclass(frozen=True, slots=True)
class Use:
    """When a key was used last, in seconds since 1970, and from where."""

    at: float
    address: str


class Keys:
    """Read once whole, then only what has changed. All transactions older than `_horizon` had ended when it was read: whatever was
    hidden from that reading was written by a younger one, and is read the next time."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._horizon: int | None = None
        self._scopes: dict[frozenset[str], frozenset[str]] = {}
        self._uses: dict[str, Use] = {}
        self._written_at = 0.0
        self._reading = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_read(self) -> bool:
        return self._horizon is not None

    def get(self, key_id: str) -> Key:
        """NOBODY, which no secret opens, where the key is unknown or revoked."""
        return self._keys.get(key_id, NOBODY)

    def note_use(self, key_id: str, at: float, address: str) -> None:
        self._uses[key_id] = Use(at, address)

    def came_from(self, key_id: str, address: str) -> bool:
        """Was the key last used from there?"""
        use = self._uses.get(key_id)
        return use is not None and use.address == address

    async def refresh(self, pool: Pool) -> None:
        """Learn what has changed; everything where nothing is known yet, or the database is another one than before."""
        async with self._reading:
            rows = await pool.fetch(_CHANGED, self._horizon) if self._horizon is not None else []
            if rows and rows[0]["oldest"] >= self._horizon:
                self._learn((row for row in rows if row["key_id"] is not None), self._keys)
                self._horizon = rows[0]["oldest"]
            else:
                await self._read_all(pool)

    async def _read_all(self, pool: Pool) -> None:
        horizon, last, found = await pool.fetchval(_HORIZON), "", dict[str, Key]()
        while rows := await pool.fetch(_ALL, last):
            self._learn(rows, found)
            last = rows[-1]["key_id"]
        self._keys, self._horizon = found, horizon

    def _learn(self, rows: Iterable[Row], found: dict[str, Key]) -> None:
        for row in rows:
            if row["revoked_at"] is None:
                found[row["key_id"]] = self._key(row)
            else:
                found.pop(row["key_id"], None)
                self._uses.pop(row["key_id"], None)

    def _key(self, row: Row) -> Key:
        """Customers and sets of scopes repeat: one object for all keys that have the same."""
        scopes = frozenset(row["scopes"])
        customer_id, expires_at = row["customer_id"], row["expires_at"]
        caller = Caller(row["key_id"], customer_id and intern(customer_id), self._scopes.setdefault(scopes, scopes))
        return Key(row["secret_hash"], expires_at.timestamp() if expires_at else float("inf"), caller)

    def tidy(self) -> None:
        """Forget keys that have expired long ago."""
        past = time.time() - REMEMBERED_SECONDS
        for key_id in [key_id for key_id, key in self._keys.items() if key.expires_at < past]:
            del self._keys[key_id]
            self._uses.pop(key_id, None)

    async def write_uses(self, pool: Pool) -> None:
        """Write down when keys were used last, as far as it was not written yet: a statement for all, or for some thousands."""
        began = time.time()
        fresh = [(key_id, use.at) for key_id, use in self._uses.items() if use.at >= self._written_at]
        for start in range(0, len(fresh), AT_ONCE):
            await write_uses(pool, {key_id: datetime.fromtimestamp(at, UTC) for key_id, at in fresh[start : start + AT_ONCE]})
        self._written_at = began
