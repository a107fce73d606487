"""Before the first order: warehouses, carriers, vehicles, the owners of the goods, their items and their stock."""

from collections.abc import Iterable

from deploy.local.demo.center import Center, batches, part
from deploy.local.demo.client import Json
from deploy.local.demo.dataset import Plan
from deploy.local.demo.stocking import WAREHOUSES, Stock, Stocking

CARRIERS = {"C1": "Carrier 1", "C2": "Carrier 2"}
VEHICLES = {"V11": "C1", "V12": "C1", "V21": "C2", "V22": "C2"}


async def open_house(center: Center, plan: Plan, stocks: Stocking, blocked: str | None) -> None:
    """Every call may be repeated: a second play finds what the first made."""
    await furnish(center)
    for owner in plan.owners:
        await register(center, owner, blocked=owner == blocked)
    await batches(center.inventory, "/items/batch", "items", [_item(*key, text) for key, text in plan.descriptions.items()])
    await stock_up(center, stocks.opening, f"opening-{plan.name}")


async def furnish(center: Center) -> None:
    for code, name in WAREHOUSES.items():
        await center.inventory.put(f"/warehouses/{code}", {"name": name})
    for code, name in CARRIERS.items():
        await center.dispatch.put(f"/carriers/{code}", {"name": name})
    for code, carrier in VEHICLES.items():
        await center.dispatch.put(f"/vehicles/{code}", {"carrier": carrier, "name": f"Vehicle {code}"})


async def register(center: Center, owner: str, *, blocked: bool) -> None:
    await center.crm.put(
        f"/customers/{part(owner)}", {"name": f"Owner of the goods sold to {owner.removeprefix('OR-')}", "blocked": blocked}
    )


async def stock_up(center: Center, stocks: Iterable[Stock], reference: str) -> None:
    """Goods arrive; the reference makes the same arrival harmless twice."""
    adjustments: list[Json] = [
        {
            "customer_id": stock.owner,
            "sku": stock.sku,
            "warehouse": stock.warehouse,
            "quantity": stock.quantity,
            "reason": "receipt",
            "reference": reference,
        }
        for stock in stocks
    ]
    await batches(center.inventory, "/stock/adjustments", "adjustments", adjustments)


def _item(owner: str, sku: str, description: str) -> Json:
    return {"customer_id": owner, "sku": sku, "description": description}
