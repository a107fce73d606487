"""What partners are told while their orders live: the facts are heard, the documents written and read as the partner reads them."""

from collections.abc import Sequence
from uuid import UUID

import httpx
import pytest
from order_intake.commands.orders import cancel_order, reject_order
from order_intake.commands.placing import place_orders
from order_intake.documents.facts import Item, PartnerLine, PartnerOrder, Place
from order_intake.edi import Message
from order_intake.edi_orders import KEEP, EdiOrder, kept
from order_intake.partners import Partner
from order_intake.schemas import NewCancellation, NewOrder
from order_intake.settings import Terms
from shared.batches import only
from shared.database import Pool, transaction
from shared.events import Carton, DeliveryAttemptFailed, Event, PackCompleted
from shared.key_store import KeyStore
from uuid_utils.compat import uuid7

from tests.order_intake.builders import (
    THEN,
    ByLine,
    a_body,
    delivered,
    handed_over,
    hear,
    packed,
    picked,
    reserved,
    short,
    some_lines,
)
from tests.order_intake.test_documents import an_sscc
from tests.order_intake.test_outbox import a_partner, written

ALL = ["order_response", "shipping_advice", "ship_notice", "status"]
SSCC = [an_sscc(0), an_sscc(1)]


async def an_edi_order(
    pool: Pool, store: KeyStore, partner: Partner, document: str, quantities: Sequence[int] = (10, 5), **changes: object
) -> UUID:
    """Placed, and known as the partner's: unit and codes are its own."""
    body = a_body(partner.customer_id, f"PO-{uuid7()}"[:20], quantities)
    async with transaction(pool) as tx:
        new = NewOrder.model_validate(body | changes)
        order_id = only(await place_orders(tx, [new], Terms(), store.take)).value.first.order_id
        lines = tuple(PartnerLine(no, f"{no}0", "", 1, (Item("VN", f"V-{no}"),)) for no in range(1, len(quantities) + 1))
        facts = PartnerOrder(
            document,
            new.customer_reference,
            "20260115",
            "PO-OF-940" if document == "940" else "",
            places=(Place("ST", "92", "DC-1"),),
            lines=lines,
        )
        tx.gather(KEEP, [kept(EdiOrder(order_id, partner.customer_id, partner.code, partner.syntax.name, "004010", uuid7(), facts))])
    return order_id


async def told(pool: Pool, *events: Event) -> None:
    for event in events:
        async with transaction(pool) as tx:
            await hear(tx, event)


async def heard_by(pool: Pool, store: KeyStore, client: httpx.AsyncClient, partner: Partner) -> dict[str, list[Message]]:
    """Messages by their type."""
    messages = [message for interchange in await written(pool, store, client, partner) for message in interchange.messages]
    return {kind: [each for each in messages if each.type == kind] for kind in {each.type for each in messages}}


def a_pack(order_id: UUID, cartons: Sequence[ByLine]) -> PackCompleted:
    made = tuple(Carton(sscc=SSCC[number], lines=some_lines(lines)) for number, lines in enumerate(cartons))
    pack = packed(order_id, {1: 1})
    return pack.model_copy(update={"cartons": made})


def rows(message: Message, tag: str) -> list[tuple[str, ...]]:
    return [tuple(each.text(n) for n in range(1, len(each.texts))) for each in message.segments if each.tag == tag]


GOODS = [("CC", (count, count, "0"), ("VN", code)) for count, code in (("6", "V-1"), ("5", "V-2"), ("4", "V-1"))]
LEVELS = [("", "S"), ("1", "O"), ("2", "P"), ("3", "I"), ("3", "I"), ("2", "P"), ("6", "I")]
"""A shipment with an order in two cartons, the first of them with two items."""


@pytest.mark.parametrize(("document", "purchase_order"), [("940", ("", "PO-OF-940")), ("850", ())])
async def test_a_straight_order_is_answered_by_945_856_and_statuses(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient, document: str, purchase_order: tuple[str, ...]
) -> None:
    partner = await a_partner(pool, documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, document)
    gone = handed_over(order_id, {1: 10, 2: 5})
    arrived = delivered(order_id, {1: (9, 1, 0), 2: (4, 0, 1)}).model_copy(update={"shipment_id": gone.shipment_id})

    await told(
        pool, reserved(order_id, {1: 10, 2: 5}), picked(order_id, {1: 10, 2: 5}), a_pack(order_id, [{1: 6, 2: 5}, {1: 4}]), gone, arrived
    )

    heard = await heard_by(pool, key_store, client, partner)
    [advice], [notice], [departed, came] = heard["945"], heard["856"], heard["214"]
    ordered_as, number = rows(advice, "W06")[0][1], rows(advice, "W06")[0][3]
    assert rows(advice, "W06")[0][2:6] == ("20260501", number, *purchase_order)
    assert [(row[0], row[1:4], row[6:8]) for row in rows(advice, "W12")] == GOODS
    assert [row[1] for row in rows(advice, "MAN")] == [row[1] for row in rows(notice, "MAN")] == SSCC
    assert ("ST", "Store 12", "92", "DC-1") in rows(advice, "N1")
    assert rows(notice, "PRF") == [(purchase_order[-1] if purchase_order else ordered_as,)]
    assert [(row[1], row[2]) for row in rows(notice, "HL")] == LEVELS
    assert {rows(each, "B10")[0][1] for each in (departed, came)} == {number} == {rows(notice, "BSN")[0][1]}
    assert [row[:2] for row in rows(departed, "AT7") + rows(came, "AT7")] == [("AF", "NS"), ("D1", "NS"), ("A9", "NS")]
    assert rows(came, "K1") == [("1 damaged, 1 short",)]


async def test_orders_are_answered_by_desadv_and_iftsta(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, syntax="EDIFACT", documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, "ORDERS")
    gone = handed_over(order_id, {1: 10, 2: 5})
    failed = DeliveryAttemptFailed(
        customer_id="C",
        version=1,
        occurred_at=THEN,
        order_id=order_id,
        shipment_id=gone.shipment_id,
        attempt_no=1,
        attempted_at=THEN,
        reason="consignee_absent",
    )

    await told(pool, reserved(order_id, {1: 10, 2: 5}), a_pack(order_id, [{1: 10}, {2: 5}]), gone, failed)

    heard = await heard_by(pool, key_store, client, partner)
    [notice], [departed, missed] = heard["DESADV"], heard["IFTSTA"]
    assert [each.value(2) for each in notice.segments if each.tag == "GIN"] == SSCC
    quantities = [each.components(1) for each in notice.segments if each.tag == "QTY"]
    assert quantities == [["12", "10", "PCE"], ["21", "10", "PCE"], ["12", "5", "PCE"], ["21", "5", "PCE"]]
    assert [each.value(2) for each in (departed.first("STS"), missed.first("STS")) if each] == ["13", "55"]


async def test_goods_are_advised_when_their_cartons_were_heard_of(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, documents=["ship_notice"])
    order_id = await an_edi_order(pool, key_store, partner, "850")

    await told(pool, reserved(order_id, {1: 10, 2: 5}), handed_over(order_id, {1: 10, 2: 5}), a_pack(order_id, [{1: 10}]))
    before = await heard_by(pool, key_store, client, partner)
    rest = a_pack(order_id, [{}, {2: 5}])
    await told(pool, rest.model_copy(update={"cartons": rest.cartons[1:]}))
    after = await heard_by(pool, key_store, client, partner)

    assert before == {}
    assert [rows(after["856"][0], "SN1")[n][1] for n in (0, 1)] == ["10", "5"]


async def test_a_partial_shipment_says_what_is_to_follow_and_the_next_what_came_before(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient
) -> None:
    partner = await a_partner(pool, documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, "940", allow_partial=True)
    await told(
        pool,
        reserved(order_id, {1: 6}, complete=False),
        short(order_id, {1: 4, 2: 5}),
        a_pack(order_id, [{1: 6}]),
        handed_over(order_id, {1: 6}),
    )
    second = a_pack(order_id, [{}, {1: 4, 2: 5}])
    second = second.model_copy(update={"cartons": second.cartons[1:], "release_no": 2})
    await told(pool, reserved(order_id, {1: 4, 2: 5}), second, handed_over(order_id, {1: 4, 2: 5}, release_no=2))

    heard = await heard_by(pool, key_store, client, partner)

    [first, last], [response] = heard["945"], heard["855"]
    assert [row[:4] for row in rows(first, "W12")] == [("BP", "10", "6", "4"), ("BP", "5", "0", "5")]
    assert [row[:4] for row in rows(last, "W12")] == [("CC", "4", "4", "0"), ("CC", "5", "5", "0")]
    assert rows(response, "BAK")[0][1] == "AC"
    assert [row[:2] for row in rows(response, "ACK")] == [("IA", "6"), ("IB", "4"), ("IB", "5")]
    assert rows(first, "W06")[0][3] != rows(last, "W06")[0][3]


@pytest.mark.parametrize(("by", "document", "outcome"), [("us", "855", "RD"), ("customer", "865", "AT")])
async def test_a_cancelled_order_is_answered(
    pool: Pool, key_store: KeyStore, client: httpx.AsyncClient, by: str, document: str, outcome: str
) -> None:
    partner = await a_partner(pool, documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, "850")

    async with transaction(pool) as tx:
        await cancel_order(tx, order_id, NewCancellation.model_validate({"reason": "ordered_twice", "by": by}))

    heard = await heard_by(pool, key_store, client, partner)
    [answer] = heard[document]
    assert answer.segments[1].text(2) == outcome


async def test_a_rejected_order_is_refused_line_by_line(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, "850")

    async with transaction(pool) as tx:
        await reject_order(tx, order_id, "not_deliverable")

    [answer] = (await heard_by(pool, key_store, client, partner))["855"]
    assert rows(answer, "BAK")[0][1] == "RD"
    assert [row[:2] for row in rows(answer, "ACK")] == [("IR", "10"), ("IR", "5")]


async def test_a_partner_hears_nothing_that_it_does_not_want(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, documents=[])
    order_id = await an_edi_order(pool, key_store, partner, "940")

    await told(pool, reserved(order_id, {1: 10, 2: 5}), a_pack(order_id, [{1: 10, 2: 5}]), handed_over(order_id, {1: 10, 2: 5}))
    rejected = await an_edi_order(pool, key_store, partner, "850")
    async with transaction(pool) as tx:
        await reject_order(tx, rejected, "not_deliverable")

    assert await heard_by(pool, key_store, client, partner) == {}


async def test_an_erased_order_takes_its_documents_along(pool: Pool, key_store: KeyStore, client: httpx.AsyncClient) -> None:
    partner = await a_partner(pool, documents=ALL)
    order_id = await an_edi_order(pool, key_store, partner, "940")
    await told(pool, reserved(order_id, {1: 10, 2: 5}), a_pack(order_id, [{1: 10, 2: 5}]), handed_over(order_id, {1: 10, 2: 5}))
    await written(pool, key_store, client, partner)
    entries = (await client.get("/edi/outbox", params={"partner": partner.code})).json()["items"]
    stored = await pool.fetch("SELECT sealed FROM edi_outbox WHERE partner = $1", partner.code)

    await key_store.destroy([await pool.fetchval("SELECT ship_to_key_id FROM orders WHERE order_id = $1", order_id)])
    _forget_what_was_read(client)

    assert not [row for row in stored if b"Store 12" in row["sealed"]]
    assert {(await client.get(entry["document"])).status_code for entry in entries} == {410}


def _forget_what_was_read(client: httpx.AsyncClient) -> None:
    """As after some seconds."""
    client._transport.app.state.key_store._read.clear()  # type: ignore[attr-defined]  # the application in this process
