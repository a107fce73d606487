"""ORDERS and ORDCHG as what they ask for."""

from collections.abc import Iterator, Sequence

from order_intake.documents.facts import Item, Place, Reference
from order_intake.documents.incoming import Action, AskedLine, Consignee, IncomingDocument, LineWish
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


def of_orders(message: Message) -> IncomingDocument:
    head = message.first("BGM") or message.header
    action = FUNCTIONS.get(head.value(3), Action.PLACE)
    found = _document(message, action, head.value(2), "", SHIP_TO)
    return found if action is not Action.CHANGE else found._replace(is_whole=not any(line.said for line in found.lines))


def of_ordchg(message: Message) -> IncomingDocument:
    """BGM 1004 is the change's own number; RFF ON names the order."""
    head = message.first("BGM") or message.header
    ordered, action = message.first("RFF", "ON"), FUNCTIONS.get(head.value(3), Action.CHANGE)
    number = ordered.value(1, 2) if ordered else head.value(2)
    found = _document(message, action, number, head.value(2), MOVED_TO)
    lines = tuple(map(_of_the_order, found.lines, message.tree.loops("LIN")))
    references = tuple(each for each in found.references if each.qualifier != "ON")
    return found._replace(lines=lines, references=references, is_whole=head.value(3) == REPLACED)


def _of_the_order(line: AskedLine, loop: Loop) -> AskedLine:
    """LIN 1082 counts the lines of the change; RFF ON beside it may name the order's own."""
    ordered = next((each.head.value(1, 3) for each in loop.loops("RFF") if each.head.value(1) == "ON"), "")
    return line._replace(number=ordered or line.number, counts=not ordered)


def _document(message: Message, action: Action, number: str, own_number: str, ship_to: Sequence[str]) -> IncomingDocument:
    head, tree = message.first("BGM") or message.header, message.tree
    dated = next((each for each in tree.all("DTM", "137")), None)
    earliest, latest = _days(tree.all("DTM"))
    return IncomingDocument(
        message.type, action, head.value(3) or "9", number, own_number, dated.value(1, 2)[:8] if dated else "", earliest, latest,
        _consignee(tree, ship_to), tuple(_line(loop) for loop in tree.loops("LIN")), tuple(_places(tree)), tuple(_references(tree)),
    )  # fmt: skip


def _line(loop: Loop) -> AskedLine:
    head, ordered = loop.head, loop.first("QTY", "21") or loop.first("QTY")
    quantity, unit = (ordered.value(1, 2), ordered.value(1, 3)) if ordered else ("", "")
    said = head.value(2)
    return AskedLine(head.value(1), quantity, unit, tuple(_items(loop)), "", WISHES.get(said, LineWish.OTHER), said)


def _items(loop: Loop) -> Iterator[Item]:
    composites = [loop.head.components(3)]
    composites += [each.components(n) for each in loop.all("PIA") for n in range(2, len(each.texts))]
    for code, qualifier, *_ in (parts for parts in composites if len(parts) > 1):
        if code and qualifier:
            yield Item(qualifier, code)


def _consignee(tree: Loop, ship_to: Sequence[str]) -> Consignee | None:
    loops = {loop.head.value(1): loop for loop in reversed(tree.loops("NAD"))}
    found = next((loops[role] for role in ship_to if role in loops), None)
    if found is None:
        return None
    head = found.head
    calls = [each for inner in found.inner for each in inner.all("COM")]
    phone = next((each.value(1) for each in calls if each.value(1, 2) == "TE"), "")
    city = ", ".join(filter(None, (head.value(6), head.value(7))))
    name, street = (" ".join(filter(None, head.components(n)[:4])) for n in (4, 5))
    return Consignee(head.value(2, 3), head.value(2), name, street, city, head.value(8), head.value(9), phone)


def _places(tree: Loop) -> Iterator[Place]:
    heads = [loop.head for loop in tree.loops("NAD")]
    return (Place(head.value(1), head.value(2, 3), head.value(2)) for head in heads[:MOST_REFERENCES] if head.value(2))


def _references(tree: Loop) -> Iterator[Reference]:
    found = [*tree.all("RFF"), *(loop.head for loop in tree.loops("RFF"))]
    return (Reference(each.value(1), each.value(1, 2)) for each in found[:MOST_REFERENCES] if each.value(1, 2))


def _days(said: Sequence[Segment]) -> tuple[str, str]:
    earliest = latest = ""
    for each in said:
        qualifier, value, form = each.value(1), each.value(1, 2), each.value(1, 3)
        first, last = (value[:8], value[-8:]) if form == PERIOD else (value[:8], value[:8])
        if qualifier in THE_DAY:
            earliest, latest = earliest or first, latest or last
        elif qualifier in EARLIEST:
            earliest = first
        elif qualifier in LATEST:
            latest = last
    return earliest, latest
