"""Trading partners: put whole, one customer for ever, one identifier for one partner."""

import httpx
import pytest
from order_intake.partner_rows import partners
from shared.database import Pool, Transaction

from tests.order_intake.builders import a_stored_customer
from tests.order_intake.partners import a_partner_body, an_identifier


async def test_a_partner_is_put_read_and_replaced_as_it_was_read(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, code = await a_stored_customer(pool), an_identifier()
    body = a_partner_body(customer_id, items=[{"qualifier": "UP", "code": "012345678905", "sku": "SKU-1"}])

    made = await client.put(f"/partners/{code}", json=body)
    again = await client.put(f"/partners/{code}", json=body)
    other = await client.put(f"/partners/{code}", json={**body, "country": "CA"}, headers={"If-Match": made.headers["ETag"]})
    stale = await client.put(f"/partners/{code}", json=body, headers={"If-Match": made.headers["ETag"]})
    read = await client.get(f"/partners/{code}")

    assert [each.status_code for each in (made, again, other, stale, read)] == [201, 200, 200, 412, 200]
    assert made.headers["ETag"] == again.headers["ETag"] != other.headers["ETag"] == read.headers["ETag"]
    assert read.json() == other.json()
    assert read.json() | {"country": "US"} == made.json()
    listed = (await client.get("/partners", params={"customer_id": customer_id})).json()
    assert listed == {"items": [read.json()], "next": None}


async def test_an_identifier_stands_for_one_partner(client: httpx.AsyncClient, pool: Pool) -> None:
    customer_id, identifier = await a_stored_customer(pool), an_identifier()
    first, second = an_identifier(), an_identifier()
    await client.put(f"/partners/{first}", json=a_partner_body(customer_id, identifier))

    taken = await client.put(f"/partners/{second}", json=a_partner_body(customer_id, identifier))
    await client.put(f"/partners/{first}", json=a_partner_body(customer_id))
    freed = await client.put(f"/partners/{second}", json=a_partner_body(customer_id, identifier))

    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/identifier-taken")
    assert freed.status_code == 201


async def test_a_partner_stands_for_one_customer_for_ever(client: httpx.AsyncClient, pool: Pool) -> None:
    body, code = a_partner_body(await a_stored_customer(pool)), an_identifier()
    await client.put(f"/partners/{code}", json=body)

    moved = await client.put(f"/partners/{code}", json={**body, "customer_id": await a_stored_customer(pool)})

    assert (moved.status_code, moved.json()["faults"][0]["pointer"]) == (422, "/customer_id")


WRONG = {
    "of an unknown customer": ({"customer_id": "NOBODY-HERE"}, "/customer_id"),
    "with the identifiers of one syntax alone": ({"our_identifiers": [{"syntax": "X12", "qualifier": "ZZ", "identifier": "A"}]}, ""),
    "wider than ISA": ({"identifiers": [{"syntax": "X12", "qualifier": "ZZ", "identifier": "A" * 16}]}, "/identifiers/0"),
    "with a rule that there is not": ({"weights": {"nonsense": "remark"}}, "/weights"),
    "taking more than anybody": ({"limits": {"messages": 1001}}, "/limits/messages"),
    "with two separators the same": ({"separators": {"element": "*", "component": "*", "segment": "~"}}, "/separators"),
    "with a letter as separator": ({"separators": {"element": "*", "component": "x", "segment": "~"}}, "/separators/component"),
    "with an item code twice": ({"items": [{"qualifier": "VN", "code": "A", "sku": sku} for sku in ("S-1", "S-2")]}, ""),
}


@pytest.mark.parametrize(("change", "pointer"), WRONG.values(), ids=WRONG.keys())
async def test_a_partner_that_breaks_a_rule_is_not_stored(
    client: httpx.AsyncClient, pool: Pool, change: dict[str, object], pointer: str
) -> None:
    code = an_identifier()

    answer = await client.put(f"/partners/{code}", json=a_partner_body(await a_stored_customer(pool)) | change)

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["pointer"] == pointer
    assert (await client.get(f"/partners/{code}")).status_code == 404


async def test_what_the_decisions_see_is_what_was_put_last(client: httpx.AsyncClient, pool: Pool) -> None:
    code, body = an_identifier(), a_partner_body(await a_stored_customer(pool), units={"CA": 12})
    seen = []
    for factor in (12, 24):
        await client.put(f"/partners/{code}", json={**body, "units": {"CA": factor}})
        reading = Transaction(pool)
        seen.append((await partners(reading, [code, "NOBODY"]))[code].units)
        await reading.rollback()

    assert seen == [{"CA": 12}, {"CA": 24}]


@pytest.mark.parametrize("after", ["%00", "a/b", "n" * 201])
async def test_a_place_that_no_partner_can_have_is_pointed_at(client: httpx.AsyncClient, after: str) -> None:
    answer = await client.get(f"/partners?after={after}")

    assert answer.status_code == 422
    assert answer.json()["faults"][0]["pointer"] == "?after"
