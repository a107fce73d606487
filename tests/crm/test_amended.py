"""What the person at the phone sees of an amended order."""

from datetime import timedelta
from uuid import UUID, uuid4

from crm.event_handlers import follow_orders
from shared.database import Row, Transaction
from shared.events import By, OrderAmended, OrderBackordered, OrderCommitChanged, OrderLine, Promise, ShortLine, StockReallocated

from tests.conftest import published
from tests.crm.builders import LINES, NOW, a_customer_id, confirmed, hear, received, reserved, short

LATER = Promise(earliest=NOW, latest=NOW + timedelta(days=9))


def amended(customer_id: str, order_id: UUID, lines: dict[int, int], *, version: int = 3, reallocate: bool = True) -> OrderAmended:
    wanted = tuple(OrderLine(line_no=no, sku="71053", quantity=quantity) for no, quantity in lines.items())
    said = {"amendment_no": version - 2, "by": By.CUSTOMER, "reason": "quantity", "lines": wanted, "reallocate": reallocate}
    return OrderAmended.model_validate({"customer_id": customer_id, "version": version, "occurred_at": NOW, "order_id": order_id, **said})


def moved(customer_id: str, order_id: UUID, *, version: int) -> OrderCommitChanged:
    return OrderCommitChanged(
        customer_id=customer_id,
        version=version,
        occurred_at=NOW,
        order_id=order_id,
        by=By.CUSTOMER,
        reason="date",
        promised=LATER,
        former=Promise(earliest=NOW, latest=NOW),
    )


def reallocated(customer_id: str, order_id: UUID, *, version: int, waits: bool) -> StockReallocated:
    line = ShortLine(line_no=1, sku="71053", demanded=9, available=2, reserved=2)
    return StockReallocated(
        customer_id=customer_id,
        version=version,
        occurred_at=NOW,
        order_id=order_id,
        amendment_no=1,
        complete=not waits,
        warehouses=(),
        short=(line,) if waits else (),
    )


async def row_of(tx: Transaction, order_id: UUID) -> Row:
    row = await tx.fetchrow("SELECT status, line_nos, promised_latest FROM orders WHERE order_id = $1", order_id)
    assert row
    return row


async def test_lines_promise_and_status_are_those_of_now_in_whatever_batches(tx: Transaction) -> None:
    for together in (True, False):
        customer_id, order_id = a_customer_id(), uuid4()
        backordered = OrderBackordered(customer_id=customer_id, version=4, occurred_at=NOW, order_id=order_id, lines=LINES)
        events = [
            received(customer_id, order_id),
            confirmed(customer_id, order_id),
            amended(customer_id, order_id, {1: 8, 2: 0, 3: 5}),
            backordered,
            moved(customer_id, order_id, version=5),
            amended(customer_id, order_id, {1: 8, 2: 4, 3: 0}, version=6, reallocate=False),
        ]
        for batch in [events] if together else [[event] for event in events]:
            await follow_orders(tx, batch)

        assert tuple(await row_of(tx, order_id)) == ("backordered", [1, 2], LATER.latest)
        await follow_orders(tx, [amended(customer_id, order_id, {1: 2}, version=7)])
        assert (await row_of(tx, order_id))["status"] == "confirmed"


async def test_a_stockout_begins_and_ends_with_the_answer_to_an_amendment(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()

    await hear(tx, reallocated(customer_id, order_id, version=2, waits=True))
    await hear(tx, reallocated(customer_id, order_id, version=3, waits=True))
    await hear(tx, reallocated(customer_id, order_id, version=4, waits=False))

    assert [row["type"] for row in await published(tx)] == ["case.opened.v1", "stockout.customer_notified.v1", "case.resolved.v1"]
    case = await tx.fetchrow("SELECT status, cause FROM cases WHERE customer_id = $1", customer_id)
    assert case
    assert tuple(case) == ("resolved", "amended")


async def test_a_stockout_that_an_amendment_does_not_end_ends_with_the_stock(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()

    await hear(tx, short(customer_id, order_id), reallocated(customer_id, order_id, version=2, waits=True), reserved(customer_id, order_id))

    assert await tx.fetchval("SELECT cause FROM cases WHERE customer_id = $1", customer_id) == "restocked"
