"""What an order gives back and what it wants anew when its lines are changed before its release."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from shared.events import LINES_PER_EVENT, LineQuantity, OrderLine, ReservedLines, ShortLine, StockReallocated

from inventory.allocation import Answer, Taken
from inventory.answers import short_lines
from inventory.fulfilments import DemandLine, Fulfilment

Holdings = dict[tuple[int, str], int]
"""What an order has set aside, by line and warehouse."""


def amend(fulfilment: Fulfilment, lines: Sequence[OrderLine], held: Mapping[tuple[int, str], int]) -> list[Taken]:
    """The lines want these quantities now; back comes what they hold beyond that. What waits is given up before what is set aside."""
    freed: list[Taken] = []
    for wanted in lines:
        line = fulfilment.lines.setdefault(wanted.line_no, DemandLine(wanted.line_no, wanted.sku, 0, 0))
        less = line.ordered - wanted.quantity
        line.ordered = wanted.quantity
        given_up = min(less, line.waiting)
        line.waiting -= given_up
        freed += _freed(line, less - given_up, held)
    return freed


def _freed(line: DemandLine, quantity: int, held: Mapping[tuple[int, str], int]) -> Iterator[Taken]:
    """From where least is held, so that the order comes from as few warehouses as may be."""
    places = sorted((units, warehouse) for (line_no, warehouse), units in held.items() if line_no == line.line_no)
    for units, warehouse in places:
        if part := min(units, quantity):
            quantity -= part
            yield Taken(line.line_no, line.sku, warehouse, part)


def waiting_by_sku(fulfilment: Fulfilment) -> dict[str, int]:
    waiting: defaultdict[str, int] = defaultdict(int)
    for line in fulfilment.lines.values():
        waiting[line.sku] += line.waiting
    return dict(waiting)


def snapshot(
    fulfilment: Fulfilment, amendment_no: int, holdings: Holdings, answer: Answer | None, at: datetime
) -> Iterator[StockReallocated]:
    """All that the order holds now, and what is short by the answer; in parts where it is long, what is short comes last."""
    rows: list[tuple[str, LineQuantity] | ShortLine] = [
        (warehouse, LineQuantity(line_no=line_no, quantity=units))
        for (line_no, warehouse), units in sorted(holdings.items(), key=lambda each: (each[0][1], each[0][0]))
        if units
    ]
    rows += short_lines(answer) if answer else ()
    for begin in range(0, max(len(rows), 1), LINES_PER_EVENT):
        part, more = rows[begin : begin + LINES_PER_EVENT], begin + LINES_PER_EVENT < len(rows)
        yield StockReallocated(
            order_id=fulfilment.order_id,
            customer_id=fulfilment.customer_id,
            version=fulfilment.next_version(),
            occurred_at=at,
            amendment_no=amendment_no,
            complete=not more and not fulfilment.waits,
            warehouses=tuple(_by_warehouse([row for row in part if isinstance(row, tuple)])),
            short=tuple(row for row in part if isinstance(row, ShortLine)),
            more=more,
        )


def _by_warehouse(rows: Sequence[tuple[str, LineQuantity]]) -> Iterator[ReservedLines]:
    for warehouse, of in groupby(rows, key=lambda row: row[0]):
        yield ReservedLines(warehouse=warehouse, lines=tuple(line for _, line in of))
