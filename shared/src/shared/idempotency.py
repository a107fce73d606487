import hashlib
import re
from dataclasses import dataclass
from typing import Any

import asyncpg
from pydantic_core import to_json

from shared.database import Transaction
from shared.errors import Conflict, InvalidInput

KEPT_DAYS = 7
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class AnotherBody(InvalidInput):
    type = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class StillRunning(Conflict):
    type = "idempotency-key-in-progress"
    title = "The first request with this Idempotency-Key is still running"


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that was given first."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Once:
    """One use of an Idempotency-Key: the row lives in the business transaction, so it exists exactly when the work was committed."""

    caller: str
    route: str
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, caller: str, route: str, key: str, body: Any) -> "Once":  # any JSON
        if not _KEY.fullmatch(key):
            raise InvalidInput("An Idempotency-Key has 1 to 255 visible ASCII characters.")
        return cls(caller, route, key, hashlib.sha256(to_json(_sorted(body))).digest())

    async def begin(self, tx: Transaction) -> Stored | None:
        """Claim the key; the stored answer when it was used for the same body, an error for another body or while it is in use."""
        try:
            await tx.execute("SET LOCAL lock_timeout = '2s'")
            claimed = await tx.fetchval(
                "INSERT INTO idempotency_keys (caller, route, key, fingerprint) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT DO NOTHING RETURNING true",
                *(self.caller, self.route, self.key, self.fingerprint),
            )
            await tx.execute("SET LOCAL lock_timeout = DEFAULT")
        except asyncpg.LockNotAvailableError as busy:
            raise StillRunning("Wait a moment and send it again.") from busy
        return None if claimed else await self._first_answer(tx)

    async def _first_answer(self, tx: Transaction) -> Stored:
        row = await tx.fetchrow(
            "SELECT fingerprint, status, body FROM idempotency_keys WHERE caller = $1 AND route = $2 AND key = $3",
            *(self.caller, self.route, self.key),
        )
        if row is None or row["status"] is None:
            raise StillRunning("Wait a moment and send it again.")
        if row["fingerprint"] != self.fingerprint:
            raise AnotherBody("Use a new key for a new request, or send the first body again.")
        return Stored(row["status"], row["body"])

    async def finish(self, tx: Transaction, status: int, body: bytes) -> None:
        await tx.execute(
            "UPDATE idempotency_keys SET status = $4, body = $5 WHERE caller = $1 AND route = $2 AND key = $3",
            *(self.caller, self.route, self.key, status, body),
        )


def _sorted(value: Any) -> Any:  # any JSON
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
