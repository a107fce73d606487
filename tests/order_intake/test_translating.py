"""A partner's documents as orders of ours. No database."""

from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from order_intake.documents.facts import Item
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument
from order_intake.documents.ordering import Ordered, Translator
from order_intake.documents.reading import Reader
from order_intake.edi import read
from order_intake.partners import Partner

from tests.examples import examples
from tests.order_intake.interchanges import an_850, an_860, x12

PARTNER, ZONE = Partner("P", "C", units={"CA": 12}, country="US"), ZoneInfo("UTC")
TEA = AskedLine("1", "3", "EA", (Item("VN", "TEA"),))
SOUND = (TEA, TEA._replace(number="2"), TEA._replace(unit="CA"))
IMPOSSIBLE = (TEA._replace(items=(Item("VN", "A/B"),)), TEA._replace(unit="ZZ"), TEA._replace(quantity="0"), TEA._replace(items=()))
HOME = Consignee("92", "S-1", "Store 1", "88 Century Avenue", "Shanghai", "200120", "CN")
CONSIGNEES = (
    HOME,
    HOME._replace(code=""),
    HOME._replace(country="chn"),
    HOME._replace(street=""),
    HOME._replace(street="", city="", postal_code=""),
    None,
)
DOCUMENTS = st.builds(
    lambda lines, consignee: IncomingDocument("850", Action.PLACE, "00", "PO-1", lines=tuple(lines), consignee=consignee),
    st.lists(st.sampled_from(SOUND + IMPOSSIBLE), min_size=1, max_size=3),
    st.sampled_from(CONSIGNEES),
)


def alone(document: IncomingDocument) -> Ordered:
    return Translator(PARTNER, ZONE).ordered(document)


@examples(60)
@given(st.lists(DOCUMENTS, min_size=2, max_size=4), st.sampled_from((0, 1, 10_000)))
def test_what_came_before_changes_nothing(documents: list[IncomingDocument], most: int) -> None:
    """However much of it is remembered."""
    translator = Translator(PARTNER, ZONE)
    with patch("order_intake.documents.incoming.MOST_REMEMBERED", most):
        found = [translator.ordered(document) for document in documents]

    assert found == [alone(document) for document in documents]


def test_messages_that_begin_alike_are_read_each_as_it_is() -> None:
    home, moved = (
        "N1*ST*DC EAST*9*0012345678905~N3*1 DOCK RD~N4*RENO*NV*89502*US",
        "N1*ST*DC EAST*9*0012345678905~N3*2 QUAY RD~N4*RENO*NV*89502*US",
    )
    both = f"N1*BY*DC WEST*9*0012345678912~{home}"
    sets = [an_850("PO-1", [("SKU-1", count)], address=each) for each in (home, moved, home, both, "") for count in (1, 2)]
    sets += [an_860("PO-1", home, "POC*1*AI*1**EA*4.50**VN*SKU-1")]
    messages, reader = read(x12("ME", *sets)).interchanges[0].messages, Reader()

    found = [reader.document_of(message) for message in messages]

    assert found == [Reader().document_of(message) for message in messages]
    assert len({(each.consignee, each.places, each.lines) for each in found if each}) == 9


def test_the_same_line_twice_has_two_numbers() -> None:
    found = alone(IncomingDocument("850", Action.PLACE, "00", "PO-1", lines=(TEA, TEA), consignee=HOME))

    assert found.new
    assert [line.line_no for line in found.new.lines] == [1, 2]
    assert found.quantities == {1: 3, 2: 3}


def test_an_impossible_line_is_refused_each_time() -> None:
    slash = IMPOSSIBLE[0]
    found = alone(IncomingDocument("850", Action.PLACE, "00", "PO-1", lines=(TEA, slash, slash), consignee=HOME))

    assert found.new is None
    assert [refusal.line_no for refusal in found.refusals] == [2, 3]
