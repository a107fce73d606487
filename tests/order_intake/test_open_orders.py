"""A customer has so many orders under way and no more."""

import pytest
from order_intake.commands.placing import place_orders
from order_intake.models import metadata
from order_intake.open_orders import UNDER_WAY, OpenOrders
from order_intake.schemas import NewOrder
from order_intake.settings import Terms
from shared.batches import Done
from shared.database import Transaction

from tests.order_intake.builders import a_body, a_customer, new_keys

FEW = Terms(open_orders_per_customer=3)


async def placed(tx: Transaction, customer_id: str, references: list[str], terms: Terms = FEW) -> list[bool]:
    news = [NewOrder.model_validate(a_body(customer_id, reference)) for reference in references]
    outcomes = await place_orders(tx, news, terms, new_keys)
    await tx.flush()
    return [isinstance(outcome, Done) for outcome in outcomes]


async def test_of_a_batch_those_are_refused_that_are_too_many(tx: Transaction) -> None:
    customer_id, other = await a_customer(tx), await a_customer(tx)

    taken = await placed(tx, customer_id, ["A", "B", "C", "D"])
    others = await placed(tx, other, ["A"])

    assert taken == [True, True, True, False]
    assert others == [True]


async def test_what_is_placed_already_is_answered_as_at_first(tx: Transaction) -> None:
    customer_id = await a_customer(tx)
    await placed(tx, customer_id, ["A", "B", "C"])

    assert await placed(tx, customer_id, ["A"]) == [True]
    assert await placed(tx, customer_id, ["D"]) == [False]


@pytest.mark.parametrize("ended", ["delivered", "closed", "cancelled", "rejected"])
async def test_who_has_ended_orders_may_place_again(tx: Transaction, ended: str) -> None:
    customer_id = await a_customer(tx)
    await placed(tx, customer_id, ["A", "B", "C"])
    await tx.execute("UPDATE orders SET status = $2 WHERE customer_id = $1 AND customer_reference = 'B'", customer_id, ended)
    counts = OpenOrders(3)

    await counts.look(tx, [customer_id])

    assert [counts.take(customer_id) for _ in range(2)] == [True, False]


async def test_what_others_have_placed_is_seen_when_it_is_counted_again(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, now = await a_customer(tx), 100.0
    monkeypatch.setattr("order_intake.open_orders.monotonic", lambda: now)
    counts = OpenOrders(4)
    await counts.look(tx, [customer_id])
    counts.take(customer_id)
    await placed(tx, customer_id, ["A", "B", "C", "D"], Terms())

    await counts.look(tx, [customer_id])
    at_once = counts.take(customer_id)
    now += 61
    await counts.look(tx, [customer_id])

    assert at_once
    assert not counts.take(customer_id)


async def test_nobody_is_bound_where_no_bound_is_set(tx: Transaction) -> None:
    customer_id = await a_customer(tx)

    assert all(await placed(tx, customer_id, list("ABCDE"), Terms(open_orders_per_customer=0)))


async def test_counting_reads_the_index_alone(tx: Transaction) -> None:
    """That it can; on a table so small another way may cost as little."""
    await tx.execute("SET LOCAL enable_indexscan = off")
    await tx.execute("SET LOCAL enable_bitmapscan = off")
    plan = await tx.fetch(f"EXPLAIN SELECT count(*) FROM (SELECT FROM orders WHERE customer_id = 'A' AND {UNDER_WAY} LIMIT 10) AS open")

    assert any("Index Only Scan using orders_under_way" in row[0] for row in plan)
    assert "orders_under_way" in {index.name for index in metadata.tables["orders"].indexes}
