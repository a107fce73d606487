"""Whatever happens, in whatever order: the books balance after every step."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st
from inventory.commands.adjustments import adjust_stock
from inventory.commands.picks import confirm_picks
from inventory.schemas import NewAdjustment, NewConfirmation
from shared.database import Pool, Transaction
from shared.events import OrderConfirmed
from uuid_utils.compat import uuid7

from tests.inventory.builders import a_cancellation, a_customer_with, a_handover, a_release, an_order, broken_books, hear, resume

SKUS = st.sampled_from(["TEA", "MUG"])
WAREHOUSES = st.sampled_from(["W1", "W2"])
NUMBERS = st.integers(0, 5)
"""Which of the orders placed so far."""
Step = tuple[object, ...]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("adjust"), SKUS, WAREHOUSES, st.integers(-9, 9).filter(bool)),
        st.tuples(st.just("place"), st.lists(st.tuples(SKUS, st.integers(1, 9)), min_size=1, max_size=3), st.booleans()),
        st.tuples(st.just("release"), NUMBERS),
        st.tuples(st.just("pick"), NUMBERS, st.integers(0, 4)),
        st.tuples(st.just("hand_over"), NUMBERS, WAREHOUSES),
        st.tuples(st.just("cancel"), NUMBERS),
        st.tuples(st.just("resume")),
    ),
    min_size=6,
    max_size=25,
)


class Life:
    """One customer's orders and what may become of them."""

    def __init__(self, tx: Transaction, customer_id: str) -> None:
        self.tx, self.customer_id = tx, customer_id
        self.orders: list[OrderConfirmed] = []
        self.shipped: set[object] = set()

    async def adjust(self, sku: str, warehouse: str, quantity: int) -> None:
        new = NewAdjustment(
            customer_id=self.customer_id, sku=sku, warehouse=warehouse, quantity=quantity, reason="count", reference=uuid7().hex
        )
        await adjust_stock(self.tx, [new])

    async def place(self, lines: list[tuple[str, int]], allow_partial: bool) -> None:
        self.orders.append(an_order(self.customer_id, lines, allow_partial=allow_partial, hours=1 + len(lines)))
        await hear(self.tx, self.orders[-1])

    async def release(self, number: int) -> None:
        sql = """
        SELECT warehouse, line_no, held FROM reservations WHERE order_id = $1 AND held > 0 AND (line_no, warehouse) NOT IN (
            SELECT line_no, warehouse FROM picks WHERE order_id = $1
        )"""
        for order in self.orders[number : number + 1]:
            parts: defaultdict[str, dict[int, int]] = defaultdict(dict)
            for warehouse, line_no, quantity in await self.tx.fetch(sql, order.order_id):
                parts[warehouse][line_no] = quantity
            await hear(self.tx, a_release(order, parts, release_no=len(self.shipped) + 1))

    async def pick(self, number: int, missing: int) -> None:
        sql = "SELECT pick_id, quantity FROM picks WHERE order_id = $1 AND status = 'open' ORDER BY pick_id LIMIT 2"
        for order in self.orders[number : number + 1]:
            rows = await self.tx.fetch(sql, order.order_id)
            found = [NewConfirmation(pick_id=row["pick_id"], quantity=max(0, row["quantity"] - missing)) for row in rows]
            await confirm_picks(self.tx, found)

    async def hand_over(self, number: int, warehouse: str) -> None:
        sql = "SELECT pick_id, line_no, picked FROM picks WHERE order_id = $1 AND warehouse = $2 AND picked > 0"
        for order in self.orders[number : number + 1]:
            rows = [row for row in await self.tx.fetch(sql, order.order_id, warehouse) if row["pick_id"] not in self.shipped]
            cancelled = await self.tx.fetchval("SELECT status = 'cancelled' FROM fulfilments WHERE order_id = $1", order.order_id)
            if rows and not cancelled:
                self.shipped |= {row["pick_id"] for row in rows}
                await hear(self.tx, a_handover(order, warehouse, {row["line_no"]: row["picked"] for row in rows}))

    async def cancel(self, number: int) -> None:
        for order in self.orders[number : number + 1]:
            await hear(self.tx, a_cancellation(order))

    async def resume(self) -> None:
        await resume(self.tx)


@given(steps)
@settings(max_examples=40, deadline=None)
async def test_the_books_balance_after_every_step(pool: Pool, steps: list[Step]) -> None:
    tx = Transaction(pool)
    try:
        life = Life(tx, await a_customer_with(tx, {"TEA": {"W1": 9, "W2": 4}, "MUG": {"W1": 2}}))
        await tx.execute("INSERT INTO warehouses (code, name) VALUES ('W2', 'W2') ON CONFLICT DO NOTHING")
        for name, *arguments in steps:
            await getattr(life, str(name))(*arguments)
            assert await broken_books(tx, life.customer_id) == []
    finally:
        await tx.rollback()
