"""Documents that were put aside: what is told of them, and of writing them again."""

from datetime import datetime
from uuid import UUID

from shared.bodies import Code, View
from shared.pages import IdPaging


class AsideFilters(IdPaging):
    customer_id: Code | None = None
    partner: Code | None = None


class AsideView(View):
    """A document that we could not write: `why` names the rules that it breaks, `next_step` what helps."""

    document_id: UUID
    customer_id: str
    partner: str
    kind: str
    type: str
    release: str
    order_id: UUID | None
    said_at: datetime
    why: str
    next_step: str


class RewritingView(View):
    """So many documents are tried again in a moment; so many more are left for the next call."""

    documents: int
    left: int
