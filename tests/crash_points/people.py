"""Those who call the system while its processes die: they order, pick, drive and phone, and go on until each answer is definite."""

import asyncio
from collections.abc import Sequence
from itertools import count

from pydantic import TypeAdapter

from deploy.local.demo.answers import ORDER, PICKS, SHIPMENTS, Shipment
from deploy.local.demo.center import Center, all_of, batches
from deploy.local.demo.client import Client, Json
from deploy.local.demo.journal import Acknowledged
from deploy.local.demo.target import Target
from tests.shared.plumbing import until

OWNER, WAREHOUSE, CARRIER, VEHICLE = "CRASH", "MAIN", "CARRIER", "TRUCK"
SKUS = ("HOT-1", "HOT-2", "COLD")
DONE_WITHIN = 60.0
KEY = TypeAdapter(dict[str, object])
LATE = frozenset({409})
"""Cancelled meanwhile, or not packed yet."""
CONSIGNEE: dict[str, Json] = {"name": "Consignee", "street": "1 Harbour Road", "city": "Shanghai", "postal_code": "200120", "country": "CN"}


class People:
    def __init__(self, target: Target, center: Center) -> None:
        self._target, self.center = target, center
        self._readers: list[Client] = []
        self.acknowledged: list[Acknowledged] = []
        self._numbers = count(1)

    async def open_house(self) -> None:
        await self.center.crm.put(f"/customers/{OWNER}", {"name": "Owner of the goods"})
        await self.center.inventory.put(f"/warehouses/{WAREHOUSE}", {"name": "Main"})
        await self.center.dispatch.put(f"/carriers/{CARRIER}", {"name": "Carrier"})
        await self.center.dispatch.put(f"/vehicles/{VEHICLE}", {"carrier": CARRIER, "name": "Truck"})
        items: list[Json] = [{"customer_id": OWNER, "sku": sku, "description": sku} for sku in SKUS]
        await batches(self.center.inventory, "/items/batch", "items", items)
        await self._goods_arrive(0, 40)
        key = (await self.center.crm.post(f"/customers/{OWNER}/keys", {"scopes": ["orders:read"]})).read(KEY)["key"]
        self._readers = [Client(self._target.url(service), str(key)) for service in ("order-intake", "crm")]
        await until(self._readers_are_known, DONE_WITHIN)

    async def leave(self) -> None:
        for reader in self._readers:
            await reader.close()

    async def work(self) -> None:
        """A shift of all of them at once."""
        number = next(self._numbers)
        await asyncio.gather(
            self._sell(number), self._pick(number), self._drive(number), self._phone(number), self._goods_arrive(number, 9)
        )

    async def _sell(self, number: int) -> None:
        """Five orders: one twice with the same key, one again with another body, one cancelled; more is wanted than there is."""
        placed = await asyncio.gather(*[self._place(f"{number}-{nth}", SKUS[nth % 2], 2 + nth) for nth in range(5)])
        assert await self._place(f"{number}-0", SKUS[0], 2) == placed[0]
        other = await self.center.intake.ask("POST", "/orders", _order(f"{number}-1", SKUS[1], 1))
        assert other.status == 409
        await self.center.intake.ask("POST", f"/orders/{placed[2]}/cancellation", {"reason": "ordered_twice"}, f"cancel-{number}")

    async def order_that_ends(self, reference: str) -> str:
        """For the consignee whose code is the reference; cancelled before anything of it is picked."""
        order_id = await self._place(reference, "COLD", 1, reference)
        await self.center.intake.post(f"/orders/{order_id}/cancellation", {"reason": "ordered_twice"}, f"cancel-{reference}")

        async def is_cancelled() -> bool:
            return (await self.center.intake.get(f"/orders/{order_id}")).read(ORDER).status == "cancelled"

        await until(is_cancelled, DONE_WITHIN)
        return order_id

    async def _place(self, reference: str, sku: str, quantity: int, consignee: str | None = None) -> str:
        answer = await self.center.intake.post("/orders", _order(reference, sku, quantity, consignee), f"place-{reference}")
        order_id = answer.read(ORDER).order_id
        self.acknowledged.append(Acknowledged(OWNER, reference, order_id))
        return order_id

    async def _pick(self, number: int) -> None:
        """All that is open; of the first a unit is missing. Then it is packed."""
        picks = [pick async for pick in all_of(self.center.inventory, "/picks", PICKS, {"status": "open"})]
        found = {pick.pick_id: max(pick.quantity - (nth == 0), 1) for nth, pick in enumerate(picks)}
        confirmations: list[Json] = [{"pick_id": pick_id, "quantity": quantity} for pick_id, quantity in found.items()]
        await batches(self.center.inventory, "/picks/confirmations", "confirmations", confirmations, LATE)
        packs: list[Json] = [
            {
                "order_id": pick.order_id,
                "reference": pick.pick_id,
                "release_no": pick.release_no,
                "cartons": [{"lines": [{"line_no": pick.line_no, "quantity": found[pick.pick_id]}]}],
            }
            for pick in picks
        ]
        await batches(self.center.inventory, "/packs", "packs", packs, LATE)

    async def _drive(self, number: int) -> None:
        planned = await self._shipments("planned")
        assignments: list[Json] = [{"shipment_id": each.shipment_id, "carrier": CARRIER, "vehicle": VEHICLE} for each in planned]
        await batches(self.center.dispatch, "/shipments/assignments", "assignments", assignments, LATE)
        ready: list[Json] = [{"shipment_id": each.shipment_id} for each in await self._shipments("assigned") if each.is_packed]
        await batches(self.center.dispatch, "/shipments/handovers", "handovers", ready[1:], LATE)
        underway = await self._shipments("handed_over")
        deliveries: list[Json] = [{"shipment_id": each.shipment_id, "outcome": "delivered", "signed_by": "Consignee"} for each in underway]
        await batches(self.center.dispatch, "/deliveries", "deliveries", deliveries, LATE)
        await self._twice(self.center.dispatch, "/shipments/handovers", {"handovers": ready[:1]}, f"again-{number}")

    async def _phone(self, number: int) -> None:
        await self.center.crm.put(f"/customers/CALLER-{number}", {"name": "Caller"})
        case: Json = {"customer_id": OWNER, "kind": "enquiry", "subject": "Where is it?", "reference": f"case-{number}"}
        await self._twice(self.center.crm, "/cases", case, f"case-{number}")
        assert await self._refused_to_readers() == {403}

    async def _readers_are_known(self) -> bool:
        return await self._refused_to_readers() == {403}

    async def _refused_to_readers(self) -> set[int]:
        paths = ("/orders", "/cases")
        return {(await reader.ask("POST", path, {})).status for reader, path in zip(self._readers, paths, strict=True)}

    async def _goods_arrive(self, number: int, quantity: int) -> None:
        adjustments: list[Json] = [
            {
                "customer_id": OWNER,
                "sku": sku,
                "warehouse": WAREHOUSE,
                "quantity": quantity,
                "reason": "receipt",
                "reference": f"in-{number}",
            }
            for sku in SKUS
        ]
        await self._twice(self.center.inventory, "/stock/adjustments", {"adjustments": adjustments}, f"in-{number}")

    async def _twice(self, client: Client, path: str, body: Json, once: str) -> None:
        """The second time the first answer comes back."""
        first, second = await client.ask("POST", path, body, once), await client.ask("POST", path, body, once)
        assert (first.status, first.body) == (second.status, second.body), (first, second)

    async def _shipments(self, status: str) -> Sequence[Shipment]:
        return [shipment async for shipment in all_of(self.center.dispatch, "/shipments", SHIPMENTS, {"status": status})]


def _order(reference: str, sku: str, quantity: int, consignee: str | None = None) -> Json:
    lines: list[Json] = [{"sku": sku, "quantity": quantity}, {"sku": "COLD", "quantity": 1}]
    ship_to: Json = CONSIGNEE | {"code": consignee}
    return {"customer_id": OWNER, "customer_reference": reference, "ship_to": ship_to, "lines": lines}
