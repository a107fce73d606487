"""How an allocation is said: which lines are reserved where, which wait, what should be replenished."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from types import MappingProxyType

from shared.events import LINES_PER_EVENT, LineQuantity, ReplenishmentRequested, ReservedLines, ShortLine, StockReserved, StockShort

from inventory.allocation import Answer, Taken
from inventory.book import StockBook
from inventory.fulfilments import Fulfilment

NOTHING: Mapping[str, int] = MappingProxyType({})


def reserved_events(fulfilment: Fulfilment, taken: Sequence[Taken], at: datetime, *, first: bool) -> Iterator[StockReserved]:
    """In parts where it is long; only the last may say that the order is complete."""
    ordered = sorted(taken, key=lambda one: (one.warehouse, one.line_no))
    parts = [ordered[begin : begin + LINES_PER_EVENT] for begin in range(0, len(ordered), LINES_PER_EVENT)]
    for part in parts:
        yield StockReserved(
            order_id=fulfilment.order_id,
            customer_id=fulfilment.customer_id,
            version=fulfilment.next_version(),
            occurred_at=at,
            first=first,
            complete=part is parts[-1] and not fulfilment.waits,
            warehouses=tuple(_by_warehouse(part)),
        )


def _by_warehouse(taken: Sequence[Taken]) -> Iterator[ReservedLines]:
    for warehouse, of in groupby(taken, key=lambda one: one.warehouse):
        yield ReservedLines(warehouse=warehouse, lines=tuple(LineQuantity(line_no=one.line_no, quantity=one.quantity) for one in of))


def short_events(fulfilment: Fulfilment, answer: Answer, at: datetime, *, first: bool) -> Iterator[StockShort]:
    lines = list(short_lines(answer))
    for begin in range(0, len(lines), LINES_PER_EVENT):
        end = begin + LINES_PER_EVENT
        yield StockShort(
            order_id=fulfilment.order_id,
            customer_id=fulfilment.customer_id,
            version=fulfilment.next_version(),
            occurred_at=at,
            first=first,
            lines=tuple(lines[begin:end]),
            more=end < len(lines),
        )


def short_lines(answer: Answer) -> Iterator[ShortLine]:
    reserved: defaultdict[int, int] = defaultdict(int)
    for one in answer.taken:
        reserved[one.line_no] += one.quantity
    for line, available in zip(answer.demand.lines, answer.available, strict=True):
        if available < line.quantity:
            yield ShortLine(
                line_no=line.line_no, sku=line.sku, demanded=line.quantity, available=available, reserved=reserved[line.line_no]
            )


def replenishments(book: StockBook, answer: Answer, at: datetime, asked: Mapping[str, int] = NOTHING) -> Iterator[ReplenishmentRequested]:
    """One an item: what was missing at that moment, less what was `asked` for before. Where no warehouse exists there is nowhere to
    send it."""
    missing: defaultdict[str, int] = defaultdict(int)
    for line, available in zip(answer.demand.lines, answer.available, strict=True):
        missing[line.sku] += line.quantity - available
    for sku, quantity in missing.items():
        row, more = book.fullest(answer.demand.customer_id, sku), quantity - asked.get(sku, 0)
        if more > 0 and row:
            yield ReplenishmentRequested(
                customer_id=row.customer_id,
                sku=sku,
                warehouse=row.warehouse,
                version=row.next_version(),
                occurred_at=at,
                quantity=more,
                order_id=answer.demand.order_id,
            )
