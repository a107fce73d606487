"""Documents that were put aside: seen, written again when the partner's profile is mended, or given up."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from shared.bodies import Code
from shared.pages import Page
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.aside_queries import aside_page
from order_intake.aside_schemas import AsideFilters, AsideView, RewritingView
from order_intake.commands.aside import give_up, rewrite

aside_api = router()
CodePath = Annotated[Code, Path()]


@aside_api.get("/edi/unwritable")
@needs("edi:read")
async def get_unwritable(filters: Annotated[AsideFilters, Query()], reading: Reading) -> Page[AsideView]:
    """What we could not write, oldest first, with what to do about it."""
    return await aside_page(reading, filters)


@aside_api.post("/edi/partners/{code}/rewriting")
@needs("partners:write")
async def post_rewriting(code: CodePath, tx: Tx) -> RewritingView:
    """Try all again that was put aside for this partner; what still breaks a rule is put aside again."""
    return await rewrite(tx, code)


@aside_api.post("/edi/unwritable/{document_id}/dismissal", status_code=204)
@needs("partners:write")
async def post_dismissal(document_id: UUID, tx: Tx) -> None:
    """The partner heard of it another way: it is not written, and not counted any more. Again changes nothing."""
    await give_up(tx, document_id)
