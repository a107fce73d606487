"""Worked by hand: what the contract promises."""

from datetime import UTC, datetime, timedelta
from functools import partial

from shared.events import By, CaseKind

from tests.kpi.builders import AnOrder, a_customer, hours
from tests.kpi.conftest import Figures, Tell

DAYS_3 = timedelta(days=3)


async def test_on_time_is_every_line_by_the_promised_end_and_what_never_arrives_is_late(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    in_time = AnOrder(customer).arrived()
    to_the_second = AnOrder(customer).arrived(after=DAYS_3)
    too_late = AnOrder(customer).arrived(after=DAYS_3 + timedelta(microseconds=1))
    never = AnOrder(customer).placed().allocated().released()
    half = AnOrder(customer).placed().allocated().released().handed_over().unloaded({1: (10, 0, 0)})
    a_line_lost = AnOrder(customer).arrived({1: (10, 0, 0), 2: (0, 0, 10)})
    units_lost = AnOrder(customer).arrived({1: (10, 0, 0), 2: (9, 0, 1)})

    await tell(in_time, to_the_second, too_late, never, half, a_line_lost, units_lost)

    row = await figures.measure("on_time_delivery_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (3, 7, 42.86)  # in_time, to_the_second, units_lost; 3 / 7
    assert (row["target"], row["status"]) == (99.0, "missed_significant")
    assert row["interval"] == {"low": 15.82, "high": 74.95}


async def test_only_what_the_customer_cancelled_before_the_deadline_does_not_count(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    delivered = AnOrder(customer).arrived()
    cancelled_in_time = AnOrder(customer).placed().allocated().cancelled(By.CUSTOMER, after=DAYS_3 - hours(1))
    cancelled_too_late = AnOrder(customer).placed().allocated().cancelled(By.CUSTOMER, after=DAYS_3)
    cancelled_by_us = AnOrder(customer).placed().allocated().cancelled(By.US, after=hours(2))
    rejected_by_us = AnOrder(customer).placed().rejected(after=hours(2))
    never_confirmed = AnOrder(customer).placed()
    del never_confirmed.events[1:]

    await tell(delivered, cancelled_in_time, cancelled_too_late, cancelled_by_us, rejected_by_us, never_confirmed)

    assert await figures.share("on_time_delivery_rate", customer) == (1, 4)
    assert await figures.share("perfect_order_rate", customer) == (1, 4)
    assert await figures.share("complaint_free_rate", customer) == (4, 4)
    assert await figures.share("delivery_accuracy_rate", customer) == (1, 1)
    assert await figures.share("order_fill_rate", customer) == (4, 4)


async def test_a_cancellation_before_the_first_allocation_takes_the_order_out_of_the_fills(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    by_customer = AnOrder(customer).placed().cancelled(By.CUSTOMER, after=hours(1.4)).short({1: 0}, after=hours(1.5))
    by_us = AnOrder(customer).placed().cancelled(By.US, after=hours(1.4)).short({1: 0}, after=hours(1.5))

    await tell(by_customer, by_us)

    assert await figures.share("order_fill_rate", customer) == (0, 1)
    assert await figures.share("line_fill_rate", customer) == (1, 2)


async def test_an_order_that_is_not_due_yet_counts_once_its_outcome_is_known(tell: Tell, figures: Figures) -> None:
    customer, now = a_customer(), datetime.now(UTC)
    coming = partial(AnOrder, customer, submitted_at=now - hours(24), promised=timedelta(days=2))
    on_its_way = coming().placed().allocated().released()
    arrived_early = coming().arrived()
    given_up_by_us = coming().placed().cancelled(By.US, after=hours(2))

    await tell(on_its_way, arrived_early, given_up_by_us)

    period = {"from": str(now.date() - timedelta(days=3)), "to": str(now.date() + timedelta(days=4))}
    assert await figures.share("on_time_delivery_rate", customer, **period) == (1, 2)
    assert await figures.share("complaint_free_rate", customer, **period) == (1, 1)
    answer = await figures.get("/kpis/on_time_delivery_rate", customer_id=customer, **period)
    assert answer["provisional"]


async def test_one_complaint_up_to_thirty_days_after_delivery_spoils_an_order(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    quiet = AnOrder(customer).arrived()
    praised = AnOrder(customer).arrived().complained(after=hours(20), kind=CaseKind.FEEDBACK)
    angry = AnOrder(customer).arrived().complained(after=hours(20)).complained(after=hours(21))
    impatient = AnOrder(customer).arrived().complained(after=hours(14))
    on_the_last_day = AnOrder(customer).arrived().complained(after=hours(15) + timedelta(days=30))
    after_the_last_day = AnOrder(customer).arrived().complained(after=hours(15) + timedelta(days=30, seconds=1))
    waiting = AnOrder(customer).placed().complained(after=timedelta(days=33))  # 30 days after the promise of 3 days

    await tell(quiet, praised, angry, impatient, on_the_last_day, after_the_last_day, waiting)

    row = await figures.measure("complaint_free_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (3, 7, 42.86)  # quiet, praised, after_the_last_day
    assert (row["target"], row["status"]) == (98.0, "missed_significant")


async def test_damage_is_damaged_units_of_those_that_arrived(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    whole = AnOrder(customer, lines={1: 1000}).arrived()
    scratched = AnOrder(customer, lines={1: 500, 2: 20}).arrived({1: (498, 2, 0), 2: (15, 0, 5)})  # 515 arrived, 5 lost
    wholly_lost = AnOrder(customer, lines={1: 40}).arrived({1: (0, 0, 40)})

    await tell(whole, scratched, wholly_lost)

    row = await figures.measure("damage_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (2, 1515, 0.13)  # 2 / 1515 = 0.132 %
    assert (row["target"], row["status"]) == (0.1, "missed")  # the interval reaches below 0.1 %


async def test_accurate_is_accepted_and_damaged_as_advised(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    exact = AnOrder(customer).arrived()
    damaged_but_there = AnOrder(customer).arrived({1: (8, 2, 0), 2: (10, 0, 0)})
    one_missing = AnOrder(customer).arrived({1: (9, 0, 1), 2: (10, 0, 0)})
    less_than_ordered_but_as_advised = AnOrder(customer).arrived({1: (5, 0, 0), 2: (10, 0, 0)})
    on_the_road = AnOrder(customer).placed().allocated().released().handed_over()

    await tell(exact, damaged_but_there, one_missing, less_than_ordered_but_as_advised, on_the_road)

    row = await figures.measure("delivery_accuracy_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (3, 4, 75.0)
    assert (row["target"], row["status"]) == (98.0, "missed_significant")


async def test_perfect_is_on_time_and_in_full_and_undamaged_and_accurate_and_documented(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    perfect = AnOrder(customer).arrived()
    late = AnOrder(customer).arrived(after=DAYS_3 + hours(1))
    not_in_full = AnOrder(customer).arrived({1: (5, 0, 0), 2: (10, 0, 0)})
    damaged = AnOrder(customer).arrived({1: (9, 1, 0), 2: (10, 0, 0)})
    inaccurate = AnOrder(customer, lines={1: 10}).arrived({1: (10, 0, 1)})  # 11 were advised, 10 ordered and accepted
    unsigned = AnOrder(customer).arrived(signed=False)
    not_advised = AnOrder(customer).placed().allocated().released().unloaded().delivered()

    await tell(perfect, late, not_in_full, damaged, inaccurate, unsigned, not_advised)

    row = await figures.measure("perfect_order_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 7, 14.29)
    assert row["target"] == 95.0
    assert await figures.share("on_time_delivery_rate", customer) == (6, 7)


async def test_more_of_one_line_does_not_make_up_for_another(tell: Tell, figures: Figures) -> None:
    customer = a_customer()

    await tell(AnOrder(customer).arrived({1: (9, 0, 0), 2: (11, 0, 0)}))

    assert await figures.share("perfect_order_rate", customer) == (0, 1)


async def test_an_order_is_judged_accurate_when_its_delivery_is_heard(tell: Tell, figures: Figures) -> None:
    """order-intake may be heard before dispatch."""
    customer = a_customer()
    order = AnOrder(customer).arrived({1: (9, 0, 1), 2: (10, 0, 0)})
    unloaded = order.events.pop(-2)

    await tell(order)
    before = await figures.share("delivery_accuracy_rate", customer)
    await tell([unloaded])

    assert before == (0, 0)
    assert await figures.share("delivery_accuracy_rate", customer) == (0, 1)
