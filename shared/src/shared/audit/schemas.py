from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.bodies import At, View
from shared.pages import Paging


def _searchable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


Words = Annotated[str, AfterValidator(_searchable), Field(min_length=1, max_length=500)]


class AuditFilters(Paging):
    """`subject` finds the thing, what is below it, and the batches that it was part of; `to` is not part of the time asked for."""

    after: Annotated[str | None, Field(pattern=r"^[0-9]{1,16}-[0-9]{1,18}$")] = None
    caller: Words | None = None
    action: Annotated[Words | None, Field(examples=["POST /orders/{order_id}/cancellation"])] = None
    subject: Annotated[Words | None, Field(examples=["/orders/01a2004f-18fe-7149-a4ab-c648dd1be635"])] = None
    correlation_id: UUID | None = None
    from_: Annotated[At | None, Field(alias="from")] = None
    to: At | None = None


class AuditLine(View):
    """`subject` is the path of the thing; of a batch that of the collection, and `things` says to how many of it something was done."""

    id: int
    at: datetime
    caller: str
    customer_id: str | None
    kind: str
    action: str
    subject: str
    things: int
    status: int | None
    client: str | None
    correlation_id: UUID


class AuditEntry(AuditLine):
    """With the paths of a batch's things."""

    items: list[str] | None


class HeadView(View):
    """`head` is the last seal as `audit verify` takes it; `entries` is how many are sealed."""

    head: str
    entries: int
    sealed_at: datetime | None
