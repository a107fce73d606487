from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from shared.bodies import Body, Code, Text, View
from shared.pages import IdPaging

from order_intake.lifecycle import ErasureStatus

MOST_ORDERS = 5000


class WantedConsignee(Body):
    """`code` is the customer's own word for the consignee; a name means everybody of this name, in that postal code where it is given."""

    code: Code | None = None
    name: Text | None = None
    postal_code: Text | None = None

    @model_validator(mode="after")
    def one_way(self) -> Self:
        if (self.code is None) == (self.name is None):
            raise ValueError("give either code or name")
        if self.code is not None and self.postal_code is not None:
            raise ValueError("postal_code goes with name")
        return self


class NewErasure(Body):
    """Whose name, address and phone shall be forgotten: of these orders, or of all orders that went to this consignee until now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"customer_id": "ACME", "order_ids": ["0198c0de-0000-7000-8000-000000000001"]},
                {"customer_id": "ACME", "consignee": {"code": "STORE-12"}},
            ]
        }
    )

    customer_id: Code
    order_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_ORDERS)] | None = None
    consignee: WantedConsignee | None = None

    @model_validator(mode="after")
    def one_way(self) -> Self:
        if (self.order_ids is None) == (self.consignee is None):
            raise ValueError("give either order_ids or consignee")
        return self


class ErasureFilters(IdPaging):
    customer_id: Code | None = None


class ErasureView(View):
    """`waiting`: orders that have not ended yet, the first hundred; each is erased when it ends. `done`: none is left."""

    erasure_id: UUID
    customer_id: str
    status: ErasureStatus
    requested_at: datetime
    finished_at: datetime | None
    found: int
    erased: int
    waiting: list[UUID]
