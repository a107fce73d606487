"""Worked by hand: what an amendment changes in the figures, and what it does not."""

from datetime import timedelta

from kpi.event_handlers import record_facts
from shared.database import Transaction
from shared.events import By, OrderReceived

from tests.kpi.builders import AnOrder, a_customer
from tests.kpi.conftest import Figures, Tell

DAYS_3, DAYS_5 = timedelta(days=3), timedelta(days=5)


async def test_another_promise_counts_where_the_customer_wished_for_it_in_time(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    later, sooner = (AnOrder(customer).placed().moved(promised) for promised in (DAYS_5, timedelta(days=1)))
    by_us = AnOrder(customer).placed().moved(DAYS_5, by=By.US)
    too_late = AnOrder(customer).placed().moved(DAYS_5, after=DAYS_3)
    twice = (
        AnOrder(customer)
        .placed()
        .moved(DAYS_5)
        .moved(timedelta(days=6), after=timedelta(days=4))
        .moved(timedelta(hours=1), after=timedelta(days=7))
    )
    after_us = AnOrder(customer).placed().moved(DAYS_5, by=By.US).moved(timedelta(days=6), after=timedelta(days=4))
    for order in (later, sooner, by_us, too_late, twice, after_us):
        order.allocated().released().handed_over().unloaded(after=timedelta(days=4)).delivered(after=timedelta(days=4))

    await tell(later, sooner, by_us, too_late, twice, after_us)

    assert await figures.share("on_time_delivery_rate", customer) == (2, 6)


async def test_in_full_is_what_is_wanted_since_and_a_cancelled_line_need_not_arrive(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    less = AnOrder(customer).placed().allocated().amended({1: 4, 2: 0})
    more = AnOrder(customer).placed().allocated().amended({1: 10, 2: 10, 3: 5})
    not_all = AnOrder(customer).placed().allocated().amended({1: 10, 2: 12})
    for order in (less, more):
        order.released().handed_over().unloaded().delivered()
    not_all.released().handed_over().unloaded({1: (10, 0, 0), 2: (10, 0, 0)}).delivered()

    await tell(less, more)

    assert await figures.share("on_time_delivery_rate", customer) == (2, 2)
    assert await figures.share("perfect_order_rate", customer) == (2, 2)
    await tell(not_all)
    assert await figures.share("perfect_order_rate", customer) == (2, 3)


async def test_fills_count_what_was_ordered_at_the_first_allocation(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    after = AnOrder(customer, lines={1: 10, 2: 10}).placed().short({2: 4}).amended({1: 30, 2: 0, 3: 7})
    before = AnOrder(customer, lines={1: 10, 2: 10}).placed()
    confirmed = before.events.pop()
    before.amended({1: 5, 2: 0, 3: 3}, reallocate=False)
    before.events.append(confirmed.model_copy(update={"version": 3}))
    before.allocated()

    await tell(after, before)

    assert await figures.share("unit_fill_rate", customer) == (14 + 8, 20 + 8)
    assert await figures.share("line_fill_rate", customer) == (3, 4)


async def test_the_consignee_is_the_one_of_now_or_none(tx: Transaction) -> None:
    moved_to, nowhere_known, together = AnOrder().placed(), AnOrder().placed(), AnOrder().placed()
    for order in (moved_to, nowhere_known, together):
        assert isinstance(order.events[0], OrderReceived)
        order.events[0] = order.events[0].model_copy(update={"consignee_code": "STORE-1"})
    for order in (moved_to, nowhere_known):
        await record_facts(tx, order.events)
        order.events.clear()
    moved_to.amended({}, reallocate=False, ship_to_changed=True, consignee_code="STORE-2")
    nowhere_known.amended({}, reallocate=False, ship_to_changed=True)
    together.amended({}, reallocate=False, ship_to_changed=True)

    for order in (moved_to, nowhere_known, together):
        await record_facts(tx, order.events)

    sql = "SELECT consignee_code FROM order_facts WHERE order_id = $1"
    codes = [await tx.fetchval(sql, order.order_id) for order in (moved_to, nowhere_known, together)]
    assert codes == ["STORE-2", None, None]
