"""What the table `api_keys` is told: by events, by the settings, by those who called."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.crash import crash_point
from shared.database import Pool, Transaction, columns
from shared.events import ApiKeyIssued, ApiKeyRevoked
from shared.events.customers import KeyEvent
from shared.key_tables import THIS_TRANSACTION

UNKNOWN = bytes(32)
"""In place of a hash that was not heard yet; no secret has it."""

_ISSUED = f"""
INSERT INTO api_keys AS k (key_id, secret_hash, customer_id, scopes, expires_at, issued_at)
SELECT key_id, secret_hash, customer_id, string_to_array(scopes, ' '), expires_at, issued_at
FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
     AS n(key_id, secret_hash, customer_id, scopes, expires_at, issued_at)
ON CONFLICT (key_id) DO UPDATE SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, expires_at = excluded.expires_at,
    issued_at = excluded.issued_at, changed_in = {THIS_TRANSACTION}
WHERE k.issued_at IS NULL AND NOT k.from_settings
"""
_REVOKED = f"""
INSERT INTO api_keys AS k (key_id, secret_hash, customer_id, scopes, revoked_at)
SELECT key_id, '\\x{UNKNOWN.hex()}', customer_id, '{{}}', revoked_at
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS n(key_id, customer_id, revoked_at)
ON CONFLICT (key_id) DO UPDATE SET revoked_at = excluded.revoked_at, changed_in = {THIS_TRANSACTION}
WHERE k.revoked_at IS NULL AND NOT k.from_settings
"""
_FROM_SETTINGS = f"""
INSERT INTO api_keys AS k (key_id, secret_hash, scopes, from_settings, issued_at) VALUES ($1, $2, ARRAY['*'], true, now())
ON CONFLICT (key_id) DO UPDATE SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, customer_id = NULL, expires_at = NULL,
    from_settings = true, revoked_at = NULL, changed_in = {THIS_TRANSACTION}
WHERE (k.secret_hash, k.scopes, k.from_settings, k.revoked_at) IS DISTINCT FROM (excluded.secret_hash, excluded.scopes, true, NULL)
"""
_FORMER = (
    f"UPDATE api_keys SET revoked_at = now(), changed_in = {THIS_TRANSACTION} WHERE from_settings AND key_id <> $1 AND revoked_at IS NULL"
)
_USED = """
UPDATE api_keys k SET last_used_at = u.at FROM unnest($1::text[], $2::timestamptz[]) AS u(key_id, at)
WHERE k.key_id = u.key_id AND k.last_used_at IS DISTINCT FROM greatest(k.last_used_at, u.at)
"""


def hash_of(secret: str) -> bytes:
    """Enough for a secret of 256 random bits; it must not be used for what people choose."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


async def keep_keys(tx: Transaction, events: Sequence[KeyEvent]) -> None:
    """Remember who may call. What was revoked stays so, whatever is heard later or again."""
    issued = {event.key_id: event for event in events if isinstance(event, ApiKeyIssued)}
    revoked = {event.key_id: event for event in events if isinstance(event, ApiKeyRevoked)}
    if issued:
        rows = [
            (key_id, bytes.fromhex(e.secret_hash), e.owner, " ".join(e.scopes), e.expires_at, e.occurred_at)
            for key_id, e in sorted(issued.items())
        ]
        await tx.execute(_ISSUED, *columns(rows, 6))
    if revoked:
        await tx.execute(_REVOKED, *columns([(key_id, e.owner, e.occurred_at) for key_id, e in sorted(revoked.items())], 3))


async def store_operator_key(tx: Transaction, key: str) -> None:
    """Write the installation's operator key, hashed, in place of the former one: all scopes, all customers."""
    key_id, _, secret = key.partition(".")
    await tx.execute(_FORMER, key_id)
    await tx.execute(_FROM_SETTINGS, key_id, hash_of(secret))


async def write_uses(pool: Pool, uses: Mapping[str, datetime]) -> None:
    """When each key was used last, all in one statement; an older time than the one that stands there is passed over."""
    await pool.execute(_USED, *columns(sorted(uses.items()), 2))
    crash_point("keys.uses_written")
