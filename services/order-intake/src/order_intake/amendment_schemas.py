"""Changing an order before its release: the wish, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from shared.bodies import Body, Code, LineNo, Quantity, Text, View
from shared.events import By, ShipTo, Window
from shared.pages import Paging

from order_intake.order import MOST_LINES
from order_intake.schemas import Address, PromiseView, RequestedDelivery, distinct_numbers


class WantedLine(Body):
    line_no: LineNo
    sku: Code
    quantity: Quantity


class NewAmendment(Body):
    """What shall be different, at least one of lines, window and address; what is left out stays. `lines` are all that are wanted now, by
    their line_no: one that is not among them is cancelled, a new line_no is a new line. `reference` is yours: the same one again is
    answered as at first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reference": "PO-4711/1",
                    "reason": "quantity",
                    "lines": [{"line_no": 1, "sku": "TEA-500", "quantity": 24}, {"line_no": 3, "sku": "POT-RED", "quantity": 1}],
                    "requested_delivery": {"latest": "2030-05-01T08:00:00Z"},
                }
            ]
        }
    )

    reference: Text | None = None
    reason: Text = "customer_request"
    by: By = By.CUSTOMER
    lines: Annotated[list[WantedLine], AfterValidator(distinct_numbers), Field(min_length=1, max_length=MOST_LINES)] | None = None
    requested_delivery: RequestedDelivery | None = None
    ship_to: Address | None = None

    @model_validator(mode="after")
    def something(self) -> Self:
        if self.lines is None and self.requested_delivery is None and self.ship_to is None:
            raise ValueError("give at least one of lines, requested_delivery, ship_to")
        return self

    @property
    def skus(self) -> Sequence[str]:
        return [line.sku for line in self.lines or ()]


class AmendmentFilters(Paging):
    after: Annotated[int, Field(ge=0, lt=2**31)] | None = None  # type: ignore[assignment]  # the key of this collection


class AmendedLineView(View):
    """0 units: there was no such line, or it is cancelled now."""

    line_no: int
    sku: str
    former_quantity: int
    quantity: int


class AmendmentView(View):
    """What was changed, and when: `lines` those that changed, `requested_delivery` and `ship_to` as they were wished, null where they
    stayed; `promised` and `former_promised` where we promise another window. `ship_to` is null as well once it was erased. Whether the
    warehouses have answered it is said by the order."""

    amendment_no: int
    reference: str | None
    by: By
    reason: str
    amended_at: datetime
    lines: list[AmendedLineView] | None
    requested_delivery: Window | None
    promised: PromiseView | None
    former_promised: PromiseView | None
    ship_to: ShipTo | None
