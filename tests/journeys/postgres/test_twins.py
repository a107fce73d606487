"""A customer's key shows nothing of another customer, in no service, on no way."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx
import pytest

from deploy.local.demo.choices import Choices
from deploy.local.demo.performance import perform
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import Plays, target_of
from tests.walls.twin import Customer, calling, leaks

pytestmark = pytest.mark.timeout(150)
SCOPES = [
    *("orders:read", "orders:write", "stock:read", "shipments:read", "customers:read", "cases:read", "cases:write"),
    *("kpi:read", "keys:write", "erasures:write"),
]

SEEN_AT = {"order-intake": "/orders", "inventory": "/stock", "dispatch": "/shipments", "crm": "/cases", "kpi": "/kpis"}


@pytest.fixture
async def twins(on_postgres: LocalSystem, plays: Plays) -> AsyncIterator[tuple[Customer, Customer]]:
    """The two customers of a play with the most orders, each with a key."""
    await perform(target_of(on_postgres), plays.small, Choices(), lambda ended, total: None)
    owners = [sale.owner for sale in plays.small.sales]
    first, second, *_ = sorted(set(owners), key=owners.count, reverse=True)
    async with AsyncExitStack() as stack:
        yield await _with_a_key(stack, on_postgres, first), await _with_a_key(stack, on_postgres, second)


async def _with_a_key(stack: AsyncExitStack, system: LocalSystem, customer_id: str) -> Customer:
    """Known in all five services."""
    urls = {service.name: system.url(service.name) for service in system.services}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {system.operator_key}"}) as operator:
        issued = await operator.post(f"{urls['crm']}/customers/{customer_id}/keys", json={"scopes": SCOPES})
    clients = await stack.enter_async_context(calling(urls, issued.raise_for_status().json()["key"]))
    deadline = time.monotonic() + 30
    for service, path in SEEN_AT.items():
        while (await clients[service].get(path)).status_code == 401:
            assert time.monotonic() < deadline
            await asyncio.sleep(1)  # a stranger who asks more often has to wait
    return Customer(customer_id, clients)


async def test_what_one_customer_does_shows_another_nothing_of_it(twins: tuple[Customer, Customer], on_postgres: LocalSystem) -> None:
    first, second = twins
    await everything(first)
    await everything(second)

    assert await leaks(first, second) == []
    assert {f"{call.service} {call.method}" for call in first.calls} >= {"order-intake POST", "crm POST", "dispatch GET", "kpi GET"}
    assert len(first.calls) > 50
    assert [line for line in _written(on_postgres) if any(said in line for said in first.said | second.said)] == []


async def everything(me: Customer) -> None:
    """All that customers may do, with words of the customer's own in every field."""
    mark = uuid4().hex[:12]
    me.said |= {f"{word}-{mark}" for word in ("ref", "name", "street", "city", "subject", "case", "label", "later", "lane", "change")}
    order = await _order(me, mark)
    await me("order-intake", "POST", "/orders", order, **{"Idempotency-Key": f"once-{mark}"})
    await me("order-intake", "POST", "/orders", order, **{"Idempotency-Key": f"once-{mark}"})
    orders = await me.all("order-intake", "/orders")
    for each in orders[:3] + orders[-3:]:
        await me("order-intake", "GET", f"/orders/{each['order_id']}")
    await me("kpi", "GET", f"/orders/{orders[0]['order_id']}/facts")
    await me.all("order-intake", f"/orders?customer_id={me.customer_id}")
    await _amended(me, order, mark)
    await _things(me)
    await _relations(me, mark, orders[0]["order_id"])
    await _figures(me)
    last = orders[-1]["order_id"]
    await me("order-intake", "POST", f"/orders/{last}/cancellation", {"reason": "customer_request"})
    erasure = await me("order-intake", "POST", "/erasures", {"customer_id": me.customer_id, "order_ids": [last]})
    await me("order-intake", "GET", f"/erasures/{erasure['erasure_id']}")
    await me.all("order-intake", "/erasures")


async def _order(me: Customer, mark: str) -> dict[str, object]:
    items = await me.all("inventory", "/items")
    address = {"name": f"name-{mark}", "street": f"street-{mark}", "city": f"city-{mark}", "postal_code": "12345", "country": "GB"}
    lines = [{"sku": items[0]["sku"], "quantity": 1}]
    about = {"customer_id": me.customer_id, "customer_reference": f"ref-{mark}"}
    return {**about, "ship_to": address, "lines": lines}


async def _amended(me: Customer, order: dict[str, object], mark: str) -> None:
    later = {"customer_reference": f"later-{mark}", "requested_delivery": {"earliest": "2150-05-01T08:00:00Z"}}
    order_id = (await me("order-intake", "POST", "/orders", order | later))["order_id"]
    address = {"name": f"name-{mark}", "street": f"lane-{mark}", "city": "Leeds", "postal_code": "12345", "country": "GB"}
    path, wish = f"/orders/{order_id}/amendments", {"reference": f"change-{mark}", "ship_to": address}
    await me("order-intake", "POST", path, wish, **{"Idempotency-Key": f"change-{mark}"})
    await me.all("order-intake", path)
    await me("order-intake", "GET", f"{path}/1")
    await me("order-intake", "POST", f"/orders/{order_id}/cancellation", {"reason": "customer_request"})


async def _things(me: Customer) -> None:
    await me.all("inventory", "/warehouses")
    for item in (await me.all("inventory", "/items"))[:3]:
        await me("inventory", "GET", f"/items/{me.customer_id}/{item['sku']}")
        await me.all("inventory", f"/stock?customer_id={me.customer_id}&sku={item['sku']}")
    await me.all("inventory", "/stock/ledger")
    for adjustment in (await me.all("inventory", "/stock/adjustments"))[:3]:
        await me("inventory", "GET", f"/stock/adjustments/{adjustment['adjustment_id']}")
    for collection, name in (("shipments", "shipment_id"), ("deliveries", "delivery_id")):
        for each in (await me.all("dispatch", f"/{collection}"))[:5]:
            await me("dispatch", "GET", f"/{collection}/{each[name]}")


async def _relations(me: Customer, mark: str, order_id: str) -> None:
    profile = f"/customers/{me.customer_id}"
    await me("crm", "GET", profile)
    await me.all("crm", "/customers")
    await me.all("crm", f"{profile}/timeline")
    about = {"kind": "complaint", "subject": f"subject-{mark}", "reference": f"case-{mark}", "order_id": order_id}
    case = await me("crm", "POST", "/cases", {"customer_id": me.customer_id, **about})
    await me("crm", "GET", f"/cases/{case['case_id']}")
    await me.all("crm", "/cases")
    key = await me("crm", "POST", f"{profile}/keys", {"scopes": ["orders:read"], "label": f"label-{mark}"})
    await me.all("crm", f"{profile}/keys")
    await me("crm", "GET", f"{profile}/keys/{key['key_id']}")
    me.said |= {key["key"]}
    await me("crm", "DELETE", f"{profile}/keys/{key['key_id']}")


async def _figures(me: Customer) -> None:
    period = "from=2000-01-01&to=2100-01-01"
    kpis = await me("kpi", "GET", "/kpis")
    for kpi in kpis["items"] if isinstance(kpis, dict) else kpis:
        await me("kpi", "GET", f"/kpis/{kpi['name']}?{period}")
        await me("kpi", "GET", f"/kpis/{kpi['name']}/evidence?{period}&customer_id={me.customer_id}")


def _written(system: LocalSystem) -> list[str]:
    """Every line that the ten processes have logged, and every line of their metrics."""
    lines = [line for log in (system.folder / "logs").glob("*.log") for line in log.read_text().splitlines()]
    for service in system.services:
        for role in ("api", "worker"):
            lines += httpx.get(f"{system.url(service.name, role)}/metrics").text.splitlines()
    return lines
