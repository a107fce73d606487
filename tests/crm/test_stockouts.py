import asyncio
from collections.abc import Callable
from itertools import permutations
from uuid import UUID, uuid4

import httpx
import pytest
from crm.event_handlers import follow_stockouts
from crm.stockouts import Stockout, decide
from shared.database import Pool, Transaction, transaction
from shared.events import Event

from tests.builders import turns
from tests.conftest import published
from tests.crm.builders import NOW, a_customer, a_customer_id, cancelled, confirmed, hear, received, reserved, short

TOLD = ["case.opened.v1", "stockout.customer_notified.v1"]


async def _open_cases(tx: Transaction, customer_id: str) -> int:
    count = await tx.fetchval("SELECT count(*) FROM cases WHERE customer_id = $1 AND status = 'new'", customer_id)
    return int(count)


async def test_a_short_order_opens_one_case_and_tells_the_customer(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()

    await hear(tx, short(customer_id, order_id))
    await hear(tx, short(customer_id, order_id, version=2))

    said = await published(tx)
    assert [row["type"] for row in said] == TOLD
    assert [row["version"] for row in said] == [1, 2]
    assert await _open_cases(tx, customer_id) == 1


@pytest.mark.parametrize(("ending", "cause"), [(reserved, "restocked"), (cancelled, "cancelled")])
@pytest.mark.parametrize("together", [True, False])
async def test_the_case_ends_with_the_waiting(tx: Transaction, ending: Callable[[str, UUID], Event], cause: str, *, together: bool) -> None:
    customer_id, order_id = a_customer_id(), uuid4()
    end = ending(customer_id, order_id)

    if together:
        await hear(tx, short(customer_id, order_id), end)
    else:
        await hear(tx, short(customer_id, order_id))
        await hear(tx, end)

    case = await tx.fetchrow("SELECT status, cause, event_version FROM cases WHERE customer_id = $1", customer_id)
    assert case
    assert tuple(case) == ("resolved", cause, 3)
    assert [(row["type"], row["version"]) for row in await published(tx)] == [*zip(TOLD, (1, 2), strict=True), ("case.resolved.v1", 3)]


async def test_a_part_of_the_stock_does_not_end_it(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()

    await hear(tx, short(customer_id, order_id), reserved(customer_id, order_id, complete=False))

    assert await _open_cases(tx, customer_id) == 1


async def test_a_second_shortage_after_the_first_ended_is_a_second_case(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()

    await hear(tx, short(customer_id, order_id), reserved(customer_id, order_id))
    await hear(tx, short(customer_id, order_id, version=3))

    assert await tx.fetchval("SELECT count(*) FROM cases WHERE order_id = $1", order_id) == 2
    assert await _open_cases(tx, customer_id) == 1


async def test_in_whatever_order_the_topics_are_heard_a_cancelled_order_waits_for_nothing(tx: Transaction) -> None:
    for order in permutations(range(3)):
        customer_id, order_id = a_customer_id(), uuid4()
        events: list[Event] = [received(customer_id, order_id), cancelled(customer_id, order_id), short(customer_id, order_id)]
        if order.index(0) > order.index(1):
            continue

        for each in order:
            await hear(tx, events[each])

        assert await _open_cases(tx, customer_id) == 0


async def test_two_workers_that_hear_shortage_and_end_at_once_leave_no_open_case(pool: Pool) -> None:
    customer_id = a_customer_id()
    orders = [uuid4() for _ in range(40)]

    async def worker(events: list[Event]) -> None:
        for start in range(0, len(events), 10):
            async with transaction(pool) as tx:
                await hear(tx, *events[start : start + 10])

    await asyncio.gather(
        worker([short(customer_id, order_id) for order_id in orders]),
        worker([cancelled(customer_id, order_id) for order_id in reversed(orders)]),
        worker([event for order_id in orders for event in (received(customer_id, order_id), confirmed(customer_id, order_id))]),
    )

    async with transaction(pool) as tx:
        assert await tx.fetchval("SELECT count(*) FROM stockouts WHERE order_id = ANY($1::uuid[]) AND is_over", orders) == 40
        assert await _open_cases(tx, customer_id) == 0


async def test_a_case_that_a_person_resolved_is_left_alone(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, order_id = await a_customer(client), uuid4()
    async with transaction(pool) as tx:
        await hear(tx, short(customer_id, order_id))
    [case] = (await client.get("/cases", params={"customer_id": customer_id})).json()["items"]
    done = await client.post(f"/cases/{case['case_id']}/resolution", json={"cause": "late supplier", "remedy": "told by phone"})

    async with transaction(pool) as tx:
        await hear(tx, reserved(customer_id, order_id))

    assert (await client.get(f"/cases/{case['case_id']}")).json() == done.json()


async def test_what_is_said_belongs_to_the_chain_of_its_order(tx: Transaction) -> None:
    customer_id, order_id = a_customer_id(), uuid4()
    [turn] = turns([short(customer_id, order_id)])
    tx.causes = {str(order_id): turn.envelope}
    chain = turn.envelope.cause

    await follow_stockouts(tx, [turn.event])

    rows = await tx.fetch("SELECT correlation_id, causation_id FROM outbox WHERE customer_id = $1", customer_id)
    assert {tuple(row) for row in rows} == {(chain.correlation_id, chain.causation_id)}


def test_deciding_does_not_touch_what_is_known() -> None:
    order_id = uuid4()
    over = {order_id: Stockout(is_over=True)}

    decision = decide([short("C-1", order_id)], over, NOW)

    assert (decision.opened, decision.said) == ({}, [])
