"""A partner orders by EDI, over HTTP, and hears all that becomes of its orders: straight, short and in parts."""

from collections import Counter
from dataclasses import dataclass

import pytest
from mockedi.testing import Mock
from order_intake.edi import Message

from deploy.local.supervisor import LocalSystem
from tests.journeys.crew import Crew
from tests.journeys.house import House, Json, house_of, until
from tests.journeys.kafka.changes import change_of_mind
from tests.journeys.kafka.trading import Trade

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
WAREHOUSE, CARRIER = "EDIHALL", "UPSN"
SKUS = ("SEED", "BELL", "CORN")
CREW = Crew(CARRIER, f"{CARRIER}-1", "consignee_absent", "R. Finch")
KNOWN_TO_ALL = {"855 accepted", "856 accepted", "945 accepted", "214 accepted"}
"""mock-edi accepts a ship notice with a fault noted: it knows no MAN, and so no SSCC."""
DOCUMENTS = ["order_response", "shipping_advice", "ship_notice", "status"]
KNOWN_TO_MOCK = ["order_response", "ship_notice", "status"]


@dataclass(frozen=True)
class World:
    """What the two syntaxes call the same things."""

    syntax: str
    us: str
    media: str

    @property
    def customer(self) -> str:
        return f"EDI-{self.syntax}"


X12 = World("X12", "THREEPL", "application/EDI-X12")
EDIFACT = World("EDIFACT", "4012345000009", "application/EDIFACT")


async def opened(house: House, world: World) -> None:
    """Seeds and corns enough, and two bells too few."""
    customer = world.customer
    await house.send("crm", "PUT", f"/customers/{customer}", {"name": "Bird shop"})
    await house.send("inventory", "PUT", f"/warehouses/{WAREHOUSE}", {"name": "Hall"})
    items = [{"customer_id": customer, "sku": sku, "description": sku} for sku in SKUS]
    await house.send("inventory", "POST", "/items/batch", {"items": items})
    await stock(house, world, "SEED", 20)
    await stock(house, world, "BELL", 3)
    await stock(house, world, "CORN", 3)
    await house.send("dispatch", "PUT", f"/carriers/{CARRIER}", {"name": "Brown"})
    await house.send("dispatch", "PUT", f"/vehicles/{CARRIER}-1", {"carrier": CARRIER, "name": "Van"})

    async def items_are_known() -> bool:
        wanted = "SELECT count(*)::text FROM items JOIN customers USING (customer_id) WHERE customer_id = '" + customer + "'"
        return await house.database("order_intake", wanted) == str(len(SKUS))

    await until(items_are_known)


async def a_trade(house: House, world: World, mock: Mock | None, them: str) -> Trade:
    """The partner is called as it calls itself."""
    theirs, ours = ({"syntax": world.syntax, "qualifier": "ZZ", "identifier": each} for each in (them, world.us))
    partner: Json = {"customer_id": world.customer, "syntax": world.syntax, "identifiers": [theirs], "our_identifiers": [ours]}
    partner |= {"documents": DOCUMENTS if mock is None else KNOWN_TO_MOCK, "allow_partial": True}
    await house.send("order-intake", "PUT", f"/partners/{them}", partner)
    return Trade(house, mock, world.us, them, world.media)


async def stock(house: House, world: World, sku: str, quantity: int) -> None:
    which = {"customer_id": world.customer, "sku": sku, "warehouse": WAREHOUSE}
    received = which | {"quantity": quantity, "reason": "receipt", "reference": f"R-{sku}-{quantity}"}
    await house.send("inventory", "POST", "/stock/adjustments", {"adjustments": [received]})


async def work(house: House, world: World) -> None:
    """In this hall, for this customer."""
    picks = (await house.get("inventory", "/picks", status="open", warehouse=WAREHOUSE))["items"]
    await CREW.pack(house, [one for one in picks if one["customer_id"] == world.customer])
    planned = (await house.get("dispatch", "/shipments", status="planned", warehouse=WAREHOUSE))["items"]
    await CREW.drive(house, [one for one in planned if one["customer_id"] == world.customer])


async def heard_all(house: House, world: World, trade: Trade, **least: int) -> None:
    """Work goes on until the partner has heard so many documents of each type."""

    async def all_is_heard() -> bool:
        await work(house, world)
        await trade.fetch()
        return all(len(trade.heard(document.lstrip("_"))) >= count for document, count in least.items())

    try:
        await until(all_is_heard)
    except AssertionError:
        raise AssertionError(f"heard only {Counter(message.type for each in trade.sent for message in each.messages)}") from None


def a_940(buyer: str, us: str) -> bytes:
    rows = ["W05*N*DEP-1*PO-OF-DEP-1", "N1*ST*DC EAST*9*0012345678905", "N3*1 DOCK RD", "N4*RENO*NV*89502*US", "W66*PP*M"]
    rows += ["LX*1", "W01*4*EA**VN*SEED", "W76*4"]
    head = [f"ISA*00*          *00*          *ZZ*{buyer:15}*ZZ*{us:15}*260115*0930*U*00401*000000500*0*P*>"]
    head += [f"GS*OW*{buyer}*{us}*20260115*0930*500*X*004010", "ST*940*0001"]
    return "~".join([*head, *rows, "SE*10*0001", "GE*1*500", "IEA*1*000000500", ""]).encode()


def rows(message: Message, tag: str) -> list[list[str]]:
    return [segment.texts[1:] for segment in message.segments if segment.tag == tag]


def has_no_gap(numbers: list[int]) -> bool:
    return sorted(numbers) == list(range(1, len(numbers) + 1))


async def test_an_850_and_a_940_live_and_their_partner_hears_of_it(on_kafka: LocalSystem) -> None:
    with Mock.start(as2_id="BUYX") as mock:
        async with house_of(on_kafka) as house:
            await opened(house, X12)
            mock.expect("POST", "/_mock/partners", {"id": X12.us, "name": "Three PL", "role": "supplier", "test": 0}, status=201)
            buyer, depositor = await a_trade(house, X12, mock, "BUYX"), await a_trade(house, X12, None, "DEPX")
            waverer = await a_trade(house, X12, None, "WAVX")

            await buyer.order("PO-1", {"SEED": 10, "BELL": 5})
            said = await depositor.give(a_940("DEPX", X12.us))
            await change_of_mind(waverer, X12.customer, "X12")
            await heard_all(house, X12, depositor, _855=1, _945=1, _856=1, _214=3)
            await heard_all(house, X12, buyer, _855=2, _856=1, _214=3)
            await stock(house, X12, "BELL", 2)
            await heard_all(house, X12, buyer, _856=2, _214=6)
            await heard_all(house, X12, waverer, _855=1, _865=2, _945=1, _856=1)

            assert said
            assert [segment.texts[1:] for segment in said.segments if segment.tag == "AK5"] == [["A"]]
            assert await acknowledged(house, X12) == KNOWN_TO_ALL | {"856 noted", "865 accepted"}
    _the_940_was_answered(depositor)
    _the_850_was_answered(buyer)
    _the_860s_were_answered(waverer)
    for trade in (buyer, depositor, waverer):
        _numbers_have_no_gap(trade)


def _numbers_have_no_gap(trade: Trade) -> None:
    assert has_no_gap([int(each.reference) for each in trade.sent])
    assert has_no_gap([int(group.reference) for each in trade.sent for group in each.groups])


async def acknowledged(house: House, world: World) -> set[str]:
    """What the partners said of all that we wrote, by type."""
    told = f"SELECT string_agg(DISTINCT type || ' ' || acknowledgement, ',') FROM edi_outbox WHERE customer_id = '{world.customer}'"
    return set((await house.database("order_intake", told) or "").split(","))


def _the_940_was_answered(trade: Trade) -> None:
    [advice] = trade.heard("945")
    assert rows(advice, "W06")[0][1] == "DEP-1"
    assert rows(advice, "W06")[0][5] == "PO-OF-DEP-1"
    assert [row[:5] for row in rows(advice, "W12")] == [["CC", "4", "4", "0", "EA"]]
    assert len(rows(advice, "MAN")) == 1


def _the_860s_were_answered(trade: Trade) -> None:
    """What was shipped has the numbers, codes and quantities of the change."""
    first, second = trade.heard("865")
    assert [rows(message, "BCA")[0][1:5] for message in (first, second)] == [["AD", "LATER-1", "", "1"], ["AK", "LATER-1", "", "2"]]
    assert [row[:4] for row in rows(first, "POC")] == [["10", "QI", "4", "4"], ["20", "AI", "3", "3"]]
    [advice], [notice] = trade.heard("945"), trade.heard("856")
    assert sorted((row[1:3], row[7]) for row in rows(advice, "W12")) == [(["3", "3"], "CORN"), (["4", "4"], "SEED")]
    assert sorted(row[:3] for row in rows(notice, "LIN")) == [["10", "VN", "SEED"], ["20", "VN", "CORN"]]


def _the_850_was_answered(trade: Trade) -> None:
    answers = trade.heard("855")
    assert [rows(message, "BAK")[0][1:3] for message in answers] == [["AD", "PO-1"], ["AC", "PO-1"]]
    assert [row[:2] for row in rows(answers[1], "ACK")] == [["IA", "10"], ["IA", "3"], ["IB", "2"]]
    notices = trade.heard("856")
    assert [rows(message, "PRF") for message in notices] == [[["PO-1"]]] * 2
    assert [sorted(row[1] for row in rows(message, "SN1")) for message in notices] == [["10", "3"], ["2"]]
    assert Counter(row[0] for message in trade.heard("214") for row in rows(message, "AT7")) == {"AF": 2, "AP": 2, "D1": 2}
    numbers = {rows(message, "BSN")[0][1] for message in trade.heard("856")}
    assert numbers == {rows(message, "B10")[0][1] for message in trade.heard("214")}


async def test_an_orders_lives_and_its_partner_hears_of_it(on_kafka: LocalSystem) -> None:
    with Mock.start(as2_id="BUYE") as mock:
        async with house_of(on_kafka) as house:
            await opened(house, EDIFACT)
            supplier = {"id": EDIFACT.us, "name": "Three PL", "role": "supplier", "test": 0, "dialect": "EDIFACT", "version": "D:96A:UN"}
            mock.expect("POST", "/_mock/partners", supplier, status=201)
            trade, waverer = await a_trade(house, EDIFACT, mock, "BUYE"), await a_trade(house, EDIFACT, None, "WAVE")

            await trade.order("PO-1", {"SEED": 10, "BELL": 5})
            await change_of_mind(waverer, EDIFACT.customer, "EDIFACT")
            await heard_all(house, EDIFACT, trade, ORDRSP=2, DESADV=1, IFTSTA=3)
            await stock(house, EDIFACT, "BELL", 2)
            await heard_all(house, EDIFACT, trade, DESADV=2, IFTSTA=6)
            await heard_all(house, EDIFACT, waverer, ORDRSP=3, DESADV=1)

            assert await acknowledged(house, EDIFACT) == {"ORDRSP accepted", "DESADV accepted", "IFTSTA accepted"}
    _the_orders_was_answered(trade)
    _the_ordchgs_were_answered(waverer)
    for each in (trade, waverer):
        assert has_no_gap([int(interchange.reference) for interchange in each.sent])


def _the_orders_was_answered(trade: Trade) -> None:
    first, second = trade.heard("DESADV")
    assert [pair[0] for pair in pairs(trade.heard("ORDRSP")[1], "QTY")].count("83") == 1
    assert pairs(first, "QTY") == [["12", "10"], ["21", "10"], ["12", "3"], ["21", "5"]]
    assert pairs(first, "QVR") == [["-2", "21"]]
    assert pairs(second, "QTY") == [["12", "2"], ["21", "2"]]
    assert {number for qualifier, number in pairs(first, "RFF") if qualifier == "ON"} == {"PO-1"}
    events = [each.value(2) for message in trade.heard("IFTSTA") for each in message.segments if each.tag == "STS"]
    assert Counter(events) == {"13": 2, "55": 2, "21": 2}


def _the_ordchgs_were_answered(trade: Trade) -> None:
    placed, first, second = trade.heard("ORDRSP")
    assert [message.segments[1].value(3) for message in (placed, first, second)] == ["29", "4", "4"]
    assert pairs(first, "RFF")[:2] == [["ON", "LATER-1"], ["PP", "CHG-1"]]
    assert [(segment.value(1), segment.value(2)) for segment in first.segments if segment.tag == "LIN"] == [("10", "3"), ("20", "1")]
    [notice] = trade.heard("DESADV")
    shipped = [segment.components(3) for segment in notice.segments if segment.tag == "LIN"]
    assert sorted(shipped) == [["CORN", "SA"], ["SEED", "SA"]]
    assert {tuple(segment.components(1)) for segment in notice.segments if segment.tag == "RFF"} >= {
        ("ON", "LATER-1", "10"),
        ("ON", "LATER-1", "20"),
    }


def pairs(message: Message, tag: str) -> list[list[str]]:
    """The first two components of the first element."""
    return [segment.components(1)[:2] for segment in message.segments if segment.tag == tag]
