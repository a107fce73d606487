"""What a partner hears of an order that was changed: answers line by line, and documents that name the lines as they are now."""

from uuid import UUID

import httpx
from shared.database import Pool
from shared.key_store import KeyStore

from tests.order_intake.builders import handed_over
from tests.order_intake.changes import ALL, AT_ONCE, WAYS, Body, allocated, an_ordering, both_syntaxes, by_860, by_ordchg, heard
from tests.order_intake.test_amending import reallocated
from tests.order_intake.test_partners_hear import a_pack, rows, told


async def test_an_860_is_answered_by_an_865_line_by_line(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool)
    await allocated(pool, await sender.send(by_860(sender.me)))
    await sender.send(by_860(sender.me, "POC*1*QD*30**EA***VN*SKU-1", "POC*3*QI*5**EA***VN*SKU-3", control=3, change="2"))

    done, refused = await heard(pool, key_store, sender)

    assert [rows(each, "BCA")[0][1:5] for each in (done, refused)] == [("AD", "PO-1", "", "1"), ("RD", "PO-1", "", "2")]
    assert [row[:5] for row in rows(done, "POC")] == [("1", "QI", "20", "20", "EA"), ("2", "DI", "", "", ""), ("3", "AI", "4", "4", "EA")]
    assert [row[:2] for row in rows(done, "ACK")] == [("IA", "20"), ("ID",), ("IA", "4")]
    assert rows(refused, "N9") == [("ZZ", "", "line 1: quantity not possible")]
    assert [row[:2] for row in rows(refused, "ACK")] == [("IR", "30"), ("IR", "5")]


async def test_an_ordchg_is_answered_by_an_ordrsp_line_by_line(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool, syntax="EDIFACT")
    await allocated(pool, await sender.send(by_ordchg(sender.me)))
    await sender.send(by_ordchg(sender.me, "LIN+1+3+SKU-1:SA", "QTY+21:1:DZ", control=3, change="CHG-2"))

    done, refused = await heard(pool, key_store, sender)

    assert [each.segments[1].value(3) for each in (done, refused)] == ["4", "27"]
    assert [[row.components(1) for row in each.segments if row.tag == "RFF"] for each in (done, refused)] == [
        [["ON", "PO-1"], ["PP", "CHG-1"]], [["ON", "PO-1"], ["PP", "CHG-2"]],
    ]  # fmt: skip
    assert [[row.value(2) for row in each.segments if row.tag == "LIN"] for each in (done, refused)] == [["3", "2", "1"], ["7"]]
    assert [row.components(1)[:2] for row in done.segments if row.tag == "QTY"] == [["21", "20"], ["113", "20"], ["21", "4"], ["113", "4"]]
    assert [row.value(4) for row in refused.segments if row.tag == "FTX"] == ["unit not possible"]


async def test_a_replacement_is_answered_as_an_order_is(client: httpx.AsyncClient, pool: Pool, key_store: KeyStore) -> None:
    sender = await an_ordering(client, pool)
    await sender.send(WAYS["940 R"](sender.me))

    [answer] = await heard(pool, key_store, sender)

    assert (answer.type, rows(answer, "BAK")[0][:3]) == ("855", ("05", "AD", "PO-1"))
    assert [row[1] for row in rows(answer, "PO1")] == ["20", "4"]


@both_syntaxes
async def test_what_is_shipped_names_the_lines_as_they_were_added(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore, syntax: str, change: Body
) -> None:
    sender = await an_ordering(client, pool, AT_ONCE, syntax=syntax, documents=ALL, allow_partial=True)
    changed = await sender.send(change(sender.me))
    order_id = UUID(changed["messages"][0]["order_id"])

    await told(pool, reallocated(order_id, {1: 20, 3: 4}), a_pack(order_id, [{1: 20, 3: 4}]), handed_over(order_id, {1: 20, 3: 4}))

    _, *said = await heard(pool, key_store, sender)
    if syntax == "X12":
        [advice], [notice] = ([each for each in said if each.type == kind] for kind in ("945", "856"))
        assert [(row[0], row[1:4], row[6:8]) for row in rows(advice, "W12")] == [
            ("CC", ("20", "20", "0"), ("VN", "SKU-1")), ("CC", ("4", "4", "0"), ("VN", "SKU-3")),
        ]  # fmt: skip
        assert [row[:3] for row in rows(notice, "LIN")] == [("1", "VN", "SKU-1"), ("3", "VN", "SKU-3")]
    else:
        [notice] = [each for each in said if each.type == "DESADV"]
        assert [row.components(3) for row in notice.segments if row.tag == "LIN"] == [["SKU-1", "VN"], ["SKU-3", "SA"]]
        assert [row.components(1) for row in notice.segments if row.tag == "RFF"][1:] == [["ON", "PO-1", "1"], ["ON", "PO-1", "3"]]


async def test_an_order_that_is_amended_by_others_is_told_to_its_partner(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    items = [{"qualifier": "UP", "code": "012345678905", "sku": "SKU-3"}]
    sender = await an_ordering(client, pool, AT_ONCE, documents=ALL, items=items)
    [order] = await sender.orders()
    wish = {"lines": [{"line_no": 1, "sku": "SKU-1", "quantity": 20}, {"line_no": 7, "sku": "SKU-3", "quantity": 4}]}

    amended = await client.post(f"/orders/{order['order_id']}/amendments", json=wish)
    order_id = UUID(order["order_id"])
    await told(pool, reallocated(order_id, {1: 20, 7: 4}), a_pack(order_id, [{1: 20, 7: 4}]), handed_over(order_id, {1: 20, 7: 4}))

    said = await heard(pool, key_store, sender)
    [answer], [advice] = ([each for each in said if each.type == kind] for kind in ("865", "945"))
    assert amended.status_code == 201
    assert [row[:4] for row in rows(answer, "POC")] == [("2", "DI", "", ""), ("1", "CA", "20", "20"), ("", "CA", "4", "4")]
    assert [(row[2], row[6:8]) for row in rows(advice, "W12")] == [("20", ("VN", "SKU-1")), ("4", ("UP", "012345678905"))]


async def test_a_backorder_after_a_change_says_nothing_of_lines_that_are_gone(
    client: httpx.AsyncClient, pool: Pool, key_store: KeyStore
) -> None:
    sender = await an_ordering(client, pool, allow_partial=True)
    changed = await sender.send(by_860(sender.me))

    await told(pool, reallocated(UUID(changed["messages"][0]["order_id"]), {1: 20}, {3: 4}))

    [backorder] = [each for each in await heard(pool, key_store, sender) if each.type == "855"]
    assert [row[:2] for row in rows(backorder, "PO1")] == [("1", "20"), ("3", "4")]
    assert [row[:2] for row in rows(backorder, "ACK")] == [("IA", "20"), ("IB", "4")]
