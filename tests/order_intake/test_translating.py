"""A partner's documents as orders of ours. No database."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from order_intake.documents.facts import Item
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument
from order_intake.documents.ordering import Ordered, Translator
from order_intake.partners import Partner

from tests.examples import examples

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
@given(st.lists(DOCUMENTS, min_size=2, max_size=4))
def test_what_came_before_changes_nothing(documents: list[IncomingDocument]) -> None:
    translator = Translator(PARTNER, ZONE)

    assert [translator.ordered(document) for document in documents] == [alone(document) for document in documents]


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
