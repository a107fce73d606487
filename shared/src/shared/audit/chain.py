"""What is sealed, byte by byte. An entry is hashed as JSON, `[id, at, caller, customer_id, kind, action, subject, items, things, status,
client, correlation_id]`; a seal is SHA-256 over the seal before it, `[position, sealed_at, entries, ids, awaited]` as JSON, and the hashes
of its entries. Times are microseconds since 1970; JSON has `, ` between its values and escapes nothing that it need not.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Self

from shared.database import Row

FIRST = bytes(32)
"""What stands before the first seal."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = ("caller", "customer_id", "kind", "action", "subject", "items", "things", "status", "client")

ROW_HASH = f"""sha256(convert_to(jsonb_build_array(
    id, (extract(epoch FROM at) * 1000000)::bigint, {", ".join(_FIELDS)}, correlation_id)::text, 'UTF8'))"""
"""The same hash, worked out by PostgreSQL."""


def row_hash(row: Row) -> bytes:
    canonical = [row["id"], microseconds(row["at"]), *(row[name] for name in _FIELDS), str(row["correlation_id"])]
    return sha256(json.dumps(canonical, ensure_ascii=False).encode()).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """A place in the chain, as it is kept elsewhere: `position:hash`."""

    position: int
    hash: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError."""
        position, _, digest = text.partition(":")
        found = cls(int(position), bytes.fromhex(digest))
        if len(found.hash) != 32 or found.position < 0:
            raise ValueError("a head is `position:hash`, as `audit verify` and GET /audit/head say it")
        return found

    def __str__(self) -> str:
        return f"{self.position}:{self.hash.hex()}"


NOTHING = Head(0, FIRST)


@dataclass(frozen=True, slots=True)
class Seal:
    """A batch of entries as it was when it was sealed, each with the hash that it had."""

    position: int
    sealed_at: datetime
    entries: int
    ids: Sequence[int]
    awaited: Sequence[int]
    row_hashes: bytes

    def hash_after(self, previous: bytes) -> bytes:
        said = [self.position, microseconds(self.sealed_at), self.entries, list(self.ids), list(self.awaited)]
        return sha256(previous + json.dumps(said).encode() + self.row_hashes).digest()

    @property
    def hashes(self) -> dict[int, bytes]:
        return {each: self.row_hashes[32 * index : 32 * index + 32] for index, each in enumerate(self.ids)}


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
