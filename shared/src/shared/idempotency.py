import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from shared.crash import crash_point
from shared.database import Pool, Transaction, transaction
from shared.endings import Insert
from shared.errors import Conflict, Gone, InvalidInput
from shared.sealing import SubjectKey, Unopenable, disclose, enclose, key_ids_in

KEPT_DAYS = 7
_ANSWER = Insert(
    "answer",
    ("text", "text", "text", "text", "bytea", "int", "bytea"),
    "INSERT INTO idempotency_keys (caller, customer_id, route, key, fingerprint, status, body) SELECT * FROM {rows} AS given",
)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


_FORGET = """
WITH old AS (
    SELECT caller, route, key FROM idempotency_keys WHERE created_at < now() - make_interval(days => $1) ORDER BY created_at LIMIT $2
), gone AS (
    DELETE FROM idempotency_keys WHERE (caller, route, key) IN (SELECT * FROM old) RETURNING 1
)
SELECT count(*) FROM gone
"""
FORGOTTEN_AT_ONCE = 10_000


class AnotherBody(InvalidInput):
    type = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class StillRunning(Conflict):
    type = "idempotency-key-in-progress"
    title = "The first request with this Idempotency-Key is still running"


class Erased(Gone):
    type = "answer-erased"
    title = "The answer was erased"


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that was given first; `body` is enclosed where it holds personal data."""

    status: int
    body: bytes

    @property
    def key_ids(self) -> list[str]:
        return key_ids_in(self.body)


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

    def keep(self, tx: Transaction, status: int, body: bytes, keys: Sequence[SubjectKey] = ()) -> None:
        """Store the answer with the work, sealed under the keys of those it speaks of; the commit fails when the key was used before."""
        body = enclose(keys, body, self.caller, self._name) if keys else body
        tx.gather(_ANSWER, [(self.caller, tx.customer_id, self.route, self.key, self.fingerprint, status, body)])

    async def first_answer(self, tx: Transaction) -> Stored | None:
        """What was answered when the key was used first; an error when that was for another body."""
        row = await tx.fetchrow(
            "SELECT fingerprint, status, body FROM idempotency_keys WHERE caller = $1 AND route = $2 AND key = $3",
            *(self.caller, self.route, self.key),
        )
        if row and row["fingerprint"] != self.fingerprint:
            raise AnotherBody("Use a new key for a new request, or send the first body again.")
        return Stored(row["status"], row["body"]) if row else None

    def opened(self, stored: Stored, keys: Mapping[str, SubjectKey]) -> bytes:
        """The answer as it was given; raises Erased."""
        if not stored.key_ids:
            return stored.body
        try:
            return disclose(stored.body, keys, self.caller, self._name)
        except Unopenable:
            raise Erased("The request was done. Its answer held personal data that was erased since; read the thing itself.") from None

    @property
    def _name(self) -> str:
        return f"{self.route} {self.key}"


def _sorted(value: Any) -> Any:  # any JSON
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


async def forget_answers(pool: Pool, at_once: int = FORGOTTEN_AT_ONCE) -> int:
    """Delete the oldest of those that nobody will ask for again; returns how many."""
    async with transaction(pool) as tx:
        forgotten: int = await tx.fetchval(_FORGET, KEPT_DAYS, at_once)
        crash_point("worker.tidied")
    return forgotten
