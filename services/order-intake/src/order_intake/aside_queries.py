from shared.pages import Page, equal, one_page, page
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.aside_schemas import AsideFilters, AsideView
from order_intake.edi_out_models import edi_documents

_C = edi_documents.c
SHOWN = (_C.document_id, _C.customer_id, _C.partner, _C.kind, _C.type, _C.release, _C.order_id, _C.said_at, _C.unwritable.label("why"))
AGAIN = "then POST /edi/partners/{}/rewriting"
DATA = "It says something that this document has no room for: tell the partner another way, then POST /edi/unwritable/{}/dismissal."
STEPS = (
    ("The envelope breaks", f"Mend the partner's identifiers, ours or its releases, {AGAIN}."),
    ("holds a separator", f"Give the partner other separators, or leave them to us, {AGAIN}."),
    ("is not in the character set", f"Give the partner a charset that holds it, such as UNOY, {AGAIN}."),
    ("separator", f"Name that separator in the partner's profile, {AGAIN}."),
)


async def aside_page(reading: AsyncConnection, filters: AsideFilters) -> Page[AsideView]:
    """In the order in which they were said."""
    theirs = equal(edi_documents, filters.model_dump(include={"customer_id", "partner"}))
    aside = select(*SHOWN).where(_C.unwritable.is_not(None), _C.given_up_at.is_(None), *theirs)
    wanted = one_page(aside, _C.document_id, filters)
    rows = (await reading.execute(wanted)).mappings()
    views = [AsideView(**row, next_step=next_step(row["why"], row["partner"], str(row["document_id"]))) for row in rows]
    return page(views, filters.limit, lambda view: view.document_id)


def next_step(why: str, partner: str, document_id: str) -> str:
    """What mends it; a rule of the directory is broken by what the document says, and no profile mends that."""
    return next((step.format(partner) for sign, step in STEPS if sign in why), DATA.format(document_id))
