"""A pick and what is said of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events import ConfirmedPick, PickConfirmed, PickShort, ShortPick

from inventory.fulfilments import Fulfilment
from inventory.states import PickStatus


@dataclass(slots=True)
class Pick:
    pick_id: UUID
    order_id: UUID
    customer_id: str
    line_no: int
    sku: str
    warehouse: str
    release_no: int
    quantity: int
    released_at: datetime
    status: PickStatus = PickStatus.OPEN
    picked: int = 0
    picked_at: datetime | None = None
    said_at: datetime | None = None
    """`picked_at` as its confirmation said it, null where it said none."""

    def __post_init__(self) -> None:
        self.status = PickStatus(self.status)

    @property
    def missing(self) -> int:
        return self.quantity - self.picked


def pick_events(order: Fulfilment, picks: Sequence[Pick]) -> Iterator[PickConfirmed | PickShort]:
    """What one call has confirmed of an order: once what was found whole, once what was short."""
    if found := tuple(_confirmed(pick) for pick in picks if pick.status is PickStatus.CONFIRMED):
        at = max(pick.picked_at for pick in found)
        yield PickConfirmed(
            order_id=order.order_id, customer_id=order.customer_id, version=order.next_version(), occurred_at=at, picks=found
        )
    if short := tuple(_short(pick) for pick in picks if pick.status is PickStatus.SHORT):
        at = max(pick.picked_at for pick in short)
        yield PickShort(order_id=order.order_id, customer_id=order.customer_id, version=order.next_version(), occurred_at=at, picks=short)


def _confirmed(pick: Pick) -> ConfirmedPick:
    assert pick.picked_at
    return ConfirmedPick(
        pick_id=pick.pick_id,
        line_no=pick.line_no,
        warehouse=pick.warehouse,
        release_no=pick.release_no,
        quantity=pick.picked,
        picked_at=pick.picked_at,
    )


def _short(pick: Pick) -> ShortPick:
    assert pick.picked_at
    return ShortPick(
        pick_id=pick.pick_id,
        line_no=pick.line_no,
        warehouse=pick.warehouse,
        release_no=pick.release_no,
        quantity=pick.picked,
        missing=pick.missing,
        picked_at=pick.picked_at,
    )
