"""Trading partners: staff keeps them."""

from typing import Annotated

from fastapi import Path, Query, Response
from shared.bodies import Code
from shared.pages import Page
from shared.revisions import IfMatch, etag
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.partners import put_partner
from order_intake.partner_queries import partner_by_code, partners_page
from order_intake.partner_schemas import PartnerBody, PartnerFilters, PartnerView

partner_api = router()
CodePath = Annotated[Code, Path()]


@partner_api.put("/partners/{code}", response_model=PartnerView, responses={201: {"model": PartnerView, "description": "New"}})
@needs("partners:write")
async def put(code: CodePath, body: PartnerBody, tx: Tx, response: Response, if_match: IfMatch = None) -> PartnerView:
    """Make or replace a partner; the first time 201. With If-Match only the revision that was read."""
    done = await put_partner(tx, code, body, if_match)
    response.status_code = 201 if done.created else 200
    response.headers["ETag"] = etag(done.value)
    return PartnerView.model_construct(code=code, **dict(body))


@partner_api.get("/partners/{code}")
@needs("partners:read")
async def get_partner(code: CodePath, reading: Reading, response: Response) -> PartnerView:
    found, revision = await partner_by_code(reading, code)
    response.headers["ETag"] = etag(revision)
    return found


@partner_api.get("/partners")
@needs("partners:read")
async def get_partners(filters: Annotated[PartnerFilters, Query()], reading: Reading) -> Page[PartnerView]:
    """In the order of their codes."""
    return await partners_page(reading, filters)
