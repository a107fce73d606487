import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.database import Pool, Transaction
from shared.errors import Unauthenticated
from shared.scopes import EVERYTHING, FOR_CUSTOMERS

SCHEME = {"type": "http", "scheme": "bearer", "description": "`<id>.<secret>`, the operator key"}
"""How OpenAPI says what every route asks for; `Keys.caller` checks it before the body is read."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `customer_id` null = sees all customers."""

    key_id: str
    customer_id: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """A customer's key is good for the scopes of customers only, whatever else it holds."""
        held = scope in self.scopes or EVERYTHING in self.scopes
        return held and (self.customer_id is None or scope in FOR_CUSTOMERS)


@dataclass(frozen=True, slots=True)
class _Key:
    secret_hash: bytes
    expires_at: datetime | None
    caller: Caller


_NOBODY = _Key(bytes(32), None, Caller("", None, frozenset()))


class Keys:
    """The live keys in memory, read again every few seconds, so that checking one costs no query."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    def __len__(self) -> int:
        return len(self._keys)

    async def refresh(self, pool: Pool) -> None:
        rows = await pool.fetch("SELECT key_id, secret_hash, customer_id, scopes, expires_at FROM api_keys")
        self._keys = {
            row["key_id"]: _Key(row["secret_hash"], row["expires_at"], Caller(row["key_id"], row["customer_id"], frozenset(row["scopes"])))
            for row in rows
        }

    def caller(self, authorization: str | None) -> Caller:
        """Who sends `Bearer <id>.<secret>`; raises Unauthenticated, the same for an unknown id and a wrong secret."""
        scheme, _, token = (authorization or "").partition(" ")
        key_id, _, secret = token.strip().partition(".")
        key = self._keys.get(key_id, _NOBODY)
        right = hmac.compare_digest(hash_of(secret), key.secret_hash)
        live = key.expires_at is None or key.expires_at > datetime.now(UTC)
        if scheme.lower() != "bearer" or not right or not live:
            raise Unauthenticated("Send the header `Authorization: Bearer <id>.<secret>` with a key that is valid here.")
        return key.caller


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


async def store_operator_key(tx: Transaction, key: str) -> None:
    """Write the installation's operator key, hashed, in place of the former one: all scopes, all customers."""
    key_id, _, secret = key.partition(".")
    await tx.execute("DELETE FROM api_keys WHERE scopes = ARRAY['*'] AND customer_id IS NULL AND key_id <> $1", key_id)
    await tx.execute(
        "INSERT INTO api_keys (key_id, secret_hash, scopes) VALUES ($1, $2, ARRAY['*']) "
        "ON CONFLICT (key_id) DO UPDATE SET secret_hash = excluded.secret_hash",
        key_id,
        hash_of(secret),
    )


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Who = Annotated[Caller, Depends(_caller)]
