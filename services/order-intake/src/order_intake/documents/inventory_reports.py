"""846 and INVRPT: what a customer has in stock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from order_intake.documents.facts import Item, PartnerLine, Reader
from order_intake.documents.rows import EACH, PIECE, Row, cut, day, edifact_line, edifact_party, minute, period, x12_items
from order_intake.documents.shipping_advices import warehouse_party
from order_intake.edi import X12, Draft

MOST_LINES = 5000
"""In one document; more are told in several."""
MOST_OF_AN_ITEM = 35


@dataclass(frozen=True, slots=True)
class Balance:
    """In our units; `items` are the codes by which the partner knows the sku."""

    sku: str
    on_hand: int
    reserved: int
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class WarehouseStock:
    number: str
    warehouse: str
    at: datetime
    balances: tuple[Balance, ...]


def inventory_reports(partner: Reader, stocks: Sequence[WarehouseStock]) -> list[Draft]:
    """One document a warehouse, or several where it holds many items."""
    document, rows = ("846", _x846) if partner.syntax is X12 else ("INVRPT", _invrpt)
    release = partner.release(document)
    return [Draft(document, release, "", list(rows(stock, part, release))) for stock in stocks for part in _parts(stock)]


def _parts(stock: WarehouseStock) -> Iterator[tuple[str, Sequence[Balance]]]:
    """With a number of its own for each."""
    for start in range(0, max(len(stock.balances), 1), MOST_LINES):
        yield f"{stock.number}-{start // MOST_LINES + 1}", stock.balances[start : start + MOST_LINES]


def _x846(stock: WarehouseStock, part: tuple[str, Sequence[Balance]], _: str) -> Iterator[Row]:
    number, balances = part
    yield ("BIA", "00", "SI", number, day(stock.at), minute(stock.at))
    yield warehouse_party(stock.warehouse)
    for count, balance in enumerate(balances, 1):
        yield ("LIN", count, *x12_items(balance.items or (Item("VN", balance.sku),)))
        yield ("QTY", "33", balance.on_hand - balance.reserved, (EACH,))
        yield ("QTY", "17", balance.on_hand, (EACH,))
    yield ("CTT", len(balances))


def _invrpt(stock: WarehouseStock, part: tuple[str, Sequence[Balance]], release: str) -> Iterator[Row]:
    number, balances = part
    yield ("BGM", "35", number, "9")
    yield period("137", stock.at)
    yield edifact_party("WH", "92", cut(stock.warehouse, 35))
    for count, balance in enumerate(balances, 1):
        yield from edifact_line(count, PartnerLine(count, items=balance.items or _own(balance.sku)))
        yield from [("IMD", "F", None, ("", "", "", balance.sku[:35], balance.sku[35:]))] if len(balance.sku) > MOST_OF_AN_ITEM else []
        for qualifier, quantity in (("145", balance.on_hand), ("198", balance.reserved)):
            yield from [] if release.startswith("D:96A") else [("INV", None, "1")]
            yield ("QTY", (qualifier, quantity, PIECE))


def _own(sku: str) -> tuple[Item, ...]:
    """A sku that is too long for LIN stands in IMD."""
    return (Item("SA", sku),) if len(sku) <= MOST_OF_AN_ITEM else ()
