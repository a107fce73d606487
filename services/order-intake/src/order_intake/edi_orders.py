"""The document that an order came with, as far as answers have to repeat it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import TypeAdapter
from shared.database import Transaction
from shared.endings import Insert

from order_intake.documents.facts import PartnerOrder

_FACTS = TypeAdapter(PartnerOrder)
KEEP = Insert(
    "edi_orders_kept",
    ("uuid", "text", "text", "text", "text", "text", "uuid", "text", "jsonb"),
    """INSERT INTO edi_orders (order_id, customer_id, partner, syntax, document, release, interchange_id, document_number, facts)
        SELECT * FROM {rows} AS kept""",
)
_OF = """
SELECT order_id, customer_id, partner, syntax, release, interchange_id, facts FROM edi_orders WHERE order_id = ANY($1::uuid[])
"""


_REWORD = """
UPDATE edi_orders SET facts = new.facts FROM unnest($1::uuid[], $2::jsonb[]) AS new (order_id, facts)
WHERE edi_orders.order_id = new.order_id
"""


class EdiOrder(NamedTuple):
    order_id: UUID
    customer_id: str
    partner: str
    syntax: str
    release: str
    interchange_id: UUID
    facts: PartnerOrder


async def edi_orders(tx: Transaction, order_ids: Collection[UUID]) -> dict[UUID, EdiOrder]:
    """Those of these orders that came by EDI."""
    rows = await tx.fetch(_OF, list(order_ids))
    return {row["order_id"]: EdiOrder(**{**dict(row), "facts": _FACTS.validate_json(row["facts"])}) for row in rows}


def kept(order: EdiOrder) -> tuple[object, ...]:
    """The row of `KEEP`."""
    said = _stored(order.facts)
    ids = (order.order_id, order.customer_id, order.partner, order.syntax)
    return (*ids, order.facts.document, order.release, order.interchange_id, order.facts.number, said)


async def reword(tx: Transaction, facts: Mapping[UUID, PartnerOrder]) -> None:
    """The partners' words for these orders, now that they were changed."""
    if facts:
        await tx.execute(_REWORD, list(facts), [_stored(each) for each in facts.values()])


def _stored(facts: PartnerOrder) -> str:
    return _FACTS.serializer.to_json(facts, exclude_defaults=True).decode()
