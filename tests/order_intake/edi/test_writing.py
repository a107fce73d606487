from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_intake.edi import (
    EDIFACT,
    EDIFACT_USUAL,
    X12,
    X12_USUAL_5010,
    Cover,
    Draft,
    Party,
    Repeated,
    Syntax,
    Unwritable,
    Writer,
    read,
    rewritten,
    write,
)

from tests.order_intake.edi.documents import SAMPLES, edifact

AT = datetime(2026, 1, 15, 9, 30)  # noqa: DTZ001 - an envelope knows no zone
ANY = st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f\x85\xa0\xad")
TEXT = st.text(st.sampled_from("ab'+:?.*"), min_size=1, max_size=20) | st.text(ANY, min_size=1, max_size=20)


def cover(syntax: Syntax = X12, charset: str = "UNOC") -> Cover:
    return Cover(syntax, Party("THREEPL", "ZZ"), Party("PARTNER", "14"), "17", AT, charset=charset)


def test_what_we_write_reads_back_without_a_remark() -> None:
    rows: Sequence[Sequence[str | int]] = [("BEG", "00", "SA", "PO-1", "", "20260115"), ("PO1", 1, 12, "EA")]

    data = write(cover(), [Draft("850", "004010", "0001", rows), Draft("850", "004010", "0002", rows), Draft("997", "004010", "1", rows)])
    transmission = read(data)

    assert transmission.all_faults == ()
    [interchange] = transmission.interchanges
    assert [(each.code, len(each.messages)) for each in interchange.groups] == [("PO", 2), ("FA", 1)]
    assert [each.reference for each in interchange.groups] == ["1", "2"]


def test_the_usual_x12_separators_give_way_where_the_data_holds_them() -> None:
    data = write(cover(), [Draft("850", "004010", "0001", [("MSG", "5*4~3>2")])])

    assert read(data).interchanges[0].messages[0].body[0].text(1) == "5*4~3>2"


def test_a_separator_in_the_data_is_never_written_unreleased() -> None:
    with pytest.raises(Unwritable):
        Writer().segment("MSG", "a*b")
    assert Writer(instead=" ").segment("MSG", "a*b~c") == b"MSG*a b c~"
    assert Writer(EDIFACT_USUAL).segment("FTX", "a+b:c?d'e") == b"FTX+a?+b?:c??d?'e'"


def test_empty_elements_at_the_end_are_not_written() -> None:
    assert Writer(EDIFACT_USUAL).segment("QTY", ("21", Decimal("12.50"), None), None, "") == b"QTY+21:12.50'"
    assert Writer(X12_USUAL_5010).segment("AK9", Repeated(("A", "B"))) == b"AK9*A^B~"


def test_a_character_set_is_kept_or_refused() -> None:
    draft = Draft("ORDERS", "D:96A:UN", "1", [("FTX", "AAI", None, None, "Łódź")])

    with pytest.raises(Unwritable):
        write(cover(EDIFACT), [draft])
    assert read(write(cover(EDIFACT, charset="UNOD"), [draft])).interchanges[0].messages[0].body[0].value(4) == "Łódź"
    with pytest.raises(Unwritable):
        Writer(EDIFACT_USUAL, "UNOA").segment("FTX", "small")


@pytest.mark.parametrize("name", sorted(each.name for each in SAMPLES.glob("*.edi")))
def test_parse_then_write_gives_the_same_bytes(name: str) -> None:
    data = (SAMPLES / name).read_bytes()

    transmission = read(data)

    assert transmission.interchanges
    assert b"".join(map(rewritten, transmission.interchanges)) == data[transmission.interchanges[0].offset :]


@given(st.lists(st.lists(TEXT, min_size=1, max_size=4), min_size=1, max_size=4))
def test_any_text_survives_the_release_characters(elements: list[list[str]]) -> None:
    row = Writer(EDIFACT_USUAL, "UNOC").segment("FTX", *elements).decode("latin-1")

    segment = read(edifact(row)).interchanges[0].messages[0].body[0]

    assert [segment.components(n) for n in range(1, len(elements) + 1)] == elements
