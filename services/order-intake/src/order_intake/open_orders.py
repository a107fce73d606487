"""How many orders a customer may have under way: who hoards cannot fill the warehouse, or the tables, for all others."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from time import monotonic

from shared.database import Transaction

from order_intake.lifecycle import OrderStatus

ENDED = (OrderStatus.CANCELLED, OrderStatus.CLOSED, OrderStatus.DELIVERED, OrderStatus.REJECTED)
UNDER_WAY = f"status NOT IN ({str([str(status) for status in ENDED])[1:-1]})"
"""The condition of the index, to the letter."""
NEAR_SECONDS, FAR_SECONDS = 2.0, 60.0
"""How long a count is good for: a customer with less than half of the bound cannot come to it soon."""

_COUNTED = f"""
SELECT ARRAY(
    SELECT (SELECT count(*) FROM (SELECT FROM orders WHERE orders.customer_id = wanted.customer_id AND {UNDER_WAY} LIMIT $2) AS open)
    FROM unnest($1::text[]) WITH ORDINALITY AS wanted (customer_id, position) ORDER BY position
) AS counts
"""


@dataclass(slots=True)
class _Count:
    orders: int
    good_until: float


class OpenOrders:
    """Counted now and then, plus what was placed by this process since: near enough, and no count at each placing.

    Several processes may together go beyond the bound by what they place within two seconds.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._counts: dict[str, _Count] = {}

    async def look(self, tx: Transaction, customer_ids: Collection[str]) -> None:
        """Count again for those whose count is too old."""
        now = monotonic()
        stale = sorted({each for each in customer_ids if each not in self._counts or self._counts[each].good_until < now})
        if not stale or not self.most:
            return
        row = await tx.glance(_COUNTED, stale, self.most)
        assert row
        for customer_id, orders in zip(stale, row["counts"], strict=True):
            self._counts[customer_id] = _Count(orders, now + (FAR_SECONDS if orders < self.most / 2 else NEAR_SECONDS))

    def take(self, customer_id: str) -> bool:
        """Whether one more may be placed; it is counted."""
        count = self._counts.get(customer_id)
        if count is None or not self.most:
            return True
        if count.orders >= self.most:
            return False
        count.orders += 1
        if count.orders == self.most // 2:
            count.good_until = 0.0
        return True


@cache
def open_orders(most: int) -> OpenOrders:
    """Those of this process; 0 is no bound."""
    return OpenOrders(most)
