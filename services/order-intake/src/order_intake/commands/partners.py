from shared.batches import Done
from shared.database import Transaction, columns
from shared.errors import Fault
from shared.revisions import etag, is_current

from order_intake.errors import IdentifierTaken, PartnerChanged, PartnerInvalid
from order_intake.partner_schemas import PartnerBody

_READ = "SELECT revision, customer_id, settings = $2::jsonb AS is_same FROM edi_partners WHERE code = $1 FOR UPDATE"
_PUT = """
INSERT INTO edi_partners AS p (code, customer_id, settings) VALUES ($1, $2, $3)
ON CONFLICT (code) DO UPDATE SET settings = excluded.settings, revision = p.revision + 1
RETURNING revision, xmax = 0 AS is_new
"""
_FORGET = "DELETE FROM edi_partner_ids WHERE code = $1"
_NAME = """
INSERT INTO edi_partner_ids (syntax, qualifier, identifier, code, customer_id)
SELECT syntax, qualifier, identifier, $4, $5 FROM unnest($1::text[], $2::text[], $3::text[]) AS named (syntax, qualifier, identifier)
ON CONFLICT DO NOTHING RETURNING identifier
"""


async def put_partner(tx: Transaction, code: str, body: PartnerBody, if_match: str | None) -> Done[int]:
    """Make or replace a partner; its revision. Raises PartnerInvalid, PartnerChanged, IdentifierTaken."""
    settings = body.model_dump_json()
    stored = await tx.fetchrow(_READ, code, settings)
    if not is_current(if_match, stored["revision"] if stored else None):
        raise PartnerChanged(code, etag(stored["revision"]) if stored else "of nothing")
    if stored and stored["customer_id"] != body.customer_id:
        raise PartnerInvalid([Fault("/customer_id", "a partner stands for one customer as long as it exists")])
    if not await tx.fetchval("SELECT EXISTS (SELECT FROM customers WHERE customer_id = $1)", body.customer_id):
        raise PartnerInvalid([Fault("/customer_id", "is not a registered customer")])
    if stored and stored["is_same"]:
        return Done(stored["revision"], created=False)
    row = await tx.fetchrow(_PUT, code, body.customer_id, settings)
    assert row
    await _name(tx, code, body)
    return Done(row["revision"], row["is_new"])


async def _name(tx: Transaction, code: str, body: PartnerBody) -> None:
    await tx.execute(_FORGET, code)
    wanted = sorted({(each.syntax, each.qualifier, each.identifier) for each in body.identifiers})
    taken = await tx.fetch(_NAME, *columns(wanted, 3), code, body.customer_id)
    if len(taken) < len(wanted):
        free = {row["identifier"] for row in taken}
        raise IdentifierTaken(next((each[2] for each in wanted if each[2] not in free), wanted[0][2]))
