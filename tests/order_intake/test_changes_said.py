"""What an 860, an ORDCHG, a 940 R and their like make of an order: the lines as they shall be, or why not. No database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from order_intake.asked import Asked, portions
from order_intake.documents.changing import Change, Standing, change_of
from order_intake.documents.facts import Item, PartnerLine, PartnerOrder, Place
from order_intake.documents.line_changes import Wanted
from order_intake.documents.ordering import Ordered, Translator
from order_intake.documents.reading import Reader
from order_intake.edi import read
from order_intake.partners import Partner

from tests.order_intake.interchanges import an_850, an_860, an_ordchg, edifact, x12

PARTNER = Partner("P", "C", units={"CA": 12}, items={("UP", "012345678905"): "CUP"}, country="US")
LINES = (
    PartnerLine(1, "1", "CA", 12, (Item("VN", "TEA"), Item("BP", "THEIR-TEA")), "4.50"),
    PartnerLine(2, "0020", "EA", 1, (Item("UP", "012345678905"),)),
    PartnerLine(3, "", "EA", 1, (Item("VN", "POT"),)),
)
STANDING = Standing(
    PartnerOrder("850", "PO-1", "20260115", places=(Place("ST", "92", "DC-1"), Place("BY", "92", "US")), lines=LINES),
    {1: Wanted("TEA", 24), 2: Wanted("CUP", 10), 3: Wanted("POT", 5)},
    4,
    (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 24, 15, 59, 59, tzinfo=UTC)),
)
UNTOUCHED = dict(STANDING.lines)


def changed(body: bytes, standing: Standing = STANDING) -> Change:
    [message] = read(body).interchanges[0].messages
    document = Reader().document_of(message)
    assert document
    return change_of(Translator(PARTNER, ZoneInfo("UTC")).ordered(document), PARTNER, standing, ZoneInfo("UTC"))


def by_860(*rows: str, purpose: str = "04") -> Change:
    return changed(x12("ME", an_860("PO-1", *rows, purpose=purpose), group="PC"))


def by_ordchg(*rows: str) -> Change:
    return changed(edifact("ME", an_ordchg("PO-1", *rows, function="4")))


def lines(change: Change) -> Mapping[int, tuple[str, int]] | None:
    assert not change.refusals, change.refusals
    return {no: tuple(line) for no, line in change.lines.items()} if change.lines is not None else None  # type: ignore[misc]  # a pair


def without(*gone: int, **_: object) -> dict[int, tuple[str, int]]:
    return {no: tuple(line) for no, line in UNTOUCHED.items() if no not in gone}  # type: ignore[misc]  # the same


DONE = {
    "QI says the new quantity": ("POC*1*QI*3**CA*4.50**VN*TEA", {1: ("TEA", 36)}, ()),
    "QD as well, in another unit": ("POC*1*QD*18**EA", {1: ("TEA", 18)}, ()),
    "a decrease to nothing takes the line away": ("POC*1*QD*0**CA", {}, (1,)),
    "AI adds a line": ("POC*5*AI*2**EA***VN*JAM", {5: ("JAM", 2)}, ()),
    "DI takes one away, by its number alone": ("POC*20*DI", {}, (2,)),
    "a line without a number is found by its item": ("POC**CA*7**EA***VN*POT", {3: ("POT", 7)}, ()),
    "even where the change has numbered it": ("POC*3*CA*7**EA***VN*POT", {3: ("POT", 7)}, ()),
    "an item may be said by any of its codes": ("POC*1*QI*4**CA***BP*THEIR-TEA", {1: ("TEA", 48)}, ()),
    "PL is the line's number": ("POC*0001*DI******PL*20", {}, (2,)),
    "RE makes another item of it, which is another line": ("POC*20*RE*10**EA***VN*MUG", {5: ("MUG", 10)}, (2,)),
    "a unit that is not said stays": ("POC*1*CA", {}, ()),
}


@pytest.mark.parametrize(("row", "more", "gone"), DONE.values(), ids=DONE.keys())
def test_an_860_is_followed_line_by_line(row: str, more: dict[int, tuple[str, int]], gone: tuple[int, ...]) -> None:
    wished = without(*gone) | more

    assert (lines(by_860(row)) or without()) == wished


REFUSED = {
    "an increase to less": ("POC*1*QI*1**CA", "an increase to less than was ordered"),
    "a decrease to more": ("POC*1*QD*3**CA", "a decrease to more than was ordered"),
    "an increase without a quantity": ("POC*1*QI", "an increase to less than was ordered"),
    "a line that there is not": ("POC*9*QI*5**EA***VN*TEA", "the order has no such line"),
    "a number that is of another item": ("POC*1*QI*50**EA***VN*POT", "the line with this number is of another item"),
    "no line named": ("POC**DI", "the order has no such line"),
    "a number that is taken": ("POC*1*AI*5**EA***VN*JAM", "the order has a line with this number"),
    "an item that is there, without a number": ("POC**AI*5**EA***VN*TEA", "the item is on the order, and the new line has no number"),
    "a unit that is not agreed": ("POC*1*CA*5**DZ", "the unit DZ is not agreed"),
    "half of one of ours": ("POC*20*CA*1.5**EA", "not a whole quantity from 0 to 1000000"),
    "a code that we do not follow": ("POC*1*RS*2**CA", "the change RS is not taken"),
}


@pytest.mark.parametrize(("row", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_a_line_that_leaves_doubt_refuses_the_whole_change(row: str, why: str) -> None:
    change = by_860("POC*20*QI*11**EA", row)

    assert [(each.line_no, each.text.partition(": ")[2]) for each in change.refusals] == [(2, why)]
    assert (change.lines, change.facts) == (None, STANDING.facts)
    assert [line.promised for line in change.answered] == [0, 0]


def test_of_two_lines_with_the_same_item_none_is_meant_without_a_number() -> None:
    twice = Standing(STANDING.facts, {1: Wanted("TEA", 24), 5: Wanted("TEA", 2)}, 5)

    change = changed(x12("ME", an_860("PO-1", "POC**CA*7**EA***VN*TEA"), group="PC"), twice)

    assert [each.text for each in change.refusals] == ["line 1: more than one line of the order is like it"]


def test_lines_are_followed_one_after_the_other() -> None:
    change = by_860("POC*7*AI*1**EA***VN*JAM", "POC*7*QI*9**EA", "POC*1*DI", "POC*20*PC***EA*9.99", purpose="00")

    assert lines(change) == without(1) | {5: ("JAM", 9)}
    assert [(line.line_no, line.number, line.price) for line in change.facts.lines] == [(2, "0020", "9.99"), (3, "", ""), (5, "7", "")]


@pytest.mark.parametrize("rows", [("POC*1*DI", "POC*20*DI", "POC**DI******VN*POT"), ()], ids=["no line left", "nothing said"])
def test_a_change_leaves_something_and_says_something(rows: tuple[str, ...]) -> None:
    [refusal] = by_860(*rows).refusals

    assert refusal.line_no == 0


def test_lin_1082_counts_and_the_item_or_rff_say_which_line() -> None:
    change = by_ordchg(
        "LIN+1+3+POT:SA", "QTY+21:9:PCE", "LIN+2+2", "RFF+ON:PO-1:20", "LIN+3+1+JAM:SA", "QTY+21:4:PCE", "LIN+4+11+TEA:SA"
    )  # fmt: skip

    assert lines(change) == {1: ("TEA", 24), 3: ("POT", 9), 5: ("JAM", 4)}
    assert [line.number for line in change.facts.lines] == ["1", "", "3"]


def test_a_change_may_say_dates_and_place_alone() -> None:
    moved = by_860("DTM*063*20261230", "N1*ST*DC WEST*92*DC-2", "N3*2 DOCK RD", "N4*RENO*NV*89502*US")
    early = by_860("DTM*063*20261110")
    same = by_860("N1*ST**92*DC-1", "POC*1*DI")
    nowhere = by_860("N1*ST**92*DC-9")

    assert moved.window == (STANDING.window[0], datetime(2026, 12, 30, 23, 59, 59, tzinfo=UTC))
    assert moved.ship_to
    assert (moved.ship_to.code, moved.ship_to.street, moved.lines) == ("DC-2", "2 DOCK RD", None)
    assert moved.facts.places == (Place("BY", "92", "US"), Place("ST", "92", "DC-2"))
    assert early.window == (None, datetime(2026, 11, 10, 23, 59, 59, tzinfo=UTC))
    assert (same.ship_to, {*same.facts.places}) == (None, {*STANDING.facts.places})
    assert [each.text for each in nowhere.refusals] == ["the ship-to has no address, and its code is not known"]


def test_the_buyer_of_an_ordchg_is_not_where_the_goods_go() -> None:
    assert by_ordchg("LIN+1+2+POT:SA").ship_to is None


def test_a_whole_order_anew_keeps_the_numbers_of_lines_that_were_there() -> None:
    change = changed(x12("ME", an_850("PO-1", [("POT", 5), ("JAM", 3), ("TEA", 1)], purpose="05")))

    assert lines(change) == {1: ("TEA", 1), 3: ("POT", 5), 5: ("JAM", 3)}
    assert {line.line_no: line.number for line in change.facts.lines} == {1: "3", 3: "1", 5: "2"}


def test_a_confirmation_is_no_change() -> None:
    assert by_860("POC*1*QI*3**CA", purpose="06").lines is None


def test_what_many_messages_ask_for_is_taken_some_lines_at_a_time() -> None:
    sizes = (3, 1, 5, 2, 4)
    asked = [Asked((0, place), PARTNER, _document(an_850("PO-1", [("TEA", 1)] * size))) for place, size in enumerate(sizes)]

    taken = [[each.at[1] for each in some] for some in portions(asked, lambda one: one.size, 4)]

    assert taken == [[0, 1], [2], [3, 4]]


def _document(message: Sequence[str]) -> Ordered:
    document = Reader().document_of(read(x12("ME", message)).interchanges[0].messages[0])
    assert document
    return Translator(PARTNER, ZoneInfo("UTC")).ordered(document)
