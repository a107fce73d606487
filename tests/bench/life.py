"""The whole life: orders placed one by one, everything after it by batch calls as scanners send them, until the last projection knows."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import asyncpg
from rich.progress import Progress
from shared.walls import Role
from uuid_utils.compat import uuid7

from deploy.local.demo.answers import PICKS, SHIPMENTS, Pick, Shipment
from deploy.local.demo.center import Center, all_of, batches
from deploy.local.demo.client import Json
from deploy.local.demo.target import Target
from deploy.local.supervisor import Broker, LocalSystem
from tests.bench.cpu import Cpu
from tests.bench.generator import Run, closed, requests

CUSTOMER, SKUS, WAREHOUSE, CARRIER, VEHICLE = "BENCH", 200, "MAIN", "CARRIER", "TRUCK"
CONNECTIONS = 8
WARM = 300
SHIFT_SECONDS = 0.8
DEADLINE_SECONDS = 300.0
LATE = frozenset({409})
COUNTS = {
    "order_intake": "SELECT count(*) FROM orders WHERE status = 'delivered' AND order_id > $1",
    "kpi": "SELECT count(*) FROM order_facts WHERE delivered_at IS NOT NULL AND order_id > $1",
    "crm": "SELECT count(*) FROM orders WHERE delivered_at IS NOT NULL AND order_id > $1",
}
PENDING = "SELECT count(*) FROM outbox_pending"
DATABASES = ("order_intake", "inventory", "dispatch", "crm", "kpi")


def measure(folder: Path, broker: Broker, orders: int) -> dict[str, object]:
    """whole_life of the report."""
    with LocalSystem(folder, broker=broker, env={"LSC_LOG_LEVEL": "warning"}, say=print) as system:
        return asyncio.run(_measure(system, orders))


async def _measure(system: LocalSystem, orders: int) -> dict[str, object]:
    target = Target.of(system.stack, system.port("order-intake"))
    databases = {name: await asyncpg.connect(target.database(name, Role.OWNER)) for name in DATABASES}
    async with Center(target) as center:
        await _open_house(center, databases)
        await _life(system, center, databases, WARM)
        for database in databases.values():
            await database.execute("ANALYZE")  # as autovacuum does within the first minute
        cpu = Cpu(system.processes)
        seconds, run = await _life(system, center, databases, orders)
        spent = cpu.spent()
    bytes_each = await _bytes(databases)
    for database in databases.values():
        await database.close()
    return {
        "broker": "kafka" if system.kafka else "postgres",
        "orders": orders,
        "orders_per_second": round(orders / seconds, 1),
        "seconds": round(seconds, 2),
        "placed_per_second": round(run.per_second, 1),
        "placing_p99_ms_under_full_load": run.percentile_ms(0.99),
        "cpu_ms_per_order": {name: round(1000 * used / orders, 3) for name, used in spent.items()},
        "cpu_ms_per_order_total": round(1000 * sum(spent.values()) / orders, 3),
        "bytes_per_order": round(bytes_each / (orders + WARM)),
    }


async def _open_house(center: Center, databases: dict[str, "asyncpg.Connection[asyncpg.Record]"]) -> None:
    await center.crm.put(f"/customers/{CUSTOMER}", {"name": "Owner of the goods"})
    await center.inventory.put(f"/warehouses/{WAREHOUSE}", {"name": "Main"})
    await center.dispatch.put(f"/carriers/{CARRIER}", {"name": "Carrier"})
    await center.dispatch.put(f"/vehicles/{VEHICLE}", {"carrier": CARRIER, "name": "Truck"})
    skus = [f"SKU-{n}" for n in range(SKUS)]
    await batches(center.inventory, "/items/batch", "items", [{"customer_id": CUSTOMER, "sku": sku, "description": sku} for sku in skus])
    stock: list[Json] = [
        {"customer_id": CUSTOMER, "sku": sku, "warehouse": WAREHOUSE, "quantity": 1_000_000, "reason": "receipt", "reference": "bench"}
        for sku in skus
    ]
    await batches(center.inventory, "/stock/adjustments", "adjustments", stock)
    known = "SELECT (SELECT count(*) FROM items) >= $1 AND EXISTS (SELECT FROM customers)"
    while not await databases["order_intake"].fetchval(known, SKUS):
        await asyncio.sleep(0.1)


async def _life(
    system: LocalSystem, center: Center, databases: dict[str, "asyncpg.Connection[asyncpg.Record]"], orders: int
) -> tuple[float, Run]:
    """Seconds from the first request until every queue is empty and every projection has seen the end of every order."""
    since, made = uuid7(), list(requests(system.operator_key, CUSTOMER, str(uuid7()), orders, SKUS))
    began, done = perf_counter(), asyncio.Event()
    floor = [asyncio.create_task(work(center, done)) for work in (_warehouse, _drivers)]
    placing = asyncio.create_task(closed(system.port("order-intake"), made, CONNECTIONS))
    with Progress() as progress:
        bar = progress.add_task(f"{orders} orders delivered and told", total=orders)
        while True:
            counts = [await databases[name].fetchval(sql, since) for name, sql in COUNTS.items()]
            progress.update(bar, completed=min(counts))
            if min(counts) == orders and not any([await each.fetchval(PENDING) for each in databases.values()]):
                break
            if perf_counter() - began > DEADLINE_SECONDS:
                raise SystemExit(f"After {DEADLINE_SECONDS:.0f} s only {counts} of {orders} orders had ended.")
            await asyncio.sleep(0.2)
    seconds = perf_counter() - began
    done.set()
    await asyncio.gather(*floor)
    run = await placing
    if run.bad:
        raise SystemExit(f"{len(run.bad)} orders were not placed, first: {run.bad[0]!r}")
    return seconds, run


async def _warehouse(center: Center, done: asyncio.Event) -> None:
    while not done.is_set():
        picks = [pick async for pick in all_of(center.inventory, "/picks", PICKS, {"status": "open"})]
        await batches(
            center.inventory,
            "/picks/confirmations",
            "confirmations",
            [{"pick_id": pick.pick_id, "quantity": pick.quantity} for pick in picks],
        )
        await batches(center.inventory, "/packs", "packs", _packs(picks))
        await asyncio.sleep(SHIFT_SECONDS)


def _packs(picks: Sequence[Pick]) -> list[Json]:
    lines: defaultdict[str, list[Json]] = defaultdict(list)
    for pick in picks:
        lines[pick.order_id].append({"line_no": pick.line_no, "quantity": pick.quantity})
    return [
        {"order_id": order_id, "reference": f"P-{picks[0].pick_id[-12:]}", "cartons": [{"lines": of}]} for order_id, of in lines.items()
    ]


async def _drivers(center: Center, done: asyncio.Event) -> None:
    while not done.is_set():
        planned = await _shipments(center, "planned")
        await batches(
            center.dispatch,
            "/shipments/assignments",
            "assignments",
            [{"shipment_id": each.shipment_id, "carrier": CARRIER, "vehicle": VEHICLE} for each in planned],
        )
        ready: list[Json] = [{"shipment_id": each.shipment_id} for each in await _shipments(center, "assigned") if each.is_packed]
        await batches(center.dispatch, "/shipments/handovers", "handovers", ready, LATE)
        deliveries: list[Json] = [{**each, "outcome": "delivered", "signed_by": "Consignee"} for each in ready if isinstance(each, dict)]
        await batches(center.dispatch, "/deliveries", "deliveries", deliveries, LATE)
        await asyncio.sleep(SHIFT_SECONDS)


async def _shipments(center: Center, status: str) -> list[Shipment]:
    return [shipment async for shipment in all_of(center.dispatch, "/shipments", SHIPMENTS, {"status": status})]


async def _bytes(databases: dict[str, "asyncpg.Connection[asyncpg.Record]"]) -> float:
    return float(sum([await each.fetchval("SELECT pg_database_size(current_database())") for each in databases.values()]))
