"""Documents that break a rule of ours are put aside: they can be seen, mended and written, or given up."""

from typing import Any

import httpx
import pytest
from order_intake.aside_queries import next_step
from order_intake.overdue import UNWRITABLE, measure
from shared.database import Pool
from shared.key_store import KeyStore
from uuid_utils.compat import uuid7

from tests.order_intake.test_outbox import a_partner, a_posted, written

NO_RELEASE = {"element": "+", "component": ":", "segment": "'"}
TOO_LONG = "A-NUMBER-OF-MORE-THAN-22-CHARACTERS"


async def aside(client: httpx.AsyncClient, partner: str, **more: Any) -> list[dict[str, Any]]:
    return list((await client.get("/edi/unwritable", params={"partner": partner, **more})).json()["items"])


def counted(partner: str) -> float:
    return sum(sample.value for metric in UNWRITABLE.collect() for sample in metric.samples if sample.labels["partner"] == partner)


async def test_what_could_not_be_written_is_written_once_the_partner_is_mended(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    partner = await a_partner(pool, syntax="EDIFACT", separators=NO_RELEASE)
    await a_posted(pool, partner, ["PO-1", "SECRET:2", "PO-3"])
    [before] = await written(pool, key_store, client, partner)
    [put_aside] = await aside(client, partner.code)
    useless = (await client.post(f"/edi/partners/{partner.code}/rewriting")).json()
    await written(pool, key_store, client, partner)
    still = await aside(client, partner.code)

    body = (await client.get(f"/partners/{partner.code}")).json() | {"separators": NO_RELEASE | {"release": "?"}}
    assert (await client.put(f"/partners/{partner.code}", json={k: v for k, v in body.items() if k != "code"})).is_success
    again = (await client.post(f"/edi/partners/{partner.code}/rewriting")).json()
    _, after = await written(pool, key_store, client, partner)

    assert (put_aside["type"], put_aside["partner"], "SECRET" in str(put_aside)) == ("ORDRSP", partner.code, False)
    assert put_aside["next_step"].endswith(f"POST /edi/partners/{partner.code}/rewriting.")
    assert [each["document_id"] for each in still] == [put_aside["document_id"]]
    assert useless == again == {"documents": 1, "left": 0}
    assert [len(each.messages) for each in (before, after)] == [2, 1]
    assert [row.value(1, 2) for row in after.messages[0].segments if row.tag == "RFF"] == ["SECRET:2"]
    assert await aside(client, partner.code) == []


async def test_a_document_that_is_given_up_is_neither_listed_nor_counted_nor_tried(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner, [TOO_LONG, f"{TOO_LONG}-2"])
    await written(pool, key_store, client, partner)
    first, second = await aside(client, partner.code)
    await measure(pool, key_store)
    before = counted(partner.code)

    given_up = [await client.post(f"/edi/unwritable/{first['document_id']}/dismissal") for _ in range(2)]
    again = (await client.post(f"/edi/partners/{partner.code}/rewriting")).json()
    await written(pool, key_store, client, partner)
    await measure(pool, key_store)

    assert first["why"] == "element-long BAK03"
    assert first["next_step"].startswith("It says something that this document has no room for")
    assert [answer.status_code for answer in given_up] == [204, 204]
    assert again["documents"] == 1
    assert [each["document_id"] for each in await aside(client, partner.code)] == [second["document_id"]]
    assert (before, counted(partner.code)) == (2, 1)


async def test_what_is_put_aside_is_read_in_pages(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner, [f"{TOO_LONG}-{number}" for number in range(3)])
    await written(pool, key_store, client, partner)

    first = (await client.get("/edi/unwritable", params={"customer_id": partner.customer_id, "limit": 2})).json()
    rest = await aside(client, partner.code, after=first["next"])

    assert [len(first["items"]), len(rest)] == [2, 1]
    assert len({each["document_id"] for each in [*first["items"], *rest]}) == 3


@pytest.mark.parametrize("path", ["/edi/partners/{}/rewriting", "/edi/unwritable/{}/dismissal"])
async def test_of_what_there_is_not_nothing_is_done(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path.format(uuid7()))).status_code == 404


def test_each_fault_has_its_next_step() -> None:
    reasons = ("The envelope breaks group-01", "The character U+00C4 is not in the character set UNOA.", "There is no component separator.")
    steps = {why: next_step(why, "ACME", "1") for why in reasons}

    assert len(set(steps.values())) == 3
    assert all("/edi/partners/ACME/rewriting" in step for step in steps.values())
