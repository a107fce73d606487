"""EDI over HTTP: interchanges in, acknowledgements at once."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from shared.pages import Page
from shared.personal import SubjectKeys
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.interchanges import take_interchanges, try_interchanges
from order_intake.interchange_answers import answered
from order_intake.interchange_body import arrived
from order_intake.interchange_queries import acknowledgement_of, interchange_by_id, interchanges_page
from order_intake.interchange_schemas import InterchangeFilters, InterchangeView, ReceivedView
from order_intake.interchange_views import received_view
from order_intake.media_types import EDI
from order_intake.settings import terms

interchange_api = router()
RAW = {"requestBody": {"required": True, "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in EDI}}}
ACKNOWLEDGEMENT: dict[int | str, dict[str, object]] = {200: {"content": EDI, "description": "The acknowledgement, byte for byte"}}


@interchange_api.post(
    "/edi/interchanges",
    response_model=ReceivedView,
    responses={200: {"content": EDI}, 204: {"description": "Taken, and there is nothing to acknowledge"}},
    openapi_extra=RAW,
)
@needs("edi:write")
async def post_interchanges(request: Request, tx: Tx, store: SubjectKeys) -> Response:
    """Take all interchanges of a body, whole: what they ask for is done, or answered with the reason why not. Sent again, it is answered as
    at first. With an `Accept` of EDI the answer is the acknowledgement itself."""
    transmission, found = await arrived(request)
    taken = await take_interchanges(tx, found, terms(), store)
    return await answered(request, transmission, taken, await tx.now(), store)


@interchange_api.post("/edi/validate", response_model=ReceivedView, openapi_extra=RAW)
@needs("edi:write")
async def validate(request: Request, tx: Tx, store: SubjectKeys) -> ReceivedView:
    """What would become of a body. Nothing is stored, and no number is used up."""
    transmission, found = await arrived(request)
    return received_view(transmission, await try_interchanges(tx, found, terms(), store), await tx.now())


@interchange_api.get("/edi/interchanges")
@needs("edi:read")
async def get_interchanges(filters: Annotated[InterchangeFilters, Query()], reading: Reading) -> Page[InterchangeView]:
    """In the order in which they were received."""
    return await interchanges_page(reading, filters)


@interchange_api.get("/edi/interchanges/{interchange_id}")
@needs("edi:read")
async def get_interchange(interchange_id: UUID, reading: Reading) -> InterchangeView:
    return await interchange_by_id(reading, interchange_id)


@interchange_api.get("/edi/interchanges/{interchange_id}/acknowledgement", response_class=Response, responses=ACKNOWLEDGEMENT)
@needs("edi:read")
async def get_acknowledgement(interchange_id: UUID, reading: Reading, store: SubjectKeys) -> Response:
    """The same bytes as they were answered first; 410 when an order in the interchange was erased."""
    data, media_type = await acknowledgement_of(reading, interchange_id, store)
    return Response(data, media_type=media_type)
