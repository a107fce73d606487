"""What partners are told. A document is said in the transaction that makes it true; a moment later it gets its envelope and numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from pydantic_core import to_json
from shared.database import Transaction
from shared.endings import Insert
from shared.ids import new_id
from shared.reach import own_customer

from order_intake.edi import Draft
from order_intake.errors import EntryNotFound, PartnerNotFound
from order_intake.partners import Document, Partner

_SAY = Insert(
    "said_documents",
    ("uuid", "text", "text", "text", "text", "text", "uuid", "jsonb"),
    """INSERT INTO edi_documents (document_id, customer_id, partner, kind, type, release, order_id, rows)
        SELECT * FROM {rows} AS said""",
)
_NEXT = """
INSERT INTO edi_controls (partner, kind, customer_id, last)
SELECT code, kind, customer_id, wanted FROM edi_partners, unnest($2::text[], $3::bigint[]) AS wish (kind, wanted)
WHERE code = $1 ORDER BY kind
ON CONFLICT (partner, kind) DO UPDATE
SET last = CASE WHEN edi_controls.last + excluded.last <= 999999999 THEN edi_controls.last + excluded.last ELSE excluded.last END
RETURNING kind, last
"""
_RECEIVED = """
UPDATE edi_outbox SET received_at = coalesce(received_at, now()) WHERE entry_id = $1 AND customer_id = coalesce($2, customer_id)
RETURNING entry_id
"""


async def post(
    tx: Transaction, partner: Partner, drafts: Sequence[Draft], kind: Document, order_ids: Sequence[UUID | None] = ()
) -> list[UUID]:
    """Say these documents; `order_ids` names the order of each. Whether the partner wants the kind is the caller's question.

    It gets control numbers with its interchange, in the transaction that writes it: a roll-back leaves no gap, and what many
    transactions say in a moment goes out together.
    """
    ids = [new_id() for _ in drafts]
    orders = order_ids or [None] * len(drafts)
    said = (partner.customer_id, partner.code, kind)
    rows = [
        (document_id, *said, draft.type, draft.release, order_id, to_json(draft.segments).decode())
        for document_id, draft, order_id in zip(ids, drafts, orders, strict=True)
    ]
    tx.gather(_SAY, rows)
    return ids


async def next_controls(tx: Transaction, partner_code: str, kinds: Iterable[str]) -> dict[str, int]:
    """The next control number of each kind, without a gap; a kind that is named n times gets n numbers, of which this is the first.

    Take them last: whoever has them holds up all others that write to this partner until the commit.
    """
    wanted = Counter(kinds)
    rows = await tx.fetch(_NEXT, partner_code, list(wanted), list(wanted.values()))
    if len(rows) < len(wanted):
        raise PartnerNotFound(partner_code)
    return {row["kind"]: row["last"] - wanted[row["kind"]] + 1 for row in rows}


async def take_receipt(tx: Transaction, entry_id: UUID) -> None:
    """The partner has the bytes: they do not wait any more. Again is harmless."""
    if await tx.fetchval(_RECEIVED, entry_id, own_customer()) is None:
        raise EntryNotFound(entry_id)
