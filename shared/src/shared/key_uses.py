"""Where a key was used last: every service tells what it has seen itself."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import MetaData, select

from shared.bodies import Code, View
from shared.key_tables import add_keys
from shared.pages import Page, Paging, equal, one_page, page
from shared.routes import Reading, router
from shared.scopes import needs

KeyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]

keys = add_keys(MetaData())
api = router()


class UseFilters(Paging):
    customer_id: Code | None = None
    after: KeyId | None = None


class KeyUse(View):
    """`last_used_at`: here, by the minute; null: never, as far as this service knows."""

    key_id: str
    customer_id: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@api.get("/key-uses", response_model=Page[KeyUse], tags=["keys"])
@needs("admin")
async def get_key_uses(reading: Reading, filters: Annotated[UseFilters, Query()]) -> Page[KeyUse]:
    """Every key that this service has heard of, and when it was used here last."""
    query = select(keys).where(*equal(keys, {"customer_id": filters.customer_id}))
    found = await reading.execute(one_page(query, keys.c.key_id, filters))
    return page([KeyUse.model_validate(row, from_attributes=True) for row in found], filters.limit, lambda row: row.key_id)
