import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from order_intake.commands.outbox import next_controls, post
from order_intake.commands.partners import put_partner
from order_intake.documents.facts import Item, PartnerLine, PartnerOrder, Place
from order_intake.documents.order_responses import AnswerKind, AnswerLine, OrderAnswer, order_responses
from order_intake.edi import Interchange, read
from order_intake.partner_rows import partners
from order_intake.partner_schemas import PartnerBody
from order_intake.partners import Document, Partner
from order_intake.sending import write_documents
from shared.database import Pool, transaction
from shared.key_store import KeyStore

from tests.order_intake.builders import a_stored_customer
from tests.order_intake.partners import a_partner_body, an_identifier

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
LINE = PartnerLine(1, "1", "EA", 1, (Item("VN", "SKU-1"),))


async def a_partner(pool: Pool, customer_id: str = "", **changes: object) -> Partner:
    code = an_identifier()
    customer_id = customer_id or await a_stored_customer(pool)
    async with transaction(pool) as tx:
        await put_partner(tx, code, PartnerBody.model_validate(a_partner_body(customer_id) | changes), None)
        return (await partners(tx, [code]))[code]


def an_answer(number: str = "PO-1", kind: AnswerKind = AnswerKind.ACCEPTED, **changes: object) -> OrderAnswer:
    order = PartnerOrder("850", number, "20260115", places=(Place("ST", "92", "DC-1"),), lines=(LINE,))
    return replace(OrderAnswer(kind, order, AT, (AnswerLine(1, 12, 12),)), **changes)  # type: ignore[arg-type]  # a builder's changes


async def a_posted(pool: Pool, partner: Partner, numbers: Sequence[str] = ("PO-1",)) -> None:
    drafts = order_responses(partner, [an_answer(number) for number in numbers])
    async with transaction(pool) as tx:
        await post(tx, partner, drafts, Document.ORDER_RESPONSE)


async def written(pool: Pool, store: KeyStore, client: httpx.AsyncClient, partner: Partner) -> list[Interchange]:
    """All that waits for the partner, after whatever is due was written."""
    while await write_documents(pool, store):
        pass
    page = (await client.get("/edi/outbox", params={"partner": partner.code})).json()
    assert page["next"] is None
    bodies = [(await client.get(entry["document"])).content for entry in page["items"]]
    return [interchange for body in bodies for interchange in read(body).interchanges]


@pytest.mark.parametrize("syntax", ["X12", "EDIFACT"])
async def test_what_many_transactions_say_is_one_interchange_with_running_numbers(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient, syntax: str
) -> None:
    partner = await a_partner(pool, syntax=syntax)
    await asyncio.gather(*[a_posted(pool, partner, [f"PO-{n}a", f"PO-{n}b"]) for n in range(5)])

    [first] = await written(pool, key_store, client, partner)
    await a_posted(pool, partner)
    [_, second] = await written(pool, key_store, client, partner)

    assert [each.reference for each in first.messages] == [f"{n:04}" for n in range(1, 11)]
    assert [each.reference for each in second.messages] == ["0011"]
    assert [int(first.reference), int(second.reference)] == [1, 2]


async def test_numbers_have_no_gap_whoever_rolls_back(pool: Pool) -> None:
    partner = await a_partner(pool)

    async def take(fails: bool) -> list[int]:
        try:
            async with transaction(pool) as tx:
                first = (await next_controls(tx, partner.code, ["ISA", "ST", "ST"]))["ST"]
                if fails:
                    raise RuntimeError("rolled back")
                return [first, first + 1]
        except RuntimeError:
            return []

    taken = await asyncio.gather(*[take(number % 3 == 0) for number in range(30)])

    assert sorted(number for numbers in taken for number in numbers) == list(range(1, 41))
    async with transaction(pool) as tx:
        assert await next_controls(tx, partner.code, ["ISA"]) == {"ISA": 21}


async def test_what_was_rolled_back_is_not_sent(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    with pytest.raises(RuntimeError):
        async with transaction(pool) as tx:
            await post(tx, partner, order_responses(partner, [an_answer()]), Document.ORDER_RESPONSE)
            raise RuntimeError("rolled back")

    assert await written(pool, key_store, client, partner) == []


async def test_an_entry_waits_until_its_receipt(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner)
    [interchange] = await written(pool, key_store, client, partner)
    [entry] = (await client.get("/edi/outbox", params={"partner": partner.code})).json()["items"]

    document = await client.get(entry["document"])
    first = await client.post(f"/edi/outbox/{entry['entry_id']}/receipt")
    again = await client.post(f"/edi/outbox/{entry['entry_id']}/receipt")

    assert (document.headers["content-type"], document.content) == ("application/EDI-X12", interchange.data)
    assert first.json()["received_at"]
    assert again.json() == first.json()
    assert (await client.get("/edi/outbox", params={"partner": partner.code})).json()["items"] == []
    assert (await client.get(entry["document"])).content == interchange.data


async def test_a_document_that_breaks_our_own_rules_is_put_aside_and_stops_no_other(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner, ["PO-1", "A-NUMBER-OF-MORE-THAN-22-CHARACTERS", "PO-3"])

    [interchange] = await written(pool, key_store, client, partner)

    assert [each.segments[1].value(3) for each in interchange.messages] == ["PO-1", "PO-3"]
    assert (
        await pool.fetchval("SELECT unwritable FROM edi_documents WHERE partner = $1 AND entry_id IS NULL", partner.code)
        == "element-long BAK03"
    )


async def test_several_workers_write_a_document_once(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool)
    await a_posted(pool, partner, [f"PO-{n}" for n in range(20)])

    await asyncio.gather(*[write_documents(pool, key_store) for _ in range(4)])

    interchanges = await written(pool, key_store, client, partner)
    assert sorted(message.reference for each in interchanges for message in each.messages) == [f"{n:04}" for n in range(1, 21)]
