"""ORDERS and ORDCHG as what they ask for."""

from collections.abc import Sequence

from order_intake.documents.facts import Item, Place, Reference
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument, LineWish, Met, Parties
from order_intake.edi import Loop, Message, Segment

FUNCTIONS = {"1": Action.CANCEL, "3": Action.CANCEL, "4": Action.CHANGE, "5": Action.CHANGE}
REPLACED = "5"
WISHES = {"": LineWish.SET, "1": LineWish.ADD, "2": LineWish.DELETE, "3": LineWish.SET, "4": LineWish.KEEP, "11": LineWish.KEEP}
"""Of LIN 1229. QTY 21 is the quantity as it shall be."""
SHIP_TO = ("DP", "ST", "UC", "CN", "BY")
MOVED_TO = SHIP_TO[:-1]
"""A change that names its buyer does not send the goods there."""
EARLIEST = frozenset({"10", "64"})
LATEST = frozenset({"63"})
THE_DAY = frozenset({"2"})
PERIOD = "718"
MOST_REFERENCES = 40


def of_orders(message: Message, met: Met) -> IncomingDocument:
    head = message.first("BGM") or message.header
    action = FUNCTIONS.get(head.value(3), Action.PLACE)
    found = _document(message, action, head.value(2), "", met.parties(_parties, message.tree.loops("NAD")))
    return found if action is not Action.CHANGE else found._replace(is_whole=not any(line.said for line in found.lines))


def of_ordchg(message: Message, _: Met) -> IncomingDocument:
    """BGM 1004 is the change's own number; RFF ON names the order."""
    head = message.first("BGM") or message.header
    ordered, action = message.first("RFF", "ON"), FUNCTIONS.get(head.value(3), Action.CHANGE)
    number = ordered.value(1, 2) if ordered else head.value(2)
    found = _document(message, action, number, head.value(2), _parties(message.tree.loops("NAD"), MOVED_TO))
    lines = tuple(map(_of_the_order, found.lines, message.tree.loops("LIN")))
    references = tuple(each for each in found.references if each.qualifier != "ON")
    return found._replace(lines=lines, references=references, is_whole=head.value(3) == REPLACED)


def _of_the_order(line: AskedLine, loop: Loop) -> AskedLine:
    """LIN 1082 counts the lines of the change; RFF ON beside it may name the order's own."""
    ordered = next((each.head.value(1, 3) for each in loop.loops("RFF") if each.head.value(1) == "ON"), "")
    return line._replace(number=ordered or line.number, counts=not ordered)


def _document(message: Message, action: Action, number: str, own_number: str, parties: Parties) -> IncomingDocument:
    head, tree = message.first("BGM") or message.header, message.tree
    dated, (consignee, places) = tree.first("DTM", "137"), parties
    return IncomingDocument(
        message.type, action, head.value(3) or "9", number, own_number, dated.value(1, 2)[:8] if dated else "", *_days(tree.all("DTM")),
        consignee, tuple(map(_line, tree.loops("LIN"))), places, _references(tree),
    )  # fmt: skip


def _line(loop: Loop) -> AskedLine:
    head, ordered = loop.head, loop.first("QTY", "21") or loop.first("QTY")
    _, quantity, unit = ordered.composite(1, 3) if ordered else ("", "", "")
    said = head.value(2)
    return AskedLine(head.value(1), quantity, unit, tuple(_items(loop)), "", WISHES.get(said, LineWish.OTHER), said)


def _items(loop: Loop) -> list[Item]:
    composites = [loop.head.components(3)]
    for each in loop.all("PIA"):
        composites += map(each.components, range(2, len(each.texts)))
    return [Item(parts[1], parts[0]) for parts in composites if len(parts) > 1 and parts[0] and parts[1]]


def _parties(loops: Sequence[Loop], ship_to: Sequence[str] = SHIP_TO) -> Parties:
    return _consignee(loops, ship_to), _places(loops)


def _consignee(parties: Sequence[Loop], ship_to: Sequence[str]) -> Consignee | None:
    loops = {loop.head.value(1): loop for loop in reversed(parties)}
    found = next((loops[role] for role in ship_to if role in loops), None)
    if found is None:
        return None
    head = found.head
    calls = [each for inner in found.inner for each in inner.all("COM")]
    phone = next((each.value(1) for each in calls if each.value(1, 2) == "TE"), "")
    city = ", ".join(filter(None, (head.value(6), head.value(7))))
    name, street = (" ".join(filter(None, head.components(n)[:4])) for n in (4, 5))
    code, _, agency = head.composite(2, 3)
    return Consignee(agency, code, name, street, city, head.value(8), head.value(9), phone)


def _places(parties: Sequence[Loop]) -> tuple[Place, ...]:
    said = [(loop.head.value(1), loop.head.composite(2, 3)) for loop in parties[:MOST_REFERENCES]]
    return tuple([Place(role, agency, code) for role, (code, _, agency) in said if code])


def _references(tree: Loop) -> tuple[Reference, ...]:
    heads = [*tree.all("RFF"), *(loop.head for loop in tree.loops("RFF"))]
    said = [each.composite(1, 2) for each in heads[:MOST_REFERENCES]]
    return tuple([Reference(qualifier, value) for qualifier, value in said if value])


def _days(said: Sequence[Segment]) -> tuple[str, str]:
    earliest = latest = ""
    for each in said:
        qualifier, value, form = each.composite(1, 3)
        first, last = (value[:8], value[-8:]) if form == PERIOD else (value[:8], value[:8])
        if qualifier in THE_DAY:
            earliest, latest = earliest or first, latest or last
        elif qualifier in EARLIEST:
            earliest = first
        elif qualifier in LATEST:
            latest = last
    return earliest, latest
