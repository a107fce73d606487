from uuid import UUID

from shared.database import Transaction
from shared.reach import own_customer

from order_intake.aside_schemas import RewritingView
from order_intake.errors import DocumentNotAside, PartnerNotFound

AT_ONCE = 5000

_IS_THERE = "SELECT EXISTS (SELECT FROM edi_partners WHERE code = $1 AND customer_id = coalesce($2, customer_id))"
_AGAIN = """
WITH aside AS (
    SELECT document_id FROM edi_documents WHERE partner = $1 AND unwritable IS NOT NULL AND given_up_at IS NULL
    ORDER BY document_id LIMIT $2 FOR UPDATE
)
UPDATE edi_documents d SET unwritable = NULL FROM aside WHERE d.document_id = aside.document_id RETURNING d.document_id
"""
_LEFT = "SELECT count(*) FROM edi_documents WHERE partner = $1 AND unwritable IS NOT NULL AND given_up_at IS NULL"
_GIVE_UP = """
UPDATE edi_documents SET given_up_at = coalesce(given_up_at, now())
WHERE document_id = $1 AND unwritable IS NOT NULL AND customer_id = coalesce($2, customer_id) RETURNING document_id
"""


async def rewrite(tx: Transaction, partner_code: str) -> RewritingView:
    """They are due again, in the order in which they were said; the worker writes them."""
    if not await tx.fetchval(_IS_THERE, partner_code, own_customer()):
        raise PartnerNotFound(partner_code)
    again = await tx.fetch(_AGAIN, partner_code, AT_ONCE)
    return RewritingView(documents=len(again), left=await tx.fetchval(_LEFT, partner_code))


async def give_up(tx: Transaction, document_id: UUID) -> None:
    if await tx.fetchval(_GIVE_UP, document_id, own_customer()) is None:
        raise DocumentNotAside(document_id)
