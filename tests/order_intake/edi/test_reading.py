import pytest
from order_intake.edi import EDIFACT, X12, Weight, read

from tests.order_intake.edi.documents import edifact, faults_of, isa, sample, x12

BEG = "BEG*00*SA*PO-1**20260115~PO1*1*12*EA~"
BGM = "BGM+220+PO-1+9'DTM+137:20260115:102'UNS+S'"


def test_a_purchase_order_is_read_with_offsets_into_the_body() -> None:
    data = sample("850.edi")

    [interchange] = read(data).interchanges
    [message] = interchange.messages

    assert (interchange.syntax, interchange.sender.identifier, interchange.reference) == (X12, "PARTNER", "000000001")
    assert (message.type, message.release, message.reference, message.closed) == ("850", "004010", "0001", True)
    line = message.first("PO1")
    assert line is not None
    assert line.value(7) == "012345678905"
    assert data[line.offset : line.offset + line.size].startswith(b"PO1*1*12*EA")


def test_an_order_is_read_with_components_and_release_characters() -> None:
    [interchange] = read(edifact("BGM+220+O?'1?+2??+9'DTM+137:20260115:102'UNS+S'")).interchanges
    [message] = interchange.messages

    assert (interchange.syntax, message.type, message.release, message.association) == (EDIFACT, "ORDERS", "D96A", "EAN008")
    assert message.body[0].value(2) == "O'1+2?"
    assert message.body[1].components(1) == ["137", "20260115", "102"]


def test_one_body_holds_interchanges_of_both_syntaxes() -> None:
    transmission = read(x12(BEG) + b"\r\n" + edifact(BGM) + x12(BEG).replace(b"000000001", b"000000002").replace(b"*", b"|"))

    assert [each.syntax.name for each in transmission.interchanges] == ["X12", "EDIFACT", "X12"]
    assert [len(each.messages) for each in transmission.interchanges] == [1, 1, 1]
    assert transmission.accepted


@pytest.mark.parametrize("ending", ["~", "~\n", "~\r\n", "\n", "\r\n", "\r", "\x15", "!", "?", "\\"])
def test_any_terminator_and_line_end_will_do(ending: str) -> None:
    data = x12(BEG).replace(b"~", ending.encode())

    transmission = read(data)

    assert [each.tag for each in transmission.interchanges[0].messages[0].segments] == ["ST", "BEG", "PO1", "SE"]
    assert transmission.accepted


@pytest.mark.parametrize(
    ("found", "changed", "rule"),
    [
        ("IEA*1*000000001", "IEA*1*000000002", "reference-differs"),
        ("IEA*1*000000001", "IEA*1*1", "leading-zeros"),
        ("IEA*1*", "IEA*2*", "count-differs"),
        ("IEA*1*000000001~", "", "trailer-missing"),
        ("GE*1*1", "GE*1*2", "group-reference-differs"),
        ("GE*1*1", "GE*x*1", "group-count-differs"),
        ("GE*1*1~", "", "group-trailer-missing"),
        ("SE*4*0001", "SE*4*0002", "message-reference-differs"),
        ("SE*4*", "SE*5*", "message-count-differs"),
        ("SE*4*0001~", "", "message-trailer-missing"),
        ("GS*PO*", "GS*OW*", "message-not-of-group"),
        ("GS*PO*PARTNER*THREEPL*20260115*0930*1*X*004010~", "", "group-header-missing"),
        ("ST*850*0001~", "ST*850~", "message-header-incomplete"),
        ("*X*004010", "*X", "group-header-incomplete"),
        ("PARTNER        ", "PARTNER", "header-width"),
        ("GE*1", "XX*1~GE*1", "out-of-order"),
        ("BEG*", "B-G*", "segment-tag"),
        ("*00401*", "*0040x*", "version-bad"),
    ],
)
def test_each_fault_of_an_x12_envelope_is_named(found: str, changed: str, rule: str) -> None:
    transmission = read(x12(BEG).decode().replace(found, changed, 1).encode())

    assert rule in [fault.rule.name for fault in transmission.all_faults]
    assert not transmission.accepted


@pytest.mark.parametrize(
    ("found", "changed", "rule"),
    [
        ("UNZ+1+ICR1", "UNZ+1+ICR2", "reference-differs"),
        ("UNZ+1+", "UNZ+3+", "count-differs"),
        ("UNZ+1+ICR1'", "", "trailer-missing"),
        ("UNT+5+1", "UNT+5+2", "message-reference-differs"),
        ("UNT+5+1", "UNT+6+1", "message-count-differs"),
        ("UNT+5+1'", "", "message-trailer-missing"),
        ("+ICR1'UNH", "'UNH", "header-incomplete"),
        ("UNT+5+1'", "UNT+5+1'UNH+1+ORDERS:D:96A:UN'UNT+2+1'", "message-reference-repeated"),
        ("UNZ+1+ICR1'", "UNZ+1+ICR1?'", "reference-differs"),
    ],
)
def test_each_fault_of_an_edifact_envelope_is_named(found: str, changed: str, rule: str) -> None:
    transmission = read(edifact(BGM).decode().replace(found, changed, 1).encode())

    assert rule in [fault.rule.name for fault in transmission.all_faults]
    assert not transmission.accepted


def test_artefacts_are_remarked_and_change_nothing() -> None:
    sparse = x12(BEG).replace(b"GS*PO*PARTNER", b"GS*PO*")
    for data in (sparse, b"\xef\xbb\xbf" + x12(BEG), x12(BEG)[:-1], x12(BEG).replace(b"~GE", b"~~~GE"), b" \r\n" + x12(BEG) + b"\x1a"):
        transmission = read(data)
        assert transmission.accepted
        assert {fault.weight for fault in transmission.all_faults} <= {Weight.REMARK}


def test_a_control_number_that_comes_twice_is_a_fault() -> None:
    assert "reference-repeated" in faults_of(x12(BEG) + x12(BEG))
    twice = isa() + "GS*PO*P*T*20260115*0930*1*X*004010~ST*850*0001~SE*2*0001~ST*850*0001~SE*2*0001~GE*2*1~"
    again = "GS*PO*P*T*20260115*0930*1*X*004010~ST*850*0001~SE*2*0001~GE*1*1~IEA*2*000000001~"
    assert faults_of((twice + again).encode()) == ["message-reference-repeated", "group-reference-repeated"]


@pytest.mark.parametrize(
    "data", [b"", b"   \n", b"hello", b"ISA", b"UNA", b"UNB", b"UNA:+.?", "ISA*".encode("utf-16"), b"\x00" * 99, b"{}"]
)
def test_what_is_no_interchange_is_refused_without_an_exception(data: bytes) -> None:
    transmission = read(data)

    assert not transmission.accepted
    assert transmission.all_faults
