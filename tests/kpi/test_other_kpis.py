"""Worked by hand: availability, lead time and cases."""

from datetime import UTC, datetime, timedelta

from shared.events import CaseKind, Event, LineQuantity, ReservedLines, ShortLine, StockReserved, StockShort

from tests.kpi.builders import MORNING, AnOrder, a_case, a_customer, hours
from tests.kpi.conftest import Figures, Tell


async def test_fills_count_what_was_available_at_first_even_where_nothing_was_held(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    had_all = AnOrder(customer, lines={1: 60}).placed().allocated()
    one_line_short = AnOrder(customer, lines={1: 20, 2: 20}).placed().short({2: 17})  # 37 of 40 units, 1 of 2 lines
    had_none_then_all = AnOrder(customer, lines={1: 100}).placed().short({1: 0}).allocated(first=False, after=hours(9))
    not_answered = AnOrder(customer).placed()

    await tell(had_all, one_line_short, had_none_then_all, not_answered)

    units = await figures.measure("unit_fill_rate", customer)
    assert (units["numerator"], units["denominator"], units["value"]) == (97, 200, 48.5)  # 60 + 37 + 0 of 60 + 40 + 100
    assert (units["target"], units["status"]) == (None, "no_target")
    lines = await figures.measure("line_fill_rate", customer)
    assert (lines["numerator"], lines["denominator"], lines["value"]) == (2, 4, 50.0)
    orders = await figures.measure("order_fill_rate", customer)
    assert (orders["numerator"], orders["denominator"], orders["value"]) == (1, 3, 33.33)
    stockouts = await figures.measure("stockout_frequency", customer)
    assert (stockouts["numerator"], stockouts["denominator"], stockouts["value"]) == (2, 4, 50.0)


async def test_a_first_answer_in_parts_counts_when_its_last_part_is_heard(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    order = AnOrder(customer, lines={1: 10, 2: 10, 3: 10}).placed()
    held = ReservedLines(warehouse="WH-1", lines=(LineQuantity(line_no=1, quantity=10),))
    order.say(StockReserved, "fulfilment", hours(1), first=True, complete=False, warehouses=[held])
    for line_no, more in ((2, True), (3, False)):
        short = ShortLine(line_no=line_no, sku=f"SKU-{line_no}", demanded=10, available=4, reserved=4)
        order.say(StockShort, "fulfilment", hours(1), first=True, lines=[short], more=more)

    await tell(order.events[:-1])
    before = await figures.share("unit_fill_rate", customer)
    await tell(order.events[-1:])

    assert before == (0, 0)
    assert await figures.share("unit_fill_rate", customer) == (18, 30)


async def test_a_later_shortage_does_not_change_the_first_fill(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    order = AnOrder(customer).placed().allocated().short({1: 2}, first=False, after=hours(5))

    await tell(order)

    assert await figures.share("unit_fill_rate", customer) == (20, 20)


async def test_lead_time_is_mean_median_percentiles_and_four_segments(tell: Tell, figures: Figures) -> None:
    """Received after 60 minutes, released after 180, handed over after 420; delivered after 600, 900 and 1200."""
    customer = a_customer()
    orders = [AnOrder(customer).arrived(after=timedelta(minutes=minutes)) for minutes in (600, 1200, 900)]

    await tell(*orders, AnOrder(customer).placed())

    row = await figures.measure("order_lead_time", customer)
    assert (row["value"], row["denominator"], row["status"], row["interval"]) == (900.0, 3, "no_target", None)
    assert row["numerator"] == 2700 * 60_000_000
    assert row["lead_time"] == {
        "mean": 900.0,
        "median": 900.0,
        "p90": 1140.0,  # at 0.9 x 2 = 1.8 between the ranks: 900 + 0.8 x 300
        "p95": 1170.0,
        "segmented": 3,
        "segments": {"transmission": 60.0, "processing": 120.0, "preparation": 240.0, "delivery": 480.0},
    }


async def test_the_last_release_and_the_last_handover_end_their_segments(tell: Tell, figures: Figures) -> None:
    order = AnOrder().placed().allocated().released().handed_over(after=hours(5))
    order.released("WH-2", after=hours(4), release_no=2).handed_over("WH-2", after=hours(6))
    order.unloaded(warehouse="WH-2", after=hours(7)).delivered(after=hours(10))

    await tell(order)

    facts = await figures.client.get(f"/orders/{order.order_id}/facts")
    assert facts.json()["segments"] == {"transmission": 60.0, "processing": 180.0, "preparation": 120.0, "delivery": 240.0}


async def test_an_order_without_all_stamps_counts_in_the_whole_and_not_in_the_segments(tell: Tell, figures: Figures) -> None:
    customer = a_customer()

    await tell(AnOrder(customer).placed().delivered(after=hours(10)))

    lead_time = (await figures.measure("order_lead_time", customer))["lead_time"]
    assert (lead_time["mean"], lead_time["segmented"], lead_time["segments"]) == (600.0, 0, None)


async def test_resolved_within_48_hours(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    cases: list[Event] = [
        *a_case(customer, CaseKind.COMPLAINT, MORNING, resolved=hours(48)),
        *a_case(customer, CaseKind.FEEDBACK, MORNING, resolved=hours(1)),
        *a_case(customer, CaseKind.COMPLAINT, MORNING, resolved=hours(48) + timedelta(seconds=1)),
        *a_case(customer, CaseKind.COMPLAINT, MORNING),
        *a_case(customer, CaseKind.STOCKOUT, MORNING),
    ]

    await tell(cases)

    row = await figures.measure("resolved_48h_rate", customer)
    assert (row["numerator"], row["denominator"], row["value"]) == (2, 4, 50.0)
    assert (row["target"], row["status"]) == (100.0, "missed_significant")


async def test_a_case_counts_where_its_48_hours_end(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    await tell(a_case(customer, CaseKind.COMPLAINT, MORNING, resolved=hours(1)))

    before = await figures.share("resolved_48h_rate", customer, **{"from": "2024-05-06", "to": "2024-05-08"})
    there = await figures.share("resolved_48h_rate", customer, **{"from": "2024-05-08", "to": "2024-05-09"})

    assert (before, there) == ((0, 0), (1, 1))


async def test_a_case_within_its_48_hours_counts_once_it_is_resolved(tell: Tell, figures: Figures) -> None:
    customer, now = a_customer(), datetime.now(UTC)
    period = {"from": str(now.date() - timedelta(days=1)), "to": str(now.date() + timedelta(days=5))}

    await tell(
        a_case(customer, CaseKind.COMPLAINT, now - hours(3), resolved=hours(2)), a_case(customer, CaseKind.COMPLAINT, now - hours(3))
    )

    assert await figures.share("resolved_48h_rate", customer, **period) == (1, 1)


async def test_without_data_there_is_no_value(figures: Figures) -> None:
    for name in ("on_time_delivery_rate", "damage_rate", "order_lead_time", "resolved_48h_rate", "unit_fill_rate"):
        row = await figures.measure(name, a_customer())
        assert (row["value"], row["status"], row["interval"], row["denominator"]) == (None, "no_data", None, 0)


async def test_a_line_counts_in_the_fills_once_its_order_is_known(tell: Tell, figures: Figures) -> None:
    """The topics of order-intake and inventory may be heard in any order."""
    customer = a_customer()
    order = AnOrder(customer).placed().short({2: 4})
    received, confirmed, short = order.events

    await tell([short])
    before = await figures.share("line_fill_rate", customer)
    await tell([received, confirmed])

    assert before == (0, 0)
    assert await figures.share("line_fill_rate", customer) == (1, 2)


async def test_more_than_was_demanded_fills_no_more_than_that(tell: Tell, figures: Figures) -> None:
    customer = a_customer()

    await tell(AnOrder(customer).placed().short({1: 12, 2: 0}))

    assert await figures.share("unit_fill_rate", customer) == (10, 20)


async def test_the_day_of_a_case_is_the_day_its_48_hours_end(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    await tell(a_case(customer, CaseKind.COMPLAINT, MORNING, resolved=hours(1)))

    answer = await figures.get("/kpis/resolved_48h_rate", customer_id=customer, by="day", **{"from": "2024-05-06", "to": "2024-05-09"})

    assert [(row["group"], row["denominator"]) for row in answer["rows"]] == [("2024-05-06", 0), ("2024-05-07", 0), ("2024-05-08", 1)]
