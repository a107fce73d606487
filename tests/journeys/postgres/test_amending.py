"""Orders that change before their release, through all five services: what is shipped in the end is what was wished last."""

from uuid import uuid4

import pytest

from deploy.local.demo.board import Board
from deploy.local.demo.evidence import evidence
from deploy.local.demo.invariants import judge
from deploy.local.supervisor import LocalSystem
from tests.journeys.conftest import target_of
from tests.journeys.crew import Crew
from tests.journeys.house import House, Json, house_of, until

pytestmark = pytest.mark.timeout(200)
CARRIER = "AMENDERS"
CREW = Crew(CARRIER, f"{CARRIER}-1", "consignee_absent", "R. Finch")
FAR = {"earliest": "2150-05-01T08:00:00Z", "latest": "2150-05-02T08:00:00Z"}
STOCK = {"TEA": 20, "MUG": 10, "POT": 10, "BELL": 2}
NEW_HOME = {"name": "Store 9", "street": "1 Nanjing Road", "city": "Shanghai", "postal_code": "200001", "country": "CN"}


class Customer:
    """Its goods lie in a hall of their own."""

    def __init__(self, house: House) -> None:
        self.house, self.name, self.hall = house, f"AMEND-{uuid4().hex[:8]}", f"HALL-{uuid4().hex[:8]}"

    async def opens(self) -> None:
        send = self.house.send
        await send("crm", "PUT", f"/customers/{self.name}", {"name": "Tea shop"})
        await send("inventory", "PUT", f"/warehouses/{self.hall}", {"name": "Hall"})
        items = [{"customer_id": self.name, "sku": sku, "description": sku} for sku in STOCK]
        await send("inventory", "POST", "/items/batch", {"items": items})
        for sku, quantity in STOCK.items():
            await self.receives(sku, quantity)
        await send("dispatch", "PUT", f"/carriers/{CARRIER}", {"name": "Brown"})
        await send("dispatch", "PUT", f"/vehicles/{CARRIER}-1", {"carrier": CARRIER, "name": "Van"})
        known = f"SELECT count(*)::text FROM items JOIN customers USING (customer_id) WHERE customer_id = '{self.name}'"

        async def items_are_known() -> bool:
            return await self.house.database("order_intake", known) == str(len(STOCK))

        await until(items_are_known)

    async def receives(self, sku: str, quantity: int) -> None:
        which = {"customer_id": self.name, "sku": sku, "warehouse": self.hall, "reference": uuid4().hex}
        received = which | {"quantity": quantity, "reason": "receipt"}
        await self.house.send("inventory", "POST", "/stock/adjustments", {"adjustments": [received]})

    async def orders(self, lines: list[Json]) -> str:
        address = NEW_HOME | {"name": "Store 1", "street": "88 Century Avenue"}
        order = {"customer_id": self.name, "customer_reference": uuid4().hex, "ship_to": address, "lines": lines}
        placed = await self.house.send("order-intake", "POST", "/orders", order | {"requested_delivery": FAR})
        return str(placed["order_id"])

    async def amends(self, order_id: str, **wish: object) -> Json:
        return await self.house.send("order-intake", "POST", f"/orders/{order_id}/amendments", wish)

    async def comes_to(self, order_id: str, *statuses: str) -> Json:
        """With every amendment answered."""
        found: Json = {}

        async def it_has() -> bool:
            found.update(await self.house.get("order-intake", f"/orders/{order_id}"))
            return found["status"] in statuses and found["open_amendment"] is None

        await until(it_has)
        return found

    async def is_served(self, order_id: str, *statuses: str) -> Json:
        async def it_is() -> bool:
            picks = (await self.house.get("inventory", "/picks", status="open", warehouse=self.hall))["items"]
            await CREW.pack(self.house, picks)
            planned = (await self.house.get("dispatch", "/shipments", status="planned", warehouse=self.hall))["items"]
            await CREW.drive(self.house, planned)
            return (await self.house.get("order-intake", f"/orders/{order_id}"))["status"] in statuses

        await until(it_is)
        return await self.house.get("order-intake", f"/orders/{order_id}")

    async def reserved(self) -> dict[str, int]:
        stock = (await self.house.get("inventory", "/stock", customer_id=self.name))["items"]
        return {row["sku"]: row["reserved"] for row in stock}


def lines(*wanted: tuple[int, str, int]) -> list[Json]:
    return [{"line_no": line_no, "sku": sku, "quantity": quantity} for line_no, sku, quantity in wanted]


async def test_orders_are_amended_and_what_was_wished_last_is_what_comes(on_postgres: LocalSystem) -> None:
    async with house_of(on_postgres) as house:
        customer = Customer(house)
        await customer.opens()

        await _more_less_other_and_to_another_address(customer)
        await _what_waits_is_wanted_no_more(customer)
        await _cancelled_before_the_answer(customer)

        assert not any((await customer.reserved()).values())
    await _all_is_at_rest(on_postgres)
    async with evidence(target_of(on_postgres), []) as checker:
        assert [verdict for verdict in await judge(checker) if verdict.broken] == []


async def _all_is_at_rest(system: LocalSystem) -> None:
    """Nobody closes an order while the databases are copied one after the other."""
    async with Board(target_of(system)) as board:

        async def nothing_is_left() -> bool:
            return not (await board.rest()).left

        await until(nothing_is_left)


async def _more_less_other_and_to_another_address(customer: Customer) -> None:
    order_id = await customer.orders(lines((1, "TEA", 10), (2, "MUG", 5), (3, "POT", 2)))
    await customer.comes_to(order_id, "allocated")

    await customer.amends(order_id, lines=lines((1, "TEA", 14), (2, "MUG", 3), (4, "BELL", 2)), ship_to=NEW_HOME)
    amended = await customer.comes_to(order_id, "allocated")
    held = await customer.reserved()
    await customer.amends(order_id, requested_delivery={}, reason="date")
    delivered = await customer.is_served(order_id, "delivered", "closed")

    assert [(line["sku"], line["quantities"]["reserved"]) for line in amended["lines"]] == [
        ("TEA", 14),
        ("MUG", 3),
        ("POT", 0),
        ("BELL", 2),
    ]
    assert held == {"TEA": 14, "MUG": 3, "POT": 0, "BELL": 2}
    assert [line["quantities"]["delivered"] for line in delivered["lines"]] == [14, 3, 0, 2]
    [shipment] = (await customer.house.get("dispatch", "/shipments", order_id=order_id))["items"]
    sheet = await customer.house.get("dispatch", f"/shipments/{shipment['shipment_id']}")
    assert sheet["ship_to"]["street"] == "1 Nanjing Road"
    await _all_services_tell_it(customer, order_id)


async def _all_services_tell_it(customer: Customer, order_id: str) -> None:
    async def timeline_tells() -> bool:
        told = await customer.house.get("crm", f"/customers/{customer.name}/timeline", order_id=order_id)
        texts = [entry["text"] for entry in told["items"]]
        wanted = ("Order amended by the customer", "Delivery promised between", "Stock of the amended order")
        return all(any(text.startswith(word) for text in texts) for word in wanted)

    async def figures_know() -> bool:
        facts = await customer.house.get("kpi", f"/orders/{order_id}/facts")
        return [line["accepted"] for line in facts["lines"]] == [14, 3, 0, 2] and facts["promised_latest"] < FAR["latest"]

    await until(timeline_tells)
    await until(figures_know)


async def _what_waits_is_wanted_no_more(customer: Customer) -> None:
    order_id = await customer.orders(lines((1, "MUG", 3), (2, "POT", 15)))
    await customer.comes_to(order_id, "backordered")

    await customer.amends(order_id, lines=lines((1, "MUG", 3), (2, "POT", 16)))
    more = await customer.comes_to(order_id, "backordered")
    await customer.amends(order_id, lines=lines((1, "MUG", 3), (2, "POT", 10)), requested_delivery={})
    delivered = await customer.is_served(order_id, "delivered", "closed")

    assert more["lines"][1]["quantities"]["backordered"] == 16
    assert [line["quantities"]["delivered"] for line in delivered["lines"]] == [3, 10]


async def _cancelled_before_the_answer(customer: Customer) -> None:
    order_id = await customer.orders(lines((1, "TEA", 2)))
    await customer.comes_to(order_id, "allocated")

    await customer.amends(order_id, lines=lines((1, "TEA", 4)))
    await customer.house.send("order-intake", "POST", f"/orders/{order_id}/cancellation", {"reason": "price"})
    cancelled = await customer.comes_to(order_id, "cancelled")

    assert cancelled["lines"][0]["quantities"]["cancelled"] == 4

    async def stock_is_free() -> bool:
        return not any((await customer.reserved()).values())

    await until(stock_is_free)
