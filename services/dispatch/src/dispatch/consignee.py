"""What dispatch holds of a consignee, sealed under the key of their order: the address, who signed, and the driver's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from shared.database import Transaction
from shared.events import SHIP_TO, ShipTo
from shared.key_store import KeyStore
from shared.sealing import SubjectKey, Unopenable

from dispatch.reasons import is_code

SIGNED_BY = "signed_by"
REASON = "reason"
Keys = Mapping[str, SubjectKey]
NO_KEYS: Keys = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Seal:
    """Of one shipment: which key its consignee has, and that key, unless it was destroyed. Without an id nothing is sealed."""

    customer_id: str
    key_id: str | None
    key: SubjectKey | None

    @property
    def is_lost(self) -> bool:
        """What was sealed cannot be read any more."""
        return self.key_id is not None and self.key is None

    def sealed(self, words: str | None, field: str) -> str | None:
        """As it is stored; nothing of an erased consignee is."""
        if words is None or self.key_id is None or (field == REASON and is_code(words)):
            return words
        return self.key.seal_text(words, self.customer_id, field) if self.key else None

    def opened(self, stored: str | None, field: str) -> str | None:
        """What was said; none where it was erased."""
        if stored is None or self.key_id is None or (field == REASON and is_code(stored)):
            return stored
        try:
            return self.key.open_text(stored, self.customer_id, field) if self.key else None
        except Unopenable:
            return None

    def address(self, stored: str | None) -> ShipTo | None:
        plain = self.opened(stored, SHIP_TO)
        return ShipTo.model_validate_json(plain) if plain else None


def seal_of(customer_id: str, key_id: str | None, keys: Keys) -> Seal:
    return Seal(customer_id, key_id, keys.get(key_id) if key_id else None)


async def keys_of(tx: Transaction, shipment_ids: Sequence[UUID], store: KeyStore) -> Keys:
    """Read before anything is locked."""
    row = await tx.glance(
        "SELECT array_agg(DISTINCT ship_to_key_id) AS key_ids FROM shipments WHERE shipment_id = ANY($1::uuid[])", shipment_ids
    )
    return await store.read(row["key_ids"] or []) if row else {}


_FORGET = """
WITH gone AS (
    UPDATE shipments SET ship_to_sealed = NULL, erased_at = $2 WHERE order_id = ANY($1::uuid[]) AND erased_at IS NULL
)
UPDATE deliveries d SET signed_by = NULL, reason = CASE WHEN reason = ANY($3::text[]) THEN reason WHEN reason IS NOT NULL THEN 'other' END
FROM shipments s WHERE s.order_id = ANY($1::uuid[]) AND d.shipment_id = s.shipment_id
"""


async def forget(tx: Transaction, order_ids: Sequence[UUID], codes: Sequence[str]) -> None:
    """The addresses, the signatures and the drivers' words of these orders; counts and times stay."""
    await tx.execute(_FORGET, order_ids, await tx.now(), codes)
