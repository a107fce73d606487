"""Opening stock derived from the orders: enough of most items, too little of the scarce ones, of which some is replenished later."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.local.demo.choices import Choices
from deploy.local.demo.dataset import Plan

WAREHOUSES = {"W1": "Warehouse 1", "W2": "Warehouse 2"}
SPARE = 1.1
"""An item that is not scarce begins with a tenth more than is ever ordered, and five units."""
SCARCE = (0.3, 0.8)
"""A scarce item begins with this part of what is ordered."""
ARRIVALS = 3
"""Late stock comes in this many lorries, spread over the second half of the play."""


@dataclass(frozen=True, slots=True)
class Stock:
    owner: str
    sku: str
    warehouse: str
    quantity: int


@dataclass(frozen=True)
class Stocking:
    """`arrivals[n]` comes when (n + 1) / ARRIVALS of the second half of the steps is played; `short` never gets all that is ordered."""

    opening: tuple[Stock, ...]
    arrivals: tuple[tuple[Stock, ...], ...]
    scarce: frozenset[tuple[str, str]]
    short: frozenset[tuple[str, str]]


def stocking(plan: Plan, choices: Choices) -> Stocking:
    scarce = frozenset(item for item in plan.demand if choices.happens("scarce item", _key(item)))
    replenished = {item for item in scarce if choices.happens("replenished item", _key(item))}
    opening: list[Stock] = []
    arrivals: list[list[Stock]] = [[] for _ in range(ARRIVALS)]
    for item, demand in sorted(plan.demand.items()):
        units = choices.part(demand, "scarcity", _key(item), *SCARCE) if item in scarce else int(demand * SPARE) + 5
        opening += _placed(item, units, choices)
        if item in replenished:
            lorry = int(choices.chance("lorry", _key(item)) * ARRIVALS)
            arrivals[lorry] += _placed(item, demand - units + 5, choices)
    return Stocking(tuple(opening), tuple(map(tuple, arrivals)), scarce, scarce - replenished)


def _placed(item: tuple[str, str], units: int, choices: Choices) -> Iterator[Stock]:
    key = _key(item)
    if choices.happens("item in both warehouses", key):
        shares = {"W1": units - units // 2, "W2": units // 2}
    else:
        shares = {"W2" if choices.happens("item in the second warehouse", key) else "W1": units}
    return (Stock(*item, warehouse, share) for warehouse, share in shares.items() if share)


def _key(item: tuple[str, str]) -> str:
    return "/".join(item)
