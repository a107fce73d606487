"""Bodies against the directories: each fault of the table once, with the place where it is."""

import pytest
from order_intake.edi import STRICT, TOLERANT, Fault, Limits, Profile, Weight, check, directory, read, releases

from tests.order_intake.edi.documents import edifact, sample, x12

LINE = "PO1*1*12*EA*4.50**UP*012345678905~"
BEG = "BEG*00*SA*PO-1**20260115~"
BGM, DTM, UNS = "BGM+220+PO-1+9'", "DTM+137:20260115:102'", "UNS+S'"


def faults(data: bytes, profile: Profile | None = None) -> list[Fault]:
    [message] = read(data).interchanges[0].messages
    return [*check(message, profile or Profile())]


def refused(data: bytes) -> list[tuple[str, str, int, int, int]]:
    serious = [each for each in faults(data) if each.weight is Weight.REFUSAL]
    return [(each.rule.name, each.tag, each.position, each.element, each.component) for each in serious]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BEG, ("segment-missing", "PO1", 3, 0, 0)),
        (LINE, ("segment-missing", "BEG", 2, 0, 0)),
        (BEG + LINE + "ZZZ*1~", ("segment-unknown", "ZZZ", 4, 0, 0)),
        (BEG + LINE + "W05*N*1~", ("segment-not-in-message", "W05", 4, 0, 0)),
        (BEG + LINE + BEG, ("segment-out-of-sequence", "BEG", 4, 0, 0)),
        (BEG + "CUR*BY*USD~CUR*BY*USD~" + LINE, ("segment-repeated", "CUR", 4, 0, 0)),
        (BEG + "SAC*A*A010~" * 26 + LINE, ("loop-repeated", "SAC", 28, 0, 0)),
        ("BEG*00*SA***20260115~" + LINE, ("element-missing", "BEG", 2, 3, 0)),
        (BEG + LINE + "N9*L1*X~MTX**A~", ("segment-out-of-sequence", "MTX", 5, 0, 0)),
        (BEG + LINE + "CTT*1*2*3*LB*5*CF*text*more~", ("element-too-many", "CTT", 4, 8, 0)),
        ("BEG*0*SA*PO-1**20260115~" + LINE, ("element-short", "BEG", 2, 1, 0)),
        (f"BEG*00*SA*{'P' * 23}**20260115~" + LINE, ("element-long", "BEG", 2, 3, 0)),
        (BEG + "PO1*1*a dozen*EA~", ("element-character", "PO1", 3, 2, 0)),
        ("BEG*00*SA*PO-1**20261315~" + LINE, ("element-date", "BEG", 2, 5, 0)),
        (BEG + "DTM*010*20260120*2561~" + LINE, ("element-time", "DTM", 3, 3, 0)),
        (BEG + "REF*DP*1**DP>1>DP>1>DP>1>X~" + LINE, ("component-too-many", "REF", 3, 4, 7)),
    ],
)
def test_each_x12_fault_is_named_with_its_place(body: str, expected: tuple[str, str, int, int, int]) -> None:
    assert expected in refused(x12(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BGM + UNS, ("segment-missing", "DTM", 3, 0, 0)),
        (BGM + DTM, ("segment-missing", "UNS", 4, 0, 0)),
        (BGM + DTM + "XYZ+1'" + UNS, ("segment-unknown", "XYZ", 4, 0, 0)),
        (BGM + DTM + "CPS+1'" + UNS, ("segment-not-in-message", "CPS", 4, 0, 0)),
        (BGM + DTM + "LIN+1'" + "QTY+21:5'" * 11 + UNS, ("segment-repeated", "QTY", 15, 0, 0)),
        (BGM + DTM + "CUX+2:EUR:9'" * 6 + UNS, ("loop-repeated", "CUX", 9, 0, 0)),
        (BGM + "DTM+137:20260231:102'" + UNS, ("element-date", "DTM", 3, 1, 2)),
        ("BGM+220+PO-1+9999'" + DTM + UNS, ("element-long", "BGM", 2, 3, 0)),
        (BGM + DTM + "RFF+ON:1+2'" + UNS, ("element-too-many", "RFF", 4, 2, 0)),
        (BGM + DTM + "RFF+:1'" + UNS, ("element-missing", "RFF", 4, 1, 1)),
        (BGM + DTM + "RFF+ON:1:2:3:4'" + UNS, ("component-too-many", "RFF", 4, 1, 5)),
        (BGM + DTM + "LIN+1'QTY+21:five'" + UNS, ("element-character", "QTY", 5, 1, 2)),
    ],
)
def test_each_edifact_fault_is_named_with_its_place(body: str, expected: tuple[str, str, int, int, int]) -> None:
    assert expected in refused(edifact(body))


def test_length_counts_neither_sign_nor_point() -> None:
    assert refused(x12(BEG + "PO1*1*-12345678901234.5*EA~")) == []
    assert refused(edifact(BGM + DTM + "LIN+1'QTY+21:-123456789012.5'MOA+203:1,5'" + UNS)) == []


def test_codes_and_check_digits_and_conditions_are_remarks_unless_the_profile_is_strict() -> None:
    data = x12("BEG*77*SA*PO-1**20260115~PO1*1*12*EA*4.50**UP*012345678901~N1*ST*DC*UL~")

    usual, strict = faults(data), faults(data, STRICT)

    assert {each.rule.name for each in usual} == {"element-code", "check-digit", "element-condition"}
    assert {each.weight for each in usual} == {Weight.REMARK}
    assert {each.weight for each in strict} == {Weight.REFUSAL}


def test_a_tolerant_profile_goes_on_after_an_unknown_segment() -> None:
    data = x12(BEG + LINE + "ZZZ*1~")

    assert [each.weight for each in faults(data, TOLERANT)] == [Weight.NOTED]


def test_a_level_needs_its_parent_before_it() -> None:
    right, wrong = "HL*1**S~HL*2*1*O~", "HL*1**S~HL*2*7*O~"

    found = [faults(x12("BSN*00*SHP-1*20260120*0930~" + each, kind="856", group="SH")) for each in (right, wrong)]

    assert [[each.rule.name for each in one] for one in found] == [[], ["hierarchy"]]


def test_collecting_stops_at_the_limit() -> None:
    data = x12(BEG + LINE + "ZZZ~" * 500)

    assert len(faults(data)) == 100
    assert len(faults(data, Profile(limits=Limits(faults_per_message=7)))) == 7


def test_a_005010_group_is_checked_by_its_own_directory() -> None:
    long = "REF*DP*" + "1" * 40 + "~"

    assert ("element-long", "REF", 3, 2, 0) in refused(x12(BEG + long + LINE))
    assert refused(x12(BEG + long + LINE, release="005010")) == []
    assert refused(x12(BEG + LINE, release="005010X999")) == []


def test_what_has_no_directory_is_unsupported() -> None:
    for data in (x12("BIG*1~", kind="810", group="IN"), x12(BEG + LINE, release="003040"), edifact(BGM, release="D:99A:UN")):
        assert [each.rule.name for each in faults(data)] == ["message-unsupported"]


def test_every_promised_directory_is_there() -> None:
    sets = {"850", "855", "856", "860", "865", "940", "945", "846", "214", "180", "997"}
    shared = {"ORDERS", "ORDRSP", "ORDCHG", "DESADV", "INVRPT", "IFTSTA", "CONTRL"}
    expected = {(each, release) for each in sets for release in ("004010", "005010")} | {("999", "005010"), ("CONTRL", "D3")}
    expected |= {(each, release) for each in shared for release in ("D96A", "D01B")} | {("RETANN", "D01B"), ("APERAK", "D01B")}

    assert set(releases()) == expected


def test_every_segment_of_every_tree_has_a_rule() -> None:
    for type_, release in releases():
        known = directory(type_, release)
        assert known is not None
        assert known.tags <= set(known.segments), (type_, release, known.tags - set(known.segments))


def test_a_message_gives_its_segments_by_loop() -> None:
    message = read(sample("856.edi")).interchanges[0].messages[0]

    levels = message.loops("HL")

    assert [each.head.value(3) for each in levels] == ["S", "O", "P", "I"]
    assert [each.head.value(2) for each in levels[0].loops("N1")] == ["DC EAST"]
    carton, item = levels[2].first("MAN"), levels[3].first("SN1")
    assert carton is not None
    assert item is not None
    assert (carton.value(2), item.value(2)) == ("003123450000000012", "12")
