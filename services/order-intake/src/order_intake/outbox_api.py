"""What waits for a partner: fetched by it, and then confirmed."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from shared.pages import Page
from shared.personal import SubjectKeys
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.outbox import take_receipt
from order_intake.media_types import EDI
from order_intake.outbox_queries import bytes_of, entry_by_id, entry_in, waiting_page
from order_intake.outbox_schemas import EntryFilters, EntryView, WholeEntryView

outbox_api = router()


@outbox_api.get("/edi/outbox")
@needs("edi:read")
async def get_outbox(filters: Annotated[EntryFilters, Query()], reading: Reading) -> Page[EntryView]:
    """The interchanges that wait, oldest first; one waits until its receipt."""
    return await waiting_page(reading, filters)


@outbox_api.get("/edi/outbox/{entry_id}")
@needs("edi:read")
async def get_entry(entry_id: UUID, reading: Reading) -> WholeEntryView:
    return await entry_by_id(reading, entry_id)


@outbox_api.get(
    "/edi/outbox/{entry_id}/document",
    response_class=Response,
    responses={200: {"content": EDI, "description": "The interchange, byte for byte"}},
)
@needs("edi:read")
async def get_document(entry_id: UUID, reading: Reading, store: SubjectKeys) -> Response:
    """The same bytes whenever they are asked for; 410 when an order in it was erased."""
    data, media_type = await bytes_of(reading, entry_id, store)
    return Response(data, media_type=media_type)


@outbox_api.post("/edi/outbox/{entry_id}/receipt")
@needs("edi:write")
async def post_receipt(entry_id: UUID, tx: Tx) -> EntryView:
    """The partner has it: it does not wait any more. Again changes nothing."""
    await take_receipt(tx, entry_id)
    return await entry_in(tx, entry_id)
