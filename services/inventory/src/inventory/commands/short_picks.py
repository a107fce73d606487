from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.database import Transaction
from shared.events import Event, StockAdjusted

from inventory.allocation import Demand, Wanted
from inventory.book import Entry, Kind, StockBook, open_book
from inventory.commands.adjustments import adjusted
from inventory.commands.reserving import Turn, settle
from inventory.fulfilments import Fulfilment, lines_of, save_lines
from inventory.picking import Pick

PICK_SHORT = "pick_short"


async def write_off(tx: Transaction, orders: Mapping[UUID, Fulfilment], short: Sequence[Pick], now: datetime) -> list[Event]:
    """The missing are on no shelf any more: take them from the books and reserve them anew, from wherever they are available."""
    book = await open_book(tx, {(pick.customer_id, pick.sku) for pick in short})
    events: list[Event] = [_written_off(book, orders[pick.order_id], pick, now) for pick in short]
    events += settle(book, [_again(orders[order_id], missing) for order_id, missing in _missing(short).items()], now)
    await save_lines(tx, lines_of(orders, ((pick.order_id, pick.line_no) for pick in short)))
    await book.save(tx)
    return events


def _written_off(book: StockBook, order: Fulfilment, pick: Pick, now: datetime) -> StockAdjusted:
    key = (pick.customer_id, pick.sku, pick.warehouse)
    row = book.enter(Entry(*key, -pick.missing, -pick.missing, Kind.PICK_SHORT, pick.pick_id, pick.order_id, pick.line_no))
    order.lines[pick.line_no].waiting += pick.missing
    return adjusted(row, -pick.missing, PICK_SHORT, str(pick.pick_id), now)


def _missing(short: Sequence[Pick]) -> dict[UUID, dict[int, int]]:
    """By order and line."""
    missing: defaultdict[UUID, dict[int, int]] = defaultdict(dict)
    for pick in short:
        lines = missing[pick.order_id]
        lines[pick.line_no] = lines.get(pick.line_no, 0) + pick.missing
    return missing


def _again(order: Fulfilment, missing: Mapping[int, int]) -> Turn:
    wanted = tuple(Wanted(line_no, order.lines[line_no].sku, quantity) for line_no, quantity in sorted(missing.items()))
    return Turn(order, Demand(order.order_id, order.customer_id, order.allow_partial, wanted), tells=True)
