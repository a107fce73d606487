from typing import Any
from uuid import uuid4

import httpx
import pytest
from kpi.definitions import KPIS

from tests.kpi.builders import AnOrder, a_customer, hours
from tests.kpi.conftest import YEAR, Figures, Tell


async def test_the_definitions_are_listed(client: httpx.AsyncClient) -> None:
    items = (await client.get("/kpis")).json()["items"]

    assert [item["name"] for item in items] == list(KPIS)
    on_time = items[0]
    assert (on_time["name_zh"], on_time["target"], on_time["unit"], on_time["better"]) == ("按时交货率", 99.0, "percent", "higher")


async def test_a_measure_says_what_was_asked(figures: Figures) -> None:
    answer = await figures.get("/kpis/damage_rate", customer_id=a_customer(), **{"from": "2024-05-01", "to": "2024-06-01"})

    assert answer["from"] == "2024-04-30T16:00:00Z"
    assert answer["to"] == "2024-05-31T16:00:00Z"
    assert (answer["name"], answer["unit"], answer["zone"], answer["by"]) == ("damage_rate", "percent", "Asia/Shanghai", None)
    assert (answer["provisional"], answer["next"]) == (False, None)


async def test_an_order_counts_in_every_warehouse_and_carrier_that_served_it(tell: Tell, figures: Figures) -> None:
    customer = a_customer()
    split = AnOrder(customer).placed().allocated().released("WH-1").released("WH-2", release_no=2)
    split.handed_over("WH-1", "CARRIER-1").handed_over("WH-2", "CARRIER-2")
    split.unloaded({1: (10, 0, 0)}, warehouse="WH-1", carrier="CARRIER-1")
    split.unloaded({2: (9, 1, 0)}, warehouse="WH-2", carrier="CARRIER-2").delivered()
    unserved = AnOrder(customer).placed()
    await tell(split, AnOrder(customer).arrived(), unserved)

    async def groups(name: str, by: str) -> list[tuple[str, int, int]]:
        rows = (await figures.get(f"/kpis/{name}", customer_id=customer, by=by))["rows"]
        return [(row["group"], row["numerator"], row["denominator"]) for row in rows]

    assert await groups("on_time_delivery_rate", "warehouse") == [("WH-1", 2, 2), ("WH-2", 1, 1)]
    assert await groups("on_time_delivery_rate", "carrier") == [("CARRIER-1", 2, 2), ("CARRIER-2", 1, 1)]
    assert await groups("on_time_delivery_rate", "customer") == [(customer, 2, 3)]
    assert await groups("damage_rate", "carrier") == [("CARRIER-1", 0, 30), ("CARRIER-2", 1, 10)]  # each line's own carrier
    assert await groups("unit_fill_rate", "warehouse") == [("WH-1", 40, 40), ("WH-2", 20, 20)]
    assert await figures.share("on_time_delivery_rate", customer, warehouse="WH-2") == (1, 1)
    assert await figures.share("damage_rate", customer, carrier="CARRIER-2") == (1, 10)


@pytest.mark.parametrize("name", KPIS)
@pytest.mark.parametrize("by", ["day", "customer", "warehouse", "carrier"])
async def test_every_kpi_can_be_grouped(tell: Tell, figures: Figures, name: str, by: str) -> None:
    customer = a_customer()
    await tell(AnOrder(customer).arrived().complained(after=hours(20)))

    whole = await figures.measure(name, customer)
    query = {"customer_id": customer, "from": "2024-05-01", "to": "2024-06-01", "by": by}
    rows = (await figures.get(f"/kpis/{name}", **query))["rows"]

    assert whole["denominator"] > 0
    assert sum(row["denominator"] for row in rows) == whole["denominator"]
    assert sum(row["numerator"] for row in rows) == whole["numerator"]


async def test_groups_come_in_pages(tell: Tell, figures: Figures) -> None:
    warehouse = f"WH-{uuid4()}"[:20]
    customers = sorted(a_customer() for _ in range(5))
    await tell(*(AnOrder(customer).placed().allocated().released(warehouse) for customer in customers))

    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = await figures.get("/kpis/order_fill_rate", by="customer", warehouse=warehouse, limit=2, **after)
        pages.append([row["group"] for row in page["rows"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert pages == [customers[:2], customers[2:4], customers[4:]]


@pytest.mark.parametrize("name", ["on_time_delivery_rate", "unit_fill_rate", "damage_rate", "complaint_free_rate", "resolved_48h_rate"])
async def test_evidence_comes_in_pages_that_add_up(tell: Tell, figures: Figures, name: str) -> None:
    customer = a_customer()
    await tell(*(AnOrder(customer, lines={1: 5, 2: nth}).arrived().complained(after=hours(20)) for nth in range(1, 6)))
    everything = await figures.get(f"/kpis/{name}/evidence", customer_id=customer, limit=200)

    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = await figures.get(f"/kpis/{name}/evidence", customer_id=customer, limit=2, **after)
        items += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert items == everything["items"]
    assert len({(item["order_id"], item["line_no"], item["case_id"]) for item in items}) == len(items) >= 5


async def test_the_facts_of_an_order(tell: Tell, client: httpx.AsyncClient) -> None:
    order = AnOrder().arrived({1: (9, 1, 0), 2: (10, 0, 0)}).complained(after=hours(20))
    await tell(order)

    facts = (await client.get(f"/orders/{order.order_id}/facts")).json()

    assert facts["customer_id"] == order.customer_id
    assert facts["submitted_at"] == "2024-05-06T00:00:00Z"
    assert facts["promised_latest"] == "2024-05-09T00:00:00Z"
    assert facts["delivered_at"] == "2024-05-06T15:00:00Z"
    assert (facts["complaints"], facts["warehouses"], facts["carriers"]) == (1, ["WH-1"], ["CARRIER-1"])
    assert facts["segments"] == {"transmission": 60.0, "processing": 120.0, "preparation": 240.0, "delivery": 480.0}
    assert [(line["line_no"], line["accepted"], line["damaged"]) for line in facts["lines"]] == [(1, 9, 1), (2, 10, 0)]


PERIOD = {"from": "2024-05-01", "to": "2024-06-01"}


@pytest.mark.parametrize(
    ("path", "query", "status", "pointer"),
    [
        ("/kpis/nonsense", PERIOD, 404, None),
        ("/kpis/%00", PERIOD, 404, None),
        ("/kpis/nonsense/evidence", PERIOD, 404, None),
        ("/orders/01a2004f-1a48-7103-b4a6-82d464be8d90/facts", {}, 404, None),
        ("/orders/17/facts", {}, 422, "{order_id}"),
        ("/kpis/damage_rate", {}, 422, "?from"),
        ("/kpis/damage_rate", {"from": "2024-05-01"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"from": "yesterday"}, 422, "?from"),
        ("/kpis/damage_rate", PERIOD | {"from": "2024-02-30"}, 422, "?from"),
        ("/kpis/damage_rate", PERIOD | {"from": "2024-05-01T08:00:00"}, 422, "?from"),
        ("/kpis/damage_rate", PERIOD | {"from": "2024-05-01T25:00:00Z"}, 422, "?from"),
        ("/kpis/damage_rate", PERIOD | {"to": "9999-12-31"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"to": "٢٠٢٤-٠٥-٠١"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"to": "2024-05-01"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"to": "2024-04-01"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"by": "moon"}, 422, "?by"),
        ("/kpis/damage_rate", PERIOD | {"by": "day", "from": "2001-01-01"}, 422, "?to"),
        ("/kpis/damage_rate", PERIOD | {"by": "day", "limit": "7"}, 422, "?limit"),
        ("/kpis/damage_rate", PERIOD | {"after": "x"}, 422, "?after"),
        ("/kpis/damage_rate", PERIOD | {"by": "customer", "after": "\x00"}, 422, "?after"),
        ("/kpis/damage_rate", PERIOD | {"by": "customer", "limit": "201"}, 422, "?limit"),
        ("/kpis/damage_rate", PERIOD | {"customer_id": "a/b"}, 422, "?customer_id"),
        ("/kpis/damage_rate", PERIOD | {"warehouse": "\x00"}, 422, "?warehouse"),
        ("/kpis/damage_rate", PERIOD | {"colour": "red"}, 422, "?colour"),
        ("/kpis/damage_rate/evidence", PERIOD | {"by": "day"}, 422, "?by"),
        ("/kpis/damage_rate/evidence", PERIOD | {"after": "x"}, 422, "?after"),
        ("/kpis/damage_rate/evidence", PERIOD | {"after": f"1_{uuid4()}"}, 422, "?after"),
        ("/kpis/damage_rate/evidence", PERIOD | {"after": f"1_{uuid4()}_{2**31}"}, 422, "?after"),
        ("/kpis/damage_rate/evidence", PERIOD | {"after": f"{'9' * 100}_{uuid4()}_1"}, 422, "?after"),
        ("/kpis/damage_rate/evidence", PERIOD | {"limit": "0"}, 422, "?limit"),
        ("/kpis", {"colour": "red"}, 422, "?colour"),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    client: httpx.AsyncClient, path: str, query: dict[str, str], status: int, pointer: str | None
) -> None:
    answer = await client.get(path, params=query)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["pointer"] for fault in answer.json()["faults"]][:1] == ([pointer] if pointer else [])


async def test_a_key_is_needed(client: httpx.AsyncClient) -> None:
    for path in ("/kpis", "/kpis/damage_rate", "/kpis/damage_rate/evidence", f"/orders/{uuid4()}/facts"):
        assert (await client.get(path, params=YEAR, headers={"Authorization": ""})).status_code == 401
