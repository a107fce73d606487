"""Whatever the facts are: what is built of them passes our own check at its strictest, and says neither more nor less than they do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mockedi import edifact as mock_edifact
from mockedi import validate as mock_validate
from mockedi import x12 as mock_x12
from order_intake.documents.consignee import with_consignee
from order_intake.documents.facts import Item, PartnerLine, PartnerOrder, Place, Reference
from order_intake.documents.inventory_reports import Balance, WarehouseStock, inventory_reports
from order_intake.documents.order_responses import AnswerKind, AnswerLine, LineReason, OrderAnswer, order_responses
from order_intake.documents.ship_notices import ship_notices
from order_intake.documents.shipments import PackedCarton, PartnerShipment, ShippedLine
from order_intake.documents.shipping_advices import shipping_advices
from order_intake.documents.statuses import X12_REASONS, Happened, ShipmentStatus, statuses
from order_intake.documents.writing import ControlNumbers, faulty, interchange, referenced
from order_intake.edi import EDIFACT, STRICT, X12, Draft, Message, Party, read
from order_intake.partners import Hand, Partner
from shared.events import ShipTo
from x12_tidy import tidy

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
NUMBERS = ControlNumbers(17, 4, 12)
IDS = {"X12": (Party("THREEPL", "ZZ"),), "EDIFACT": (Party("4012345000009", "14"),)}
RELEASES: Mapping[str, Mapping[str, str]] = {
    "004010": {},
    "005010": dict.fromkeys(("855", "865", "945", "856", "214", "846"), "005010"),
    "D96A": {},
    "D01B": dict.fromkeys(("ORDRSP", "DESADV", "IFTSTA", "INVRPT"), "D:01B:UN:EAN010"),
}
CONSIGNEE = ShipTo(name="Łódź Store 12", street="88 Century Avenue", city="上海", postal_code="200120", country="CN")


def a_reader(release: str) -> Partner:
    syntax = X12 if release.isdigit() else EDIFACT
    return Partner("P", "C", syntax, IDS, IDS, Hand(releases=RELEASES[release]))


def said(partner: Partner, drafts: Sequence[Draft]) -> list[Message]:
    """Written and read again; nothing in it breaks a rule."""
    data = interchange(partner, referenced([_named(each, partner) for each in drafts], NUMBERS), NUMBERS, AT)
    assert faulty(data, STRICT) == {}, data
    [found] = read(data).interchanges
    return [*found.messages]


FEW = settings(max_examples=25, deadline=None)
"""Each example is a whole document, written, read and checked."""
CODES = st.sampled_from(["00", "A-1", "PO-1001", "1234567890128", "ABCDEFGHIJKLMNOPQRSTUV", "X" * 20])
QUANTITIES = st.integers(1, 1_000_000)


def items(syntax: str) -> st.SearchStrategy[tuple[Item, ...]]:
    qualifiers = ["VN", "BP", "SK"] if syntax == "X12" else ["SA", "IN", "BP"]
    return st.lists(st.builds(Item, st.sampled_from(qualifiers), CODES), min_size=1, max_size=3).map(tuple)


@st.composite
def orders(draw: st.DrawFn, release: str) -> PartnerOrder:
    syntax = "X12" if release.isdigit() else "EDIFACT"
    units = ["EA", "CA", ""] if syntax == "X12" else ["PCE", "CT", ""]
    factor = {"CA": 12, "CT": 12}
    lines = tuple(
        PartnerLine(number, draw(st.sampled_from([str(number), f"{number}0", ""])), unit, factor.get(unit, 1), draw(items(syntax)))
        for number in range(1, draw(st.integers(1, 4)) + 1)
        for unit in [draw(st.sampled_from(units))]
    )
    document = draw(st.sampled_from(["850", "940"])) if syntax == "X12" else "ORDERS"
    role, purchase_order = ("ST" if syntax == "X12" else "DP"), draw(CODES) if document == "940" else ""
    places = draw(
        st.lists(st.builds(Place, st.sampled_from([role, "BY"]), st.just("92"), CODES), max_size=2, unique_by=lambda each: each[0])
    )
    references = tuple(draw(st.lists(st.builds(Reference, st.sampled_from(["CO", "VN"]), CODES), max_size=2)))
    return PartnerOrder(
        document, draw(CODES), "20260115", purchase_order, "7" if document == "940" else "", "", tuple(places), references, lines
    )


@st.composite
def answers(draw: st.DrawFn, release: str) -> OrderAnswer:
    order, kind = draw(orders(release)), draw(st.sampled_from(AnswerKind))
    lines = []
    for line in order.lines:
        ordered = draw(QUANTITIES)
        promised = ordered if kind is AnswerKind.ACCEPTED else draw(st.integers(0, ordered))
        reason = draw(st.sampled_from([None, *LineReason])) if kind is AnswerKind.REFUSED else None
        lines.append(AnswerLine(line.line_no, ordered, promised, reason))
    shown = tuple(lines) if draw(st.booleans()) else ()
    return OrderAnswer(kind, order, AT, shown, draw(st.sampled_from(["", "too late"])), draw(st.sampled_from(["", "20260120"])))


@st.composite
def shipments(draw: st.DrawFn, release: str) -> PartnerShipment:
    """Packed into one to three cartons, not always all of it."""
    order = draw(orders(release))
    lines = []
    for line in order.lines:
        shipped, before, missing = draw(st.integers(0, 500)), draw(st.integers(0, 100)), draw(st.integers(0, 50))
        lines.append(ShippedLine(line.line_no, before + shipped + missing, before, shipped))
    left = {line.line_no: line.shipped for line in lines}
    cartons = []
    for number in range(draw(st.integers(0, 3))):
        packed = {line_no: draw(st.integers(0, quantity)) for line_no, quantity in left.items()}
        left = {line_no: left[line_no] - quantity for line_no, quantity in packed.items()}
        inside = tuple((line_no, quantity) for line_no, quantity in packed.items() if quantity)
        cartons += [PackedCarton(an_sscc(number), inside)] if inside else []
    carrier = draw(st.sampled_from(["UPSN", "SF", "carrier of the north"]))
    return PartnerShipment(uuid4(), order, draw(CODES), carrier, AT, tuple(lines), tuple(cartons), draw(st.booleans()))


def an_sscc(number: int) -> str:
    body = f"39521234{number:09}"
    return body + str(-sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))) % 10)


@dataclass(frozen=True)
class Kind:
    """How facts are made for a release and what builds documents of them."""

    facts: Callable[[str], st.SearchStrategy[object]]
    build: Callable[[Partner, Sequence[object]], list[Draft]]
    only_x12: bool = False


def _statuses(release: str) -> st.SearchStrategy[object]:
    counts = st.integers(0, 3)
    reasons = st.sampled_from(["", "ours_late", *X12_REASONS])
    return st.builds(
        ShipmentStatus, st.uuids(), orders(release), st.sampled_from(Happened), st.just(AT), st.sampled_from(["", "UPSN", "a carrier"]),
        reasons, counts, counts,
    )  # fmt: skip


def _stocks(release: str) -> st.SearchStrategy[object]:
    syntax = "X12" if release.isdigit() else "EDIFACT"
    skus, codes = st.text("AB-", min_size=1, max_size=40).filter(str.strip), st.one_of(st.just(()), items(syntax))
    balances = st.lists(st.builds(Balance, skus, QUANTITIES, st.integers(0, 9), codes), min_size=1, max_size=4)
    return st.builds(WarehouseStock, st.just("R-1"), CODES, st.just(AT), balances.map(tuple))


KINDS = {
    "responses": Kind(answers, order_responses),  # type: ignore[arg-type]  # facts of its own kind
    "advices": Kind(shipments, shipping_advices, only_x12=True),  # type: ignore[arg-type]  # the same
    "notices": Kind(shipments, ship_notices),  # type: ignore[arg-type]  # the same
    "statuses": Kind(_statuses, statuses),  # type: ignore[arg-type]  # the same
    "reports": Kind(_stocks, inventory_reports),  # type: ignore[arg-type]  # the same
}
BUILT = [(name, release) for name, kind in KINDS.items() for release in RELEASES if release.isdigit() or not kind.only_x12]


@pytest.mark.parametrize(("name", "release"), BUILT)
@FEW
@given(data=st.data())
def test_whatever_is_built_breaks_no_rule(name: str, release: str, data: st.DataObject) -> None:
    kind, partner = KINDS[name], a_reader(release)
    facts = data.draw(st.lists(kind.facts(release), min_size=1, max_size=2))

    messages = said(partner, kind.build(partner, facts))

    assert len(messages) == len(facts)


@FEW
@given(shipment=shipments("004010"))
def test_a_945_adds_up_to_what_was_shipped_and_what_is_missing(shipment: PartnerShipment) -> None:
    [message] = said(a_reader("004010"), shipping_advices(a_reader("004010"), [shipment]))

    lines = [[int(segment.value(n)) for n in (2, 3, 4)] for segment in message.segments if segment.tag == "W12"]
    total = message.first("W03")
    assert total
    assert all(due == shipped + missing for due, shipped, missing in lines)
    assert sum(shipped for _, shipped, _ in lines) == int(total.value(1))
    assert _in_ours(message, shipment, "W12", 3, 5) == sum(line.shipped for line in shipment.lines)
    assert _in_ours(message, shipment, "W12", 4, 5) == sum(line.missing for line in shipment.lines)


@FEW
@given(shipment=shipments("004010"))
def test_an_856_is_a_tree_whose_items_add_up(shipment: PartnerShipment) -> None:
    [message] = said(a_reader("004010"), ship_notices(a_reader("004010"), [shipment]))

    levels = [(int(each.value(1)), each.value(2), each.value(3)) for each in message.segments if each.tag == "HL"]
    cartons = [each.value(2) for each in message.segments if each.tag == "MAN"]
    assert [number for number, *_ in levels] == list(range(1, len(levels) + 1))
    assert {kind for _, parent, kind in levels if parent == "1"} == {"O"}
    assert cartons == [carton.sscc for carton in shipment.cartons]
    assert _in_ours(message, shipment, "SN1", 2, 3) == sum(line.shipped for line in shipment.lines)


@FEW
@given(shipment=shipments("D96A"))
def test_a_desadv_has_its_cartons_and_adds_up(shipment: PartnerShipment) -> None:
    [message] = said(a_reader("D96A"), ship_notices(a_reader("D96A"), [shipment]))

    despatched = [(int(each.value(1, 2)), each.value(1, 3)) for each in message.segments if each.tag == "QTY" and each.value(1) == "12"]
    missing = [-int(each.value(1)) for each in message.segments if each.tag == "QVR"]
    assert [each.value(2) for each in message.segments if each.tag == "GIN"] == [carton.sscc for carton in shipment.cartons]
    assert sum(quantity * (12 if unit == "CT" else 1) for quantity, unit in despatched) == sum(line.shipped for line in shipment.lines)
    assert bool(missing) == any(line.missing for line in shipment.lines)


def _in_ours(message: Message, shipment: PartnerShipment, tag: str, quantity: int, unit: int) -> int:
    """What the elements say in all, in our units: a case holds twelve."""
    return sum(int(each.value(quantity)) * (12 if each.value(unit) == "CA" else 1) for each in message.segments if each.tag == tag)


@FEW
@given(answer=answers("004010"))
def test_an_855_answers_every_unit_of_every_line_once(answer: OrderAnswer) -> None:
    [message] = said(a_reader("004010"), order_responses(a_reader("004010"), [answer]))

    answered = [segment for segment in message.segments if segment.tag == "ACK"]
    if answer.kind in (AnswerKind.ACCEPTED, AnswerKind.BACKORDERED, AnswerKind.REFUSED):
        units = sum(int(each.value(2)) * (12 if each.value(3) == "CA" else 1) for each in answered)
        assert units == sum(line.ordered for line in answer.lines)


class Counted(tuple[PartnerLine, ...]):
    """Says how often it was looked into."""

    __slots__ = ()
    looks = 0

    def __getitem__(self, at: Any) -> Any:  # as a tuple does
        Counted.looks += 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[PartnerLine]:
        Counted.looks += len(self)
        return super().__iter__()


def test_an_answer_of_two_thousand_lines_looks_for_each_line_quickly() -> None:
    lines = Counted(PartnerLine(number, str(number), "EA", 1, (Item("VN", f"SKU-{number}"),)) for number in range(1, 4001, 2))
    answered = tuple(AnswerLine(line.line_no, 1, 1) for line in tuple(lines))
    Counted.looks = 0

    answer = OrderAnswer(AnswerKind.ACCEPTED, PartnerOrder("850", "PO-1", lines=lines), AT, answered)
    [draft] = order_responses(a_reader("004010"), [answer])

    assert [row[1] for row in draft.segments if row[0] == "PO1"] == [line.number for line in tuple(lines)]
    assert answer.order.line(4) == PartnerLine(4)
    assert Counted.looks < 50 * len(lines)


def two_lines(document: str, unit: str) -> PartnerOrder:
    lines = tuple(PartnerLine(no, str(no), unit, 1, (Item("VP", sku),), "1.50") for no, sku in ((1, "SEED"), (2, "BELL")))
    return PartnerOrder(document, "PO-1", "20260115", places=(Place("BY", "92", "BUYX"),), lines=lines)


@pytest.mark.parametrize(("release", "unit"), [("004010", "EA"), ("D96A", "PCE")])
def test_mock_edi_accepts_what_is_built_where_it_knows_it(release: str, unit: str) -> None:
    """An order response wholly; of a ship notice it knows all but the SSCC."""
    partner, order = a_reader(release), two_lines("850" if release.isdigit() else "ORDERS", unit)
    lines = (AnswerLine(1, 10, 10), AnswerLine(2, 5, 3))
    answer = [OrderAnswer(kind, order, AT, lines) for kind in (AnswerKind.ACCEPTED, AnswerKind.BACKORDERED, AnswerKind.REFUSED)]
    cartons = (PackedCarton(an_sscc(1), ((1, 10),)), PackedCarton(an_sscc(2), ((2, 3),)))
    shipment = PartnerShipment(uuid4(), order, "HALL", "UPSN", AT, (ShippedLine(1, 10, 0, 10), ShippedLine(2, 5, 0, 3)), cartons)

    for drafts in (order_responses(partner, answer), ship_notices(partner, [shipment])):
        data = interchange(partner, referenced([_named(each, partner) for each in drafts], NUMBERS), NUMBERS, AT)
        parse = mock_x12.parse if release.isdigit() else mock_edifact.parse
        found = mock_validate.validate(parse(data.decode("latin-1")))
        assert (found.envelope_errors, found.group_errors, found.interchange_findings) == ([], {}, [])
        assert [(each.known, each.accepted) for each in found.messages] == [(True, True)] * len(drafts)


@FEW
@given(shipment=shipments("004010"))
def test_x12_tidy_has_nothing_to_say_about_what_is_built(shipment: PartnerShipment) -> None:
    partner = a_reader("004010")
    drafts = [_named(each, partner) for each in (*shipping_advices(partner, [shipment]), *ship_notices(partner, [shipment]))]

    assert tidy(interchange(partner, referenced(drafts, NUMBERS), NUMBERS, AT)).diagnostics == []


def _named(draft: Draft, partner: Partner) -> Draft:
    return Draft(draft.type, draft.release, "", with_consignee(draft.segments, CONSIGNEE, partner.syntax))
