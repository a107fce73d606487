"""What the timeline says of stock, picks and packs."""

from collections.abc import Sequence

from shared.events import (
    Event,
    ItemRegistered,
    PackCompleted,
    PickConfirmed,
    PickShort,
    ReplenishmentRequested,
    ShortLine,
    StockAdjusted,
    StockIssued,
    StockReallocated,
    StockReported,
    StockReserved,
    StockShort,
)

from crm.names import SHOWN, Names
from crm.phrases import because, counted, listed, more_follow, places, sum_of, time_of


def item_of(event: Event, sku: str, names: Names) -> str:
    description = names.items.get((event.customer_id, sku))
    return f"{description} ({sku})" if description else sku


def _reserved(event: StockReserved, names: Names) -> str:
    parts = "; ".join(f"{sum_of(part.lines)} in {part.warehouse}" for part in event.warehouses) or "nothing"
    return f"Stock reserved: {parts}{'' if event.complete else '; the rest is still open'}"


def _short(event: StockShort, names: Names) -> str:
    count, of = len(event.lines), names.lines.get(event.order_id)
    lines = f"{count} of {counted(of, 'line')}" if of and of > 1 and not event.more else counted(count, "line")
    wait = "waits" if count == 1 else "wait"
    return f"{lines} {wait} for stock: {_shortages(event, event.lines, names)}{more_follow(event.more)}"


def _reallocated(event: StockReallocated, names: Names) -> str:
    parts = "; ".join(f"{sum_of(part.lines)} in {part.warehouse}" for part in event.warehouses) or "nothing"
    rest = f"; waits for stock: {_shortages(event, event.short, names)}" if event.short else ""
    return f"Stock of the amended order: {parts}{rest}{more_follow(event.more)}"


def _shortages(event: Event, short: Sequence[ShortLine], names: Names) -> str:
    shown = [f"{item_of(event, line.sku, names)} short by {max(line.demanded - line.available, 0)}" for line in short[:SHOWN]]
    return listed(shown, len(short))


def _picked(event: PickConfirmed, names: Names) -> str:
    return f"Picked in {places(event.picks)}: {sum_of(event.picks)}"


def _picked_short(event: PickShort, names: Names) -> str:
    missing = [f"{pick.missing} of line {pick.line_no}" for pick in event.picks if pick.missing]
    return f"Not found while picking in {places(event.picks)}, written off: {listed(missing[:SHOWN], len(missing))}"


def _packed(event: PackCompleted, names: Names) -> str:
    units = sum(line.quantity for carton in event.cartons for line in carton.lines)
    return f"Packed in {event.warehouse}: {counted(len(event.cartons), 'carton')}, {counted(units, 'unit')} (pack {event.reference})"


def _issued(event: StockIssued, names: Names) -> str:
    return f"Goods left the stock of {event.warehouse}: {sum_of(event.lines)}"


def _adjusted(event: StockAdjusted, names: Names) -> str:
    what = f"{item_of(event, event.sku, names)} in {event.warehouse}"
    return f"Stock of {what} corrected by {event.quantity:+d}{because(event.reason)}; {event.on_hand} on hand, {event.reserved} reserved"


def _replenishment(event: ReplenishmentRequested, names: Names) -> str:
    return f"Replenishment asked for: {event.quantity} of {item_of(event, event.sku, names)} to {event.warehouse}"


def _item_registered(event: ItemRegistered, names: Names) -> str:
    return f"Item {event.sku} registered: {event.description} (unit: {event.unit})"


def _reported(event: StockReported, names: Names) -> str:
    return f"Stock of {time_of(event.counted_at)} reported: {counted(len(event.balances), 'balance')}{more_follow(event.more)}"


ENTRIES = (
    _reserved,
    _short,
    _reallocated,
    _picked,
    _picked_short,
    _packed,
    _issued,
    _adjusted,
    _replenishment,
    _item_registered,
    _reported,
)
