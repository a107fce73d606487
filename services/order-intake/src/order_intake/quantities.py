"""What becomes of the units of an order line.

The units stand in buckets that always add up to what was ordered. The warehouse and the carriers tell their facts on topics that are not
ordered among each other: goods may be heard to be handed over before they are heard to be packed. So a line keeps for each kind of fact how
much was told in total, and the buckets follow from the totals: adding is commutative, the order of hearing does not matter, and
a fact that a later one has implied already moves nothing again.
"""

from dataclasses import dataclass

from order_intake.errors import ImpossibleFact
from order_intake.lifecycle import OrderStatus

BUCKETS = {
    "waiting": OrderStatus.CONFIRMED,
    "backordered": OrderStatus.BACKORDERED,
    "reserved": OrderStatus.ALLOCATED,
    "released": OrderStatus.RELEASED,
    "picked": OrderStatus.PICKING,
    "packed": OrderStatus.PACKED,
    "shipped": OrderStatus.SHIPPED,
    "delivered": OrderStatus.DELIVERED,
    "damaged": OrderStatus.DELIVERED,
    "lost": OrderStatus.DELIVERED,
    "cancelled": OrderStatus.CANCELLED,
}
"""Every bucket in the order of progress, with the status of a line whose least advanced units lie in it."""


@dataclass(slots=True)
class Line:
    line_no: int
    sku: str
    ordered: int
    waiting: int
    backordered: int = 0
    reserved: int = 0
    released: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0
    damaged: int = 0
    lost: int = 0
    cancelled: int = 0
    picked_total: int = 0
    packed_total: int = 0
    is_changed: bool = False

    @property
    def wanting(self) -> int:
        """Units without stock."""
        return self.waiting + self.backordered

    @property
    def wanted(self) -> int:
        """Units that are to be delivered: none of a line that was cancelled."""
        return self.ordered - self.cancelled

    @property
    def status(self) -> OrderStatus:
        """The least advanced bucket that is not empty."""
        return next(status for bucket, status in BUCKETS.items() if getattr(self, bucket))

    def reserve(self, quantity: int) -> int:
        """Stock is set aside: first for units that wait, then for those on backorder. Returns for how many."""
        taken = min(quantity, self.wanting)
        waited = min(taken, self.waiting)
        self.waiting -= waited
        self.backordered -= taken - waited
        self.reserved += taken
        self.is_changed = True
        return taken

    def fall_short(self, quantity: int) -> int:
        """There is no stock for these units. Returns how many of them had not been on backorder before."""
        moved = min(quantity, self.waiting)
        self.waiting -= moved
        self.backordered += moved
        self.is_changed |= moved > 0
        return moved

    def release(self, quantity: int) -> None:
        self.reserved -= quantity
        self.released += quantity
        self.is_changed = True

    def pick(self, quantity: int) -> None:
        released = self._released_total()
        self.picked_total += quantity
        self._settle(released, self._handed_total())

    def miss(self, quantity: int) -> None:
        """Released units were not found: they wait for stock again."""
        self.released -= quantity
        self.waiting += quantity
        self.is_changed = True
        self._check()

    def pack(self, quantity: int) -> None:
        released = self._released_total()
        self.packed_total += quantity
        self._settle(released, self._handed_total())

    def hand_over(self, quantity: int) -> None:
        self._settle(self._released_total(), self._handed_total() + quantity)

    def deliver(self, accepted: int, damaged: int, short: int) -> None:
        self.shipped -= accepted + damaged + short
        self.delivered += accepted
        self.damaged += damaged
        self.lost += short
        self.is_changed = True
        self._check()

    def cancel(self) -> None:
        """Nothing of the line will be delivered."""
        self._empty()
        self.cancelled = self.ordered

    def want(self, quantity: int) -> None:
        """So many are wanted now, and all of them wait for stock."""
        self._empty()
        self.ordered = self.waiting = quantity

    def _empty(self) -> None:
        for bucket in BUCKETS:
            setattr(self, bucket, 0)
        self.is_changed = True

    def _handed_total(self) -> int:
        return self.shipped + self.delivered + self.damaged + self.lost

    def _released_total(self) -> int:
        return self.released + self.picked + self.packed + self._handed_total()

    def _settle(self, released: int, handed: int) -> None:
        """Derive the buckets between release and delivery from the totals."""
        packed = max(self.packed_total, handed)
        picked = max(self.picked_total, packed)
        self.released = released - picked
        self.picked = picked - packed
        self.packed = packed - handed
        self.shipped = handed - self.delivered - self.damaged - self.lost
        self.is_changed = True
        self._check()

    def _check(self) -> None:
        """More cannot be told than happened; who does is parked."""
        if self.released < 0 or self.shipped < 0:
            raise ImpossibleFact(f"Line {self.line_no}: more is told to be picked, packed, handed over or delivered than was before.")
