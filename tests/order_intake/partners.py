"""Trading partners for tests, each with identifiers of its own."""

from uuid import UUID, uuid4

from shared.database import Pool
from uuid_utils.compat import uuid7

from tests.order_intake.builders import Body

OURS = {"X12": ("ZZ", "THREEPL"), "EDIFACT": ("14", "4012345000009")}


def an_identifier() -> str:
    return f"P{uuid4().hex[:13]}".upper()


def a_partner_body(customer_id: str, identifier: str = "", **changes: object) -> Body:
    """Known in both syntaxes by one identifier."""
    identifier = identifier or an_identifier()
    return {
        "customer_id": customer_id,
        "identifiers": [{"syntax": syntax, "qualifier": qualifier, "identifier": identifier} for syntax, (qualifier, _) in OURS.items()],
        "our_identifiers": [{"syntax": syntax, "qualifier": qualifier, "identifier": ours} for syntax, (qualifier, ours) in OURS.items()],
        "country": "US",
        **changes,
    }


async def an_entry(pool: Pool, customer_id: str) -> UUID:
    """Of a partner's outbox, as if it had been written."""
    entry_id, partner = uuid7(), an_identifier()
    insert = """
        INSERT INTO edi_outbox
            (entry_id, customer_id, partner, syntax, type, control, documents, bytes, sealed, posted_at, acknowledge_by)
        VALUES ($1, $2, $3, 'X12', '855', '1', 1, 3, 'ISA', now(), now() + interval '1 day')
    """
    await pool.execute(insert, entry_id, customer_id, partner)
    return entry_id


async def an_unwritable(pool: Pool, customer_id: str, partner: str) -> UUID:
    """A document that was put aside."""
    document_id = uuid7()
    insert = """
        INSERT INTO edi_documents (document_id, customer_id, partner, kind, type, release, rows, unwritable)
        VALUES ($1, $2, $3, 'order_response', '855', '004010', '[]', 'element-long BAK03')
    """
    await pool.execute(insert, document_id, customer_id, partner)
    return document_id
