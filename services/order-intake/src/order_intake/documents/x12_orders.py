"""850, 860 and 940 as what they ask for."""

from collections.abc import Iterable, Iterator, Sequence

from order_intake.documents.facts import Item, Place, Reference
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument, LineWish
from order_intake.edi import Loop, Message, Segment

PURPOSES = {"01": Action.CANCEL, "03": Action.CANCEL, "04": Action.CHANGE, "05": Action.CHANGE}
ORDER_STATUS = {"F": Action.CANCEL, "R": Action.CHANGE}
SHIP_TO = ("ST", "CN", "MA", "BS")
REPLACED = "05"
WISHES = {
    "AI": LineWish.ADD, "DI": LineWish.DELETE, "QI": LineWish.MORE, "QD": LineWish.LESS, "CA": LineWish.REPLACE, "RZ": LineWish.REPLACE,
    "RE": LineWish.REPLACE, "RM": LineWish.REPLACE, "PQ": LineWish.SET, "RQ": LineWish.SET, "PC": LineWish.SET, "NC": LineWish.KEEP,
}  # fmt: skip
"""Of POC02. POC03 is the quantity as it shall be, whichever way it goes."""
LINE_NUMBER = "PL"
"""Among the item's numbers: the purchaser's own number of the line."""
PAIRS = {"PO1": range(6, 25, 2), "POC": range(8, 27, 2), "W01": (4, 6, 15)}
EARLIEST = frozenset({"010", "037", "064", "118", "10", "37", "53", "64"})
LATEST = frozenset({"063", "054", "63", "54"})
THE_DAY = frozenset({"002", "074", "02", "74"})
MOST_REFERENCES = 40


def of_850(message: Message) -> IncomingDocument:
    head, tree = message.first("BEG") or message.header, message.tree
    earliest, latest = _days((each.text(1), each.text(2)) for each in tree.all("DTM"))
    return IncomingDocument(
        "850", PURPOSES.get(head.text(1), Action.PLACE), head.text(1), head.text(3), "", head.text(5), earliest, latest,
        _consignee(tree), tuple(_lines(tree)), tuple(_places(tree)), tuple(_references(tree.all("REF"))),
        is_whole=PURPOSES.get(head.text(1)) is Action.CHANGE,
    )  # fmt: skip


def of_860(message: Message) -> IncomingDocument:
    """BCH05 counts the changes of an order."""
    head, tree = message.first("BCH") or message.header, message.tree
    earliest, latest = _days((each.text(1), each.text(2)) for each in tree.all("DTM"))
    return IncomingDocument(
        "860", PURPOSES.get(head.text(1), Action.CHANGE), head.text(1), head.text(3), head.text(5), head.text(6), earliest, latest,
        _consignee(tree), tuple(_changes(tree)), tuple(_places(tree)), tuple(_references(tree.all("REF"))),
        is_whole=head.text(1) == REPLACED,
    )  # fmt: skip


def of_940(message: Message) -> IncomingDocument:
    head, tree = message.first("W05") or message.header, message.tree
    earliest, latest = _days((each.text(1), each.text(2)) for each in tree.all("G62"))
    return IncomingDocument(
        "940", ORDER_STATUS.get(head.text(1), Action.PLACE), head.text(1), head.text(2), "", "", earliest, latest,
        _consignee(tree), tuple(_shipped(tree)), tuple(_places(tree)), tuple(_references(tree.all("N9"))),
        purchase_order=head.text(3), link=head.text(4), master_reference=head.text(5), is_whole=head.text(1) == "R",
    )  # fmt: skip


def _lines(tree: Loop) -> Iterator[AskedLine]:
    for loop in tree.loops("PO1"):
        head = loop.head
        yield AskedLine(head.text(1), head.text(2), head.value(3), tuple(_items(head)), head.text(4))


def _changes(tree: Loop) -> Iterator[AskedLine]:
    for loop in tree.loops("POC"):
        head = loop.head
        named, code = tuple(_items(head)), head.text(2)
        number = next((item.value for item in named if item.qualifier == LINE_NUMBER), head.text(1))
        items = tuple(item for item in named if item.qualifier != LINE_NUMBER)
        yield AskedLine(number, head.text(3), head.value(5), items, head.text(6), WISHES.get(code, LineWish.OTHER), code)


def _shipped(tree: Loop) -> Iterator[AskedLine]:
    """LX01 numbers what its W01 asks for."""
    for assigned in tree.loops("LX"):
        for loop in assigned.loops("W01"):
            head = loop.head
            case = (Item("UA", head.text(3)),) if head.text(3) else ()
            yield AskedLine(assigned.head.text(1), head.text(1), head.text(2), (*_items(head), *case))


def _items(head: Segment) -> Iterator[Item]:
    there = len(head.texts) - 1
    for n in PAIRS[head.tag]:
        if n < there and (qualifier := head.text(n)) and (value := head.text(n + 1)):
            yield Item(qualifier, value)


def _consignee(tree: Loop) -> Consignee | None:
    loops = {loop.head.text(1): loop for loop in reversed(tree.loops("N1"))}
    role = next((role for role in SHIP_TO if role in loops), None)
    if role is None:
        return None
    found = loops[role]
    head, street, place, more, call = found.head, *(found.first(tag) for tag in ("N3", "N4", "N2", "PER"))
    name = head.text(2) or (more.text(1) if more else "")
    streets = ", ".join(filter(None, (street.text(1), street.text(2)))) if street else ""
    phone = call.text(4) if call and call.text(3) == "TE" else ""
    if place is None:
        return Consignee(head.text(3), head.text(4), name, streets, phone=phone)
    city = ", ".join(filter(None, (place.text(1), place.text(2))))
    return Consignee(head.text(3), head.text(4), name, streets, city, place.text(3), place.text(4), phone)


def _places(tree: Loop) -> Iterator[Place]:
    for loop in tree.loops("N1")[:MOST_REFERENCES]:
        if code := loop.head.text(4):
            yield Place(loop.head.text(1), loop.head.text(3), code)


def _references(segments: Sequence[Segment]) -> Iterator[Reference]:
    return (Reference(each.text(1), each.text(2)) for each in segments[:MOST_REFERENCES] if each.text(2))


def _days(said: Iterable[tuple[str, str]]) -> tuple[str, str]:
    earliest = latest = ""
    for qualifier, day in said:
        if qualifier in THE_DAY:
            earliest, latest = earliest or day, latest or day
        elif qualifier in EARLIEST:
            earliest = day
        elif qualifier in LATEST:
            latest = day
    return earliest, latest
