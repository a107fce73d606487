"""850, 860 and 940 as what they ask for."""

from collections.abc import Iterator, Sequence

from order_intake.documents.facts import Item, Place, Reference
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument, LineWish, Met, Parties
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


def of_850(message: Message, met: Met) -> IncomingDocument:
    tree, (purpose, _, number, _, dated_on) = message.tree, (message.first("BEG") or message.header).upto(5)
    action, (consignee, places) = PURPOSES.get(purpose, Action.PLACE), met.parties(_parties, tree.loops("N1"))
    return IncomingDocument(
        "850", action, purpose, number, "", dated_on, *_days(tree.all("DTM")),
        consignee, tuple([met.line(_line, loop.head) for loop in tree.loops("PO1")]), places, _references(tree.all("REF")),
        is_whole=action is Action.CHANGE,
    )  # fmt: skip


def of_860(message: Message, met: Met) -> IncomingDocument:
    """BCH05 counts the changes of an order."""
    tree, (purpose, _, number, _, change, dated_on) = message.tree, (message.first("BCH") or message.header).upto(6)
    action, (consignee, places) = PURPOSES.get(purpose, Action.CHANGE), met.parties(_parties, tree.loops("N1"))
    return IncomingDocument(
        "860", action, purpose, number, change, dated_on, *_days(tree.all("DTM")),
        consignee, tuple([met.line(_change, loop.head) for loop in tree.loops("POC")]), places, _references(tree.all("REF")),
        is_whole=purpose == REPLACED,
    )  # fmt: skip


def of_940(message: Message, met: Met) -> IncomingDocument:
    tree, (status, number, purchase_order, link, master) = message.tree, (message.first("W05") or message.header).upto(5)
    action, (consignee, places) = ORDER_STATUS.get(status, Action.PLACE), met.parties(_parties, tree.loops("N1"))
    return IncomingDocument(
        "940", action, status, number, "", "", *_days(tree.all("G62")),
        consignee, tuple(_shipped(tree)), places, _references(tree.all("N9")),
        purchase_order=purchase_order, link=link, master_reference=master, is_whole=action is Action.CHANGE,
    )  # fmt: skip


def _line(head: Segment) -> AskedLine:
    number, quantity, _, price = head.upto(4)
    return AskedLine(number, quantity, head.value(3), tuple(_items(head)), price)


def _change(head: Segment) -> AskedLine:
    named = tuple(_items(head))
    assigned, code, quantity, _, _, price = head.upto(6)
    number = next((item.value for item in named if item.qualifier == LINE_NUMBER), assigned)
    items = tuple(item for item in named if item.qualifier != LINE_NUMBER)
    return AskedLine(number, quantity, head.value(5), items, price, WISHES.get(code, LineWish.OTHER), code)


def _shipped(tree: Loop) -> Iterator[AskedLine]:
    """LX01 numbers what its W01 asks for."""
    for assigned in tree.loops("LX"):
        for loop in assigned.loops("W01"):
            quantity, unit, code = loop.head.upto(3)
            case = (Item("UA", code),) if code else ()
            yield AskedLine(assigned.head.text(1), quantity, unit, (*_items(loop.head), *case))


def _items(head: Segment) -> list[Item]:
    found, texts = [], head.texts
    for n in PAIRS[head.tag]:
        if n + 1 >= len(texts):
            break
        if texts[n] and texts[n + 1]:
            found.append(Item(texts[n], texts[n + 1]))
    return found


def _parties(loops: Sequence[Loop]) -> Parties:
    return _consignee(loops), _places(loops)


def _consignee(parties: Sequence[Loop]) -> Consignee | None:
    by_role = {loop.head.text(1): loop for loop in reversed(parties)}
    found = next((by_role[role] for role in SHIP_TO if role in by_role), None)
    if found is None:
        return None
    _, name, qualifier, code = found.head.upto(4)
    there = {each.tag: each for each in reversed(found.segments)}
    street, place, more, call = map(there.get, ("N3", "N4", "N2", "PER"))
    named = name or (more.text(1) if more else "")
    streets = ", ".join(filter(None, street.upto(2))) if street else ""
    phone = call.text(4) if call and call.text(3) == "TE" else ""
    if place is None:
        return Consignee(qualifier, code, named, streets, phone=phone)
    city, state, postal_code, country = place.upto(4)
    return Consignee(qualifier, code, named, streets, ", ".join(filter(None, (city, state))), postal_code, country, phone)


def _places(parties: Sequence[Loop]) -> tuple[Place, ...]:
    said = [loop.head.upto(4) for loop in parties[:MOST_REFERENCES]]
    return tuple([Place(role, qualifier, code) for role, _, qualifier, code in said if code])


def _references(segments: Sequence[Segment]) -> tuple[Reference, ...]:
    said = [each.upto(2) for each in segments[:MOST_REFERENCES]]
    return tuple([Reference(qualifier, value) for qualifier, value in said if value])


def _days(said: Sequence[Segment]) -> tuple[str, str]:
    earliest = latest = ""
    for each in said:
        qualifier, day = each.upto(2)
        if qualifier in THE_DAY:
            earliest, latest = earliest or day, latest or day
        elif qualifier in EARLIEST:
            earliest = day
        elif qualifier in LATEST:
            latest = day
    return earliest, latest
