"""The hierarchies of ship notices: HL in 856, CPS in DESADV. A parent must stand before its children."""

from collections.abc import Iterator

from order_intake.edi.interchange import Message
from order_intake.edi.segment import Segment

LEVELS = {"856": "HL", "DESADV": "CPS"}


def broken_levels(message: Message) -> Iterator[tuple[Segment, int, int, str]]:
    """Segment, position, element and words for every level whose number or parent is wrong."""
    tag = LEVELS.get(message.type)
    if tag is None:
        return
    seen: set[str] = set()
    for position, segment in enumerate(message.segments, 1):
        if segment.tag != tag:
            continue
        number, parent = segment.text(1), segment.text(2)
        if number in seen:
            yield segment, position, 1, f"the level {number[:20]} stands there twice"
        if parent and parent not in seen:
            yield segment, position, 2, f"no level {parent[:20]} before it"
        seen.add(number)
