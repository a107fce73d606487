"""Keys are issued and revoked; who may do what with a key is decided in `crm/granting.py`."""

import secrets
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from shared.auth import Caller
from shared.batches import Done, Outcome
from shared.database import Row, Transaction, columns
from shared.events import STAFF, ApiKeyIssued, ApiKeyRevoked
from shared.key_rows import hash_of, keep_keys
from shared.outbox import publish

from crm.errors import KeyNotFound, KeyOfSettings
from crm.granting import Wanted, refusal

_LETTERS = string.ascii_letters + string.digits
_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended('keys of ' || customer_id, 0)) FROM unnest($1::text[]) AS c(customer_id)"
_LIVE = """
SELECT c.customer_id, count(k.key_id) AS live FROM customers c LEFT JOIN api_keys k
    ON k.customer_id = c.customer_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
WHERE c.customer_id = ANY($1::text[]) GROUP BY c.customer_id
"""
_NOTE = "INSERT INTO issued_keys (key_id, customer_id, label, role) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
_FOUND = "SELECT key_id, customer_id, revoked_at, from_settings FROM api_keys WHERE key_id = ANY($1::text[]) ORDER BY key_id FOR UPDATE"


@dataclass(frozen=True, slots=True)
class NewlyIssued:
    """The only moment at which the secret is known here."""

    key_id: str
    secret: str
    wanted: Wanted
    issued_at: datetime

    @property
    def key(self) -> str:
        return f"{self.key_id}.{self.secret}"

    def shown(self) -> dict[str, object]:
        """What the caller is told, this once."""
        told = {"key": self.key, "key_id": self.key_id, "issued_at": self.issued_at, "scopes": sorted(self.wanted.scopes)}
        return asdict(self.wanted) | told | {"from_settings": False, "revoked_at": None, "last_used_at": None}


async def issue_keys(tx: Transaction, caller: Caller, wanted: Sequence[Wanted]) -> list[Outcome[NewlyIssued]]:
    """Make these keys; in memory of other processes they are valid within seconds."""
    now, live = await tx.now(), await _live_keys(tx, sorted({one.customer_id for one in wanted if one.customer_id}))
    outcomes: list[Outcome[NewlyIssued]] = []
    for one in wanted:
        refused = refusal(one, caller, live, now)
        outcomes.append(refused or Done(NewlyIssued(_new_id(), secrets.token_urlsafe(32), one, now)))
        if not refused:
            live.update([one.customer_id])
    await _save(tx, [outcome.value for outcome in outcomes if isinstance(outcome, Done)])
    return outcomes


async def _save(tx: Transaction, made: Sequence[NewlyIssued]) -> None:
    if made:
        events = [_issued(one) for one in made]
        await keep_keys(tx, events)
        await tx.execute(_NOTE, *columns([(one.key_id, one.wanted.customer_id, one.wanted.label, one.wanted.role) for one in made], 4))
        await publish(tx, *events)


def _issued(one: NewlyIssued) -> ApiKeyIssued:
    return ApiKeyIssued(
        customer_id=one.wanted.customer_id or STAFF,
        version=1,
        occurred_at=one.issued_at,
        key_id=one.key_id,
        secret_hash=hash_of(one.secret).hex(),
        scopes=tuple(sorted(one.wanted.scopes)),
        expires_at=one.wanted.expires_at,
    )


async def revoke_keys(tx: Transaction, wanted: Sequence[tuple[str, str | None]]) -> list[Outcome[str]]:
    """Take these keys away from these owners; None: from staff. One that was revoked before is revoked."""
    found = {row["key_id"]: row for row in await tx.fetch(_FOUND, sorted({key_id for key_id, _ in wanted}))}
    outcomes = [_judge(key_id, owner, found) for key_id, owner in wanted]
    now = await tx.now()
    events = [
        ApiKeyRevoked(customer_id=found[key_id]["customer_id"] or STAFF, version=2, occurred_at=now, key_id=key_id)
        for key_id in sorted({outcome.value for outcome in outcomes if isinstance(outcome, Done) and outcome.created})
    ]
    await keep_keys(tx, events)
    await publish(tx, *events)
    return outcomes


def _judge(key_id: str, owner: str | None, found: Mapping[str, Row]) -> Outcome[str]:
    key = found.get(key_id)
    if key is None or key["customer_id"] != owner:
        return KeyNotFound(key_id)
    if key["from_settings"]:
        return KeyOfSettings(key_id)
    return Done(key_id, created=key["revoked_at"] is None)


async def _live_keys(tx: Transaction, customer_ids: Sequence[str]) -> Counter[str | None]:
    """How many keys each of these customers has; a customer that does not exist is missing. From here on each waits for its turn."""
    await tx.execute(_ONE_BY_ONE, customer_ids)
    return Counter({row["customer_id"]: row["live"] for row in await tx.fetch(_LIVE, customer_ids)})


def _new_id() -> str:
    return "k_" + "".join(secrets.choice(_LETTERS) for _ in range(16))
