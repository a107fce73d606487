"""Erasing the personal data of consignees."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from shared.pages import Page
from shared.personal import SubjectKeys
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.commands.erasures import ask_to_erase
from order_intake.erasure_queries import erasure_by_id, erasure_in, erasures_page
from order_intake.erasure_schemas import ErasureFilters, ErasureView, NewErasure

erasure_api = router()


@erasure_api.post("/erasures", status_code=202)
@needs("erasures:write")
async def post_erasure(new: NewErasure, tx: Tx, store: SubjectKeys, response: Response) -> ErasureView:
    """Have the name, address and phone of consignees forgotten, everywhere and for good. An order on its way is erased when it ends."""
    erasure_id = await ask_to_erase(tx, new, store.take)
    response.headers["Location"] = f"/erasures/{erasure_id}"
    return await erasure_in(tx, erasure_id)


@erasure_api.get("/erasures/{erasure_id}")
@needs("erasures:write")
async def get_erasure(erasure_id: UUID, reading: Reading) -> ErasureView:
    return await erasure_by_id(reading, erasure_id)


@erasure_api.get("/erasures")
@needs("erasures:write")
async def get_erasures(filters: Annotated[ErasureFilters, Query()], reading: Reading) -> Page[ErasureView]:
    return await erasures_page(reading, filters)
