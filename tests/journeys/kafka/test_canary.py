"""A consignee's name, street and phone lie nowhere in plain; once erased nobody finds them at all, and every count is what it was."""

import asyncio
import subprocess
import sys
from base64 import b64encode

import pytest

from deploy.local.supervisor import LocalSystem
from tests.journeys.crew import Crew
from tests.journeys.house import House, Json, house_of, until
from tests.journeys.kafka.canary import forms, found

CUSTOMER, SKU, WAREHOUSE, CARRIER, VEHICLE = "CANARY", "SEED", "CAGE", "WING", "WING-1"
REFERENCE = "PO-Zeisig-"
NAME, STREET, PHONE = "Kanaria Quell-Öhrn", "Amselstieg 77", "+49 30 5550 7731"
HIDDEN = (NAME, STREET, PHONE)
CREW = Crew(CARRIER, VEHICLE, f"{NAME} was not there", NAME)
SPOKEN = "Rotkehlchen"
"""A name in what people write freely: blanked when the order is erased."""
WHO = {"name": NAME, "street": STREET, "city": "Berlin", "postal_code": "10115", "country": "DE", "phone": PHONE}
PARKED = "PARK-ME"
BREAK = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING DETAIL = NEW::text; END $$",
    f"CREATE TRIGGER refusing BEFORE INSERT ON shipments FOR EACH ROW WHEN (NEW.consignee_code = '{PARKED}') EXECUTE FUNCTION refuse()",
)
PERIOD = {"from": "2020-01-01", "to": "2199-01-01"}


def order(number: int, **consignee: str) -> Json:
    reference = f"{REFERENCE}{number}"
    return {"customer_id": CUSTOMER, "customer_reference": reference, "ship_to": WHO | consignee, "lines": [{"sku": SKU, "quantity": 2}]}


async def opened(house: House) -> None:
    await house.send("crm", "PUT", f"/customers/{CUSTOMER}", {"name": "Bird shop"})
    await house.send("inventory", "PUT", f"/warehouses/{WAREHOUSE}", {"name": "Cage"})
    await house.send("inventory", "POST", "/items/batch", {"items": [{"customer_id": CUSTOMER, "sku": SKU, "description": "Seed"}]})
    stock = {"customer_id": CUSTOMER, "sku": SKU, "warehouse": WAREHOUSE, "quantity": 100, "reason": "opening", "reference": "OPEN"}
    await house.send("inventory", "POST", "/stock/adjustments", {"adjustments": [stock]})
    await house.send("dispatch", "PUT", f"/carriers/{CARRIER}", {"name": "Wing"})
    await house.send("dispatch", "PUT", f"/vehicles/{VEHICLE}", {"carrier": CARRIER, "name": "Wing 1"})
    for statement in BREAK:
        await house.database("dispatch", statement)
    probe = order(9)

    async def customer_is_known() -> bool:
        return (await house.clients["order-intake"].post("/orders", json=probe)).is_success

    await until(customer_is_known)


async def placed(house: House) -> tuple[str, list[str], str]:
    """The one that we reject, those that are delivered, and the one that dispatch parks first."""
    first = await house.send("order-intake", "POST", "/orders", order(1), once="canary-1")
    again = await house.send("order-intake", "POST", "/orders", order(1), once="canary-1")
    assert first == again
    assert (first["ship_to"]["name"], first["ship_to"]["phone"]) == (NAME, PHONE)
    batch = await house.send("order-intake", "POST", "/orders/batch", {"orders": [order(2), order(3)]}, once="canary-2")
    parked = await house.send("order-intake", "POST", "/orders", order(4, code=PARKED))
    [probe] = (await house.get("order-intake", "/orders", customer_reference=f"{REFERENCE}9"))["items"]
    held = (await house.send("order-intake", "POST", "/orders", order(5) | {"lines": [{"sku": SKU, "quantity": 99}]}))["order_id"]
    await house.send("order-intake", "POST", f"/orders/{held}/hold", {"reason": f"{SPOKEN} rang"}, once="canary-3")
    await house.send("order-intake", "POST", f"/orders/{held}/rejection", {"reason": f"{SPOKEN} has moved"}, once="canary-4")
    return held, [probe["order_id"], first["order_id"], *(result["id"] for result in batch["results"])], parked["order_id"]


async def delivered(house: House, orders: list[str]) -> None:
    """Picked, packed, driven and signed for, as soon as each step is possible."""

    async def all_have_arrived() -> bool:
        await work(house, set(orders))
        states = [(await house.get("order-intake", f"/orders/{one}"))["status"] for one in orders]
        return set(states) <= {"delivered", "closed"}

    await until(all_have_arrived)


async def work(house: House, orders: set[str]) -> None:
    await CREW.pack(house, [one for one in (await house.get("inventory", "/picks", status="open"))["items"] if one["order_id"] in orders])
    planned = (await house.get("dispatch", "/shipments", status="planned"))["items"]
    await CREW.drive(house, [one for one in planned if one["order_id"] in orders])


async def counted(house: House) -> Json:
    """Every KPI's numerator and denominator, the facts behind them, and what there is of everything."""
    names = [kpi["name"] for kpi in (await house.get("kpi", "/kpis"))["items"]]
    figures: Json = {}
    for name in names:
        rows = (await house.get("kpi", f"/kpis/{name}", customer_id=CUSTOMER, **PERIOD))["rows"]
        figures[name] = [(row["numerator"], row["denominator"]) for row in rows]
    for package, tables in COUNTED.items():
        for table in tables:
            sql = (
                f"SELECT count(*)::text || '/' || md5(coalesce(string_agg({tables[table]}, ',' ORDER BY {tables[table]}), '')) FROM {table}"
            )
            figures[f"{package}.{table}"] = await house.database(package, sql)
    return figures


SHOWN = {"order_intake.orders", "order_intake.outbox", "topic orders", "crm.timeline"}
"""Where a word that is no secret is found, as soon as it has come so far."""
COUNTED = {
    "order_intake": {"orders": "order_id::text || replace(status, 'closed', 'delivered')", "order_lines": "order_lines::text"},
    "inventory": {"picks": "picks::text", "packs": "packs::text"},
    "dispatch": {"shipments": "shipment_id::text || status || attempts", "deliveries": "delivery_id::text || outcome"},
    "crm": {"orders": "order_id::text || customer_reference || replace(status, 'closed', 'delivered')", "cases": "case_id::text || status"},
    "kpi": {"order_facts": "order_facts::text", "line_facts": "line_facts::text", "case_facts": "case_facts::text"},
}


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_an_erased_consignee_is_found_nowhere_and_every_count_stays(on_kafka: LocalSystem) -> None:
    async with house_of(on_kafka) as house:
        await opened(house)
        rejected, orders, parked = await placed(house)
        await delivered(house, orders)
        await complained(house, orders[1])
        await dispatch_has_parked(house, parked)
        await settled(house)

        shipment_id = await seen_by_the_driver(house, orders[1])
        before = await found_as_far_as_it_goes(on_kafka)
        assert {word: before[word] for word in HIDDEN} == {word: set() for word in HIDDEN}
        assert {"order_intake.holds", "order_intake.order_history", "crm.cases", "crm.timeline", "crm.idempotency_keys"} <= before[SPOKEN]

        await repaired(house, parked)
        await delivered(house, [*orders, parked])
        await settled(house)
        figures = await counted(house)
        assert await erased(house) == len(orders) + 2
        await settled(house)

        assert await found(on_kafka, (*HIDDEN, SPOKEN)) == {word: set() for word in (*HIDDEN, SPOKEN)}
        assert await counted(house) == figures
        await nobody_sees_it(house, [*orders, parked, rejected], shipment_id)


async def complained(house: House, order_id: str) -> None:
    about = {"customer_id": CUSTOMER, "kind": "complaint", "subject": f"{SPOKEN} is angry", "order_id": order_id}
    await house.send("crm", "POST", "/cases", about, once="canary-5")


async def dispatch_has_parked(house: House, order_id: str) -> None:
    parked = f"SELECT parked_because FROM progress WHERE aggregate = 'order/{order_id}' AND parked_at IS NOT NULL"

    async def it_is() -> object:
        return await house.database("dispatch", parked)

    await until(it_is)


async def seen_by_the_driver(house: House, order_id: str) -> str:
    """Whom the goods went to and who signed for them, before anybody is forgotten. The shipment's id."""
    [shipment] = (await house.get("dispatch", "/shipments", order_id=order_id))["items"]
    shipment_id = str(shipment["shipment_id"])
    assert (await house.get("dispatch", f"/shipments/{shipment_id}"))["ship_to"]["street"] == STREET
    proofs = (await house.get("dispatch", "/deliveries", shipment_id=shipment_id))["items"]
    assert [(proof["signed_by"], proof["reason"]) for proof in proofs] == [(None, f"{NAME} was not there"), (NAME, None)]
    return shipment_id


async def found_as_far_as_it_goes(system: LocalSystem) -> dict[str, set[str]]:
    """Where the words are once the reference, which is no secret, has come everywhere."""
    places: dict[str, set[str]] = {}

    async def it_is_everywhere() -> bool:
        places.update(await found(system, (*HIDDEN, SPOKEN, REFERENCE)))
        return places[REFERENCE] >= SHOWN

    await until(it_is_everywhere)
    return places


async def erased(house: House) -> int:
    """The consignee is, by name. In how many orders."""
    wish = {"customer_id": CUSTOMER, "consignee": {"name": NAME}}
    path = f"/erasures/{(await house.send('order-intake', 'POST', '/erasures', wish, once='canary-6'))['erasure_id']}"

    async def it_is_done() -> bool:
        return bool((await house.get("order-intake", path))["status"] == "done")

    await until(it_is_done)
    return int((await house.get("order-intake", path))["erased"])


async def nobody_sees_it(house: House, order_ids: list[str], shipment_id: str) -> None:
    for one in order_ids:
        read = await house.get("order-intake", f"/orders/{one}")
        assert (read["ship_to"], read["erased_at"] is None) == (None, False)
    assert (await house.get("dispatch", f"/shipments/{shipment_id}"))["ship_to"] is None
    gone = await house.clients["order-intake"].post("/orders", json=order(1), headers={"Idempotency-Key": "canary-1"})
    assert gone.status_code == 410


async def settled(house: House) -> None:
    """Everything that was said is heard by everybody, but for what is parked."""
    hear = "SELECT coalesce(sum(version), 0)::text FROM progress WHERE consumer = '{}' AND parked_at IS NULL"
    pending = "SELECT count(*)::text FROM outbox_pending"
    seen: list[str | None] = []

    async def nothing_moves() -> bool:
        nonlocal seen
        before = seen
        seen = [await house.database(service.package, hear.format(service.name)) for service in house.system.services]
        waits = [await house.database(service.package, pending) for service in house.system.services]
        await asyncio.sleep(1)
        return set(waits) == {"0"} and seen == before

    await until(nothing_moves)


async def repaired(house: House, order_id: str) -> None:
    await house.database("dispatch", "DROP TRIGGER refusing ON shipments")
    command = [sys.executable, "-m", "dispatch", "parked", "replay", f"order/{order_id}"]
    environment = house.system.tool_environment()
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, cwd=house.system.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "applied" in done.stdout


@pytest.mark.parametrize("word", [*HIDDEN, SPOKEN])
def test_the_scan_knows_a_word_in_every_form(word: str) -> None:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = word.encode(encoding)
        for around in range(3):
            wrapped = b64encode(b"x" * around + data + b"yz")
            assert any(form in wrapped for form in forms(word)), (encoding, around)
        assert any(form in data.hex().encode() for form in forms(word))
    assert not any(form in b"Somebody else, 10115 Berlin" for form in forms(word))
