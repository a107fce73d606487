"""What a line of the timeline calls the things that its event names by their codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from shared.events import Event, OrderBackordered, ReplenishmentRequested, StockAdjusted, StockReallocated, StockShort

SHOWN = 3
"""Items named in one line; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Names:
    """What other events called the things: descriptions by (customer_id, sku), line counts by order, subjects by case."""

    items: Mapping[tuple[str, str], str] = field(default_factory=dict)
    lines: Mapping[UUID, int] = field(default_factory=dict)
    subjects: Mapping[UUID, str] = field(default_factory=dict)


def mentioned_items(events: Iterable[Event]) -> set[tuple[str, str]]:
    """The items whose descriptions a line will want."""
    return {(event.customer_id, sku) for event in events for sku in _skus(event)}


def _skus(event: Event) -> list[str]:
    match event:
        case StockShort() | OrderBackordered():
            return [line.sku for line in event.lines[:SHOWN]]
        case StockReallocated():
            return [line.sku for line in event.short[:SHOWN]]
        case StockAdjusted() | ReplenishmentRequested():
            return [event.sku]
    return []
