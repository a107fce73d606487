"""What the customers will want, drawn from one seed: more than there is, half of it of two items, and much of it twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from deploy.local.demo.client import Json
from deploy.local.demo.stocking import Stock

CUSTOMERS = ("NORTH", "EAST", "WEST")
ITEMS_EACH = 7
HOT = {"NORTH": "ITEM-1", "EAST": "ITEM-1"}
DEMAND_OVER_STOCK = 1.3
LATE_STOCK = 0.15
"""This part of the stock arrives while orders wait for it."""


@dataclass(frozen=True)
class Manners:
    """How often customers do what: these parts of all orders."""

    cancelled: float = 0.10
    repeated: float = 0.05
    changed: float = 0.01
    amended: float = 0.10


USUAL = Manners()


@dataclass(frozen=True, slots=True)
class Wish:
    """An order and how its customer behaves; `at` is a part of the time that orders are placed in, what comes after is in seconds."""

    number: int
    customer_id: str
    lines: tuple[tuple[str, int], ...]
    allow_partial: bool
    service_level: str
    at: float
    is_keyed: bool
    repeated: str | None
    is_changed: bool
    cancelled_after: float | None
    amended_after: float | None
    """Seconds after the answer."""

    @property
    def reference(self) -> str:
        return f"PO-{self.number}"

    def body(self, *, changed: bool = False) -> Json:
        lines: list[Json] = [{"sku": sku, "quantity": quantity + changed} for sku, quantity in self.lines]
        address: Json = {"name": f"Consignee {self.number}", "street": "Street 1", "city": "City", "postal_code": "12345", "country": "DE"}
        about: dict[str, Json] = {"customer_id": self.customer_id, "customer_reference": self.reference, "ship_to": address}
        return {**about, "service_level": self.service_level, "allow_partial": self.allow_partial, "lines": lines}

    def amendment(self) -> Json:
        """More of the first line, a line that was not there, and without the last one where there are several."""
        kept = self.lines[:-1] or self.lines
        lines = [(number, sku, quantity + (number == 1)) for number, (sku, quantity) in enumerate(kept, 1)]
        unknown = next(sku for sku in _skus() if sku not in dict(self.lines))
        lines.append((len(self.lines) + 1, unknown, 1))
        said: list[Json] = [{"line_no": number, "sku": sku, "quantity": quantity} for number, sku, quantity in lines]
        return {"reason": "customer_request", "lines": said}


@dataclass(frozen=True)
class Workload:
    seed: int
    wishes: Sequence[Wish]
    opening: Sequence[Stock]
    late: Sequence[Stock]

    @classmethod
    def of(cls, seed: int, orders: int, manners: Manners = USUAL) -> "Workload":
        drawn = Random(f"{seed}/workload")
        wishes = [_wish(drawn, number, manners) for number in range(orders)]
        opening, late = _stock(drawn, wishes)
        return cls(seed, wishes, opening, late)

    @property
    def items(self) -> list[tuple[str, str]]:
        return [(customer, sku) for customer in CUSTOMERS for sku in _skus()]


def _skus() -> list[str]:
    return [f"ITEM-{number}" for number in range(1, ITEMS_EACH + 1)]


def _wish(drawn: Random, number: int, manners: Manners) -> Wish:
    customer = drawn.choices(CUSTOMERS, (0.4, 0.35, 0.25))[0]
    cold = [sku for sku in _skus() if sku != HOT.get(customer)]
    lines = [(sku, drawn.randint(1, 3)) for sku in drawn.sample(cold, drawn.randint(1, 2))]
    if customer in HOT and drawn.random() < 0.9:
        lines.insert(0, (HOT[customer], drawn.randint(2, 7)))
    return Wish(
        number=number,
        customer_id=customer,
        lines=tuple(lines),
        allow_partial=drawn.random() < 0.4,
        service_level=drawn.choice(("express", "standard", "economy")),
        at=drawn.random(),
        is_keyed=drawn.random() < 0.6,
        repeated=drawn.choice(("later", "at once")) if drawn.random() < manners.repeated else None,
        is_changed=drawn.random() < manners.changed,
        cancelled_after=_after(drawn, manners.cancelled),
        amended_after=_after(drawn, manners.amended),
    )


def _after(drawn: Random, often: float) -> float | None:
    return drawn.choice((0.0, 0.3, 1.0, 2.5)) * drawn.random() if drawn.random() < often else None


def _stock(drawn: Random, wishes: Sequence[Wish]) -> tuple[list[Stock], list[Stock]]:
    demand: Counter[tuple[str, str]] = Counter()
    for wish in wishes:
        for sku, quantity in wish.lines:
            demand[wish.customer_id, sku] += quantity
    opening, late = [], []
    for (customer, sku), units in sorted(demand.items()):
        stock = max(2, round(units / DEMAND_OVER_STOCK))
        arriving, second = round(stock * LATE_STOCK), round(stock * drawn.uniform(0.1, 0.4))
        parts = (("W1", stock - arriving - second), ("W2", second))
        opening += [Stock(customer, sku, warehouse, part) for warehouse, part in parts if part]
        late += [Stock(customer, sku, "W1", arriving)] if arriving else []
    return opening, late
