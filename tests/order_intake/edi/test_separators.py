import pytest
from order_intake.edi import EDIFACT_LINES, read

from tests.order_intake.edi.documents import edifact, faults_of, isa, x12

BEG = "BEG*00*SA*PO-1**20260115~PO1*1*12*EA~"
BGM = "BGM+220+PO-1+9'DTM+137:20260115:102'UNS+S'"


def test_all_three_come_from_isa() -> None:
    data = x12(BEG).replace(b"*", b"|").replace(b">", b"^").replace(b"~", b"!")

    marks = read(data).interchanges[0].delimiters

    assert marks is not None
    assert (marks.element, marks.component, marks.segment) == ("|", "^", "!")


def test_an_isa_without_padding_is_read_by_its_sixteen_separators() -> None:
    data = x12(BEG).replace(b" ", b"")

    transmission = read(data)

    assert [each.rule.name for each in transmission.all_faults] == ["header-width"]
    assert transmission.interchanges[0].messages[0].type == "850"


def test_a_left_out_isa16_shifts_the_terminator_and_is_seen() -> None:
    data = x12(BEG).replace(b">~", b"~").replace(b"~", b"~\n")

    transmission = read(data)

    assert "component-separator-missing" in [each.rule.name for each in transmission.all_faults]
    assert [each.tag for each in transmission.interchanges[0].messages[0].segments] == ["ST", "BEG", "PO1", "SE"]


@pytest.mark.parametrize("marks", ["**~", "*~~", "*>>", "*1~", "* ~", "*>G"])
def test_separators_that_are_equal_or_could_be_text_are_refused(marks: str) -> None:
    data = x12(BEG).decode().translate(str.maketrans("*>~", marks))

    assert "separators" in faults_of(data.encode())


def test_isa11_repeats_only_since_00402() -> None:
    old = isa() + "GS*PO*P*T*20260115*0930*1*X*004010~ST*850*0001~REF*AUB*C~SE*3*0001~GE*1*1~IEA*1*000000001~"
    new = old.replace(isa(), isa(version="00501", repetition="^")).replace("AUB", "A^B")

    assert read(old.encode()).interchanges[0].messages[0].body[0].repetitions(1) == [["AUB"]]
    assert read(new.encode()).interchanges[0].messages[0].body[0].repetitions(1) == [["A"], ["B"]]


def test_una_is_taken_literally_and_a_space_releases_nothing() -> None:
    data = (
        edifact(BGM).replace(b"UNA:+.? '", b"UNA|#,  _").translate(bytes.maketrans(b":+'", b"|#_")).replace(b"UNA|#,  _", b"UNA|#,  _", 1)
    )

    [interchange] = read(data).interchanges

    assert interchange.delimiters is not None
    assert (interchange.delimiters.release, interchange.delimiters.decimal) == (None, ",")
    assert interchange.messages[0].body[1].components(1) == ["137", "20260115", "102"]


def test_the_repetition_separator_of_una_counts_only_in_version_4() -> None:
    data = edifact(BGM.replace("PO-1", "A*B")).replace(b"UNA:+.? '", b"UNA:+.?*'")

    assert read(data).interchanges[0].messages[0].body[0].repetitions(2) == [["A*B"]]
    assert read(data.replace(b"UNOC:3", b"UNOC:4")).interchanges[0].messages[0].body[0].repetitions(2) == [["A"], ["B"]]


def test_binary_data_is_read_by_its_length() -> None:
    data = x12("BIN*9*a~b*c~d~~~LIN*1~", kind="841", group="SP").replace(b"SE*7", b"SE*4")

    body = read(data).interchanges[0].messages[0].body

    assert [each.tag for each in body] == ["BIN", "LIN"]
    assert body[0].size == len("BIN*9*a~b*c~d~~")


def test_lines_end_edifact_segments_only_where_the_partner_is_known_to_do_so() -> None:
    data = edifact(BGM).replace(b"UNA:+.? '", b"").replace(b"'", b"\r\n")

    assert not read(data).accepted
    assert read(data, usual=EDIFACT_LINES).all_faults == ()
    assert read(data, usual=EDIFACT_LINES).interchanges[0].messages[0].body[1].components(1) == ["137", "20260115", "102"]
