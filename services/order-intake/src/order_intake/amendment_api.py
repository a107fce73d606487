"""Changing orders of which nothing was released."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from shared.pages import Page
from shared.personal import PersonalAnswer, SubjectKeys
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from order_intake.amendment_queries import amendment_by_no, amendment_in, amendments_page
from order_intake.amendment_schemas import AmendmentFilters, AmendmentView, NewAmendment
from order_intake.commands.amending import amend_order
from order_intake.queries import key_of
from order_intake.settings import terms

amendment_api = router()


@amendment_api.post(
    "/orders/{order_id}/amendments",
    status_code=201,
    response_model=AmendmentView,
    responses={200: {"model": AmendmentView, "description": "Made before, with the same `reference`"}},
)
@needs("orders:write")
async def post_amendment(order_id: UUID, wish: NewAmendment, tx: Tx, store: SubjectKeys) -> Response:
    """Change lines, wished window or address of an order of which nothing was released. Where lines change and the warehouses know the
    order already, its stock is allocated anew; until they have answered nothing of it is released."""
    keys = await key_of(tx, order_id, store)
    done = await amend_order(tx, order_id, wish, terms(), store.read)
    view = await amendment_in(tx, order_id, done.amendment_no, keys)
    location = f"/orders/{order_id}/amendments/{done.amendment_no}"
    return PersonalAnswer(view, 201 if done.is_new else 200, list(keys.values()), {"Location": location})


@amendment_api.get("/orders/{order_id}/amendments", response_model=Page[AmendmentView])
@needs("orders:read")
async def get_amendments(order_id: UUID, filters: Annotated[AmendmentFilters, Query()], reading: Reading, store: SubjectKeys) -> Response:
    return PersonalAnswer(await amendments_page(reading, order_id, filters, store), 200)


@amendment_api.get("/orders/{order_id}/amendments/{amendment_no}", response_model=AmendmentView)
@needs("orders:read")
async def get_amendment(
    order_id: UUID, amendment_no: Annotated[int, Path(ge=1, lt=2**31)], reading: Reading, store: SubjectKeys
) -> Response:
    return PersonalAnswer(await amendment_by_no(reading, order_id, amendment_no, store), 200)
