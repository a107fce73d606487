import json
from collections import defaultdict, deque
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kpi.event_handlers import record_facts
from shared.database import Transaction
from shared.events import By, CaseKind, Event

from tests.kpi.builders import AnOrder, a_case, a_customer, hours

_ALL = """
SELECT (SELECT json_agg(f ORDER BY order_id) FROM order_facts f WHERE customer_id = $1) AS orders,
       (SELECT json_agg(f ORDER BY order_id, line_no) FROM line_facts f WHERE customer_id = $1) AS lines,
       (SELECT json_agg(f ORDER BY case_id) FROM case_facts f WHERE customer_id = $1) AS cases
"""


def busy_day(customer: str) -> list[Event]:
    """Orders in parts, short, split over two warehouses, cancelled, complained about."""
    in_parts = AnOrder(customer, lines={1: 5, 2: 6, 3: 7}).placed(parts=3).short({2: 1}).allocated(first=False, after=hours(2))
    split = AnOrder(customer).placed().allocated().released("WH-1").released("WH-2", after=hours(4), release_no=2)
    split.handed_over("WH-1").handed_over("WH-2", "CARRIER-2", after=hours(8))
    split.unloaded({1: (10, 0, 0)}).unloaded({1: (2, 1, 0), 2: (8, 0, 2)}, warehouse="WH-2", carrier="CARRIER-2", after=hours(14))
    split.delivered().complained(after=hours(20))
    cancelled = AnOrder(customer).placed().allocated().released().cancelled(By.CUSTOMER, after=hours(5))
    straight = AnOrder(customer).arrived(signed=False)
    rejected = AnOrder(customer).placed().rejected(after=hours(2))
    amended = (
        AnOrder(customer)
        .placed()
        .amended({1: 4, 2: 0, 3: 8}, ship_to_changed=True)
        .moved(hours(200))
        .moved(hours(90), by=By.US)
        .moved(hours(100), after=hours(150))
        .moved(hours(9), after=hours(160))
    )
    amended.allocated().released().handed_over().unloaded().delivered()
    stories = (in_parts, split, cancelled, straight, rejected, amended)
    cases = a_case(customer, CaseKind.FEEDBACK, split.submitted_at, resolved=hours(3), order_id=split.order_id)
    return [event for story in stories for event in story.events] + cases


def interleaved(events: list[Event], chance: Random) -> list[Event]:
    """Some order in which topics and shipments may be heard: only within an aggregate it is kept."""
    queues: defaultdict[str, deque[Event]] = defaultdict(deque)
    for event in events:
        queues[event.aggregate].append(event)
    turns = [event.aggregate for event in events]
    chance.shuffle(turns)
    return [queues[aggregate].popleft() for aggregate in turns]


async def told(tx: Transaction, customer: str, batches: list[list[Event]]) -> list[object]:
    for batch in batches:
        await record_facts(tx, batch)
    row = await tx.fetchrow(_ALL, customer)
    await tx.rollback()
    assert row
    return [json.loads(each) for each in row]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
async def test_any_order_of_topics_and_any_batches_give_the_same_facts(tx: Transaction, chance: Random) -> None:
    customer = a_customer()
    events = busy_day(customer)
    expected = await told(tx, customer, [events])

    heard = interleaved(events, chance)
    cuts = sorted(chance.sample(range(len(heard)), chance.randint(0, len(heard) - 1)))
    batches = [heard[since:until] for since, until in zip([0, *cuts], [*cuts, len(heard)], strict=True)]

    assert await told(tx, customer, batches) == expected


async def test_the_facts_of_a_split_order_read_as_it_went(tx: Transaction) -> None:
    customer = a_customer()
    order = AnOrder(customer).placed().allocated().released("WH-2").released("WH-1", after=hours(4), release_no=2)
    order.handed_over("WH-1").handed_over("WH-2", "CARRIER-2", after=hours(8))
    order.unloaded({1: (2, 1, 0), 2: (8, 0, 2)}, warehouse="WH-2", carrier="CARRIER-2", after=hours(14)).unloaded({1: (7, 0, 0)})

    await record_facts(tx, order.events)

    fact = await tx.fetchrow("SELECT * FROM order_facts WHERE order_id = $1", order.order_id)
    lines = await tx.fetch("SELECT * FROM line_facts WHERE order_id = $1 ORDER BY line_no", order.order_id)
    assert fact
    assert fact["released_at"] == order.submitted_at + hours(4)
    assert fact["handed_over_at"] == order.submitted_at + hours(8)
    assert fact["delivered_at"] is None
    assert (fact["handovers"], fact["deliveries"], fact["signed_deliveries"]) == (2, 2, 2)
    assert (fact["warehouses"], fact["carriers"]) == (["WH-1", "WH-2"], ["CARRIER-1", "CARRIER-2"])
    assert [(line["advised"], line["accepted"], line["damaged"], line["lost"]) for line in lines] == [(10, 9, 1, 0), (10, 8, 0, 2)]
    assert [line["delivered_at"] - order.submitted_at for line in lines] == [hours(15), hours(14)]
    assert [line["carriers"] for line in lines] == [["CARRIER-1", "CARRIER-2"], ["CARRIER-2"]]


async def test_a_second_promise_does_not_replace_the_first(tx: Transaction) -> None:
    order = AnOrder().placed()
    first_promise = order.due_at
    order.promised = timedelta(days=9)
    order.placed()

    await record_facts(tx, order.events)

    assert await tx.fetchval("SELECT promised_latest FROM order_facts WHERE order_id = $1", order.order_id) == first_promise
