"""Which warehouse serves which line. What is wanted and what there is go in, what is taken comes out."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

EXACT_UP_TO = 8
"""Among this many warehouses the fewest that serve an order are found exactly, among more of them greedily."""

ItemKey = tuple[str, str]
"""customer_id, sku"""


@dataclass(frozen=True, slots=True)
class Wanted:
    line_no: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What an order wants now. Without `allow_partial` it takes all of it or nothing."""

    order_id: UUID
    customer_id: str
    allow_partial: bool
    lines: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    line_no: int
    sku: str
    warehouse: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a demand got. `available`: for each of its lines how many units it could have had at that moment, taken or not."""

    demand: Demand
    taken: tuple[Taken, ...]
    available: tuple[int, ...]


def allocate(queue: Sequence[Demand], stock: Mapping[ItemKey, Mapping[str, int]]) -> list[Answer]:
    """Serve the queue from its head. `stock`: units available of an item by warehouse."""
    left = {item: dict(by_warehouse) for item, by_warehouse in stock.items()}
    return [_serve(demand, left) for demand in queue]


def _serve(demand: Demand, left: Mapping[ItemKey, dict[str, int]]) -> Answer:
    stock = {line.sku: left.get((demand.customer_id, line.sku), {}) for line in demand.lines}
    available = tuple(_offer(demand.lines, stock))
    whole = all(line.quantity == offered for line, offered in zip(demand.lines, available, strict=True))
    taken = tuple(_take(demand.lines, available, stock)) if whole or demand.allow_partial else ()
    return Answer(demand, taken, available)


def _offer(lines: Sequence[Wanted], stock: Mapping[str, Mapping[str, int]]) -> Iterator[int]:
    """What each line could have; lines of one item share what there is, in their order."""
    totals = {sku: sum(by_warehouse.values()) for sku, by_warehouse in stock.items()}
    for line in lines:
        offered = min(line.quantity, totals[line.sku])
        totals[line.sku] -= offered
        yield offered


def _take(lines: Sequence[Wanted], offered: Sequence[int], stock: Mapping[str, dict[str, int]]) -> Iterator[Taken]:
    targets: dict[str, int] = {}
    for line, quantity in zip(lines, offered, strict=True):
        if quantity:
            targets[line.sku] = targets.get(line.sku, 0) + quantity
    chosen = fewest(targets, stock)
    for line, quantity in zip(lines, offered, strict=True):
        left, open_ = stock[line.sku], quantity
        for warehouse in sorted(chosen, key=lambda code: (-left.get(code, 0), code)) if open_ else ():
            if part := min(open_, left.get(warehouse, 0)):
                left[warehouse] -= part
                open_ -= part
                yield Taken(line.line_no, line.sku, warehouse, part)


def fewest(targets: Mapping[str, int], stock: Mapping[str, Mapping[str, int]]) -> Collection[str]:
    """The smallest set of warehouses that together have `targets`, the first by code among equals; the targets must be there in all."""
    warehouses = sorted({code for sku in targets for code, units in stock[sku].items() if units > 0})
    for code in warehouses:
        if _covers((code,), targets, stock):
            return (code,)
    needed = [code for code in warehouses if not _covers([other for other in warehouses if other != code], targets, stock)]
    optional = [code for code in warehouses if code not in needed]
    if len(optional) > EXACT_UP_TO:
        return _greedy(needed, optional, targets, stock)
    sets = (needed + list(more) for size in range(len(optional) + 1) for more in combinations(optional, size))
    return next(chosen for chosen in sets if _covers(chosen, targets, stock))


def _covers(chosen: Collection[str], targets: Mapping[str, int], stock: Mapping[str, Mapping[str, int]]) -> bool:
    return all(sum(stock[sku].get(code, 0) for code in chosen) >= units for sku, units in targets.items())


def _greedy(
    needed: Sequence[str], optional: Sequence[str], targets: Mapping[str, int], stock: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """Add the warehouse that brings most of what is still missing, until nothing is."""
    chosen, rest = list(needed), list(optional)
    while not _covers(chosen, targets, stock):
        missing = {sku: units - sum(stock[sku].get(code, 0) for code in chosen) for sku, units in targets.items()}
        best = max(rest, key=lambda code: sum(min(max(units, 0), stock[sku].get(code, 0)) for sku, units in missing.items()))
        chosen.append(best)
        rest.remove(best)
    return chosen
