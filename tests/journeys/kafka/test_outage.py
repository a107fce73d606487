"""The broker goes away: customers do not notice, and what was said meanwhile is heard afterwards."""

import asyncio
import os
import time

import asyncpg
import pytest
from shared.walls import Role

from deploy.local.demo.answers import ORDER
from deploy.local.demo.center import Center, batches
from deploy.local.demo.client import Json
from deploy.local.demo.target import Target
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import target_of

OUTAGE_SECONDS = float(os.environ.get("LSC_OUTAGE_SECONDS", "6"))
DRAINED_WITHIN = 30.0
CUSTOMER, SKU, WAREHOUSE = "OUTAGE", "TEA", "MAIN"


@pytest.mark.kafka
@pytest.mark.timeout(200)
async def test_orders_are_placed_without_a_broker_and_the_backlog_drains(on_kafka: LocalSystem) -> None:
    assert on_kafka.kafka
    async with Center(target_of(on_kafka)) as center:
        await _open_house(center)
        first = await _placed(center, 0)
        on_kafka.kafka.kill()

        orders = [first]
        until = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < until:
            orders.append(await _placed(center, len(orders)))
            await asyncio.sleep(0.1)
        failed = center.intake.again

        await asyncio.to_thread(on_kafka.kafka.start)
        returned = time.monotonic()
        await _all_allocated(target_of(on_kafka), orders)
        seconds = time.monotonic() - returned

    assert len(orders) > OUTAGE_SECONDS
    assert failed == 0
    assert seconds < DRAINED_WITHIN


async def _open_house(center: Center) -> None:
    await center.crm.put(f"/customers/{CUSTOMER}", {"name": "Owner of tea"})
    await center.inventory.put(f"/warehouses/{WAREHOUSE}", {"name": "Main"})
    await batches(center.inventory, "/items/batch", "items", [{"customer_id": CUSTOMER, "sku": SKU, "description": "Tea"}])
    stock: Json = {
        "customer_id": CUSTOMER,
        "sku": SKU,
        "warehouse": WAREHOUSE,
        "quantity": 100_000,
        "reason": "receipt",
        "reference": "opening",
    }
    await batches(center.inventory, "/stock/adjustments", "adjustments", [stock])


async def _placed(center: Center, number: int) -> str:
    """The first one waits until order-intake has heard of customer and item."""
    address: Json = {"name": "Consignee", "street": "Street 1", "city": "City", "postal_code": "12345", "country": "GB"}
    lines: Json = [{"sku": SKU, "quantity": 1}]
    body: Json = {"customer_id": CUSTOMER, "customer_reference": f"OUT-{number}", "ship_to": address, "lines": lines}
    deadline = time.monotonic() + 30
    while not (answer := await center.intake.ask("POST", "/orders", body)).is_ok:
        assert number == 0, answer.detail
        assert time.monotonic() < deadline, answer.detail
        await asyncio.sleep(0.2)
    return answer.read(ORDER).order_id


async def _all_allocated(target: Target, orders: list[str]) -> None:
    """Every relay has sent what waits, and order-intake has heard inventory's answer for each of these orders."""
    databases = [await asyncpg.connect(target.database(package, Role.STAFF)) for package in target.packages]
    intake = databases[0]
    moving = "SELECT count(*) FROM orders WHERE order_id = ANY($1::uuid[]) AND status IN ('received', 'confirmed')"
    deadline = time.monotonic() + 2 * DRAINED_WITHIN
    while await intake.fetchval(moving, orders) or any(
        [await each.fetchval("SELECT EXISTS (SELECT FROM outbox_pending)") for each in databases]
    ):
        assert time.monotonic() < deadline, "the backlog did not drain"
        await asyncio.sleep(0.2)
    for database in databases:
        await database.close()
