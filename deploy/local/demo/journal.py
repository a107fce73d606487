"""What the demo did and was told: the client's side of the truth."""

from collections import Counter
from dataclasses import dataclass, field

from deploy.local.demo.dataset import Credit, Sale


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An order that a service said it had taken."""

    customer_id: str
    customer_reference: str
    order_id: str


@dataclass
class Journal:
    """`acknowledged` feeds the invariants; `credited` says of every credit line what became of it."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)
    credited: dict[str, str] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    stuck: str | None = None

    def place(self, sale: Sale, order_id: str) -> None:
        self.acknowledged.append(Acknowledged(sale.owner, sale.invoice, order_id))
        self.placed[sale.invoice] = order_id
        self.sales[order_id] = sale

    def credit(self, credit: Credit, outcome: str) -> None:
        self.credited[credit.reference] = outcome

    def reference(self, order_id: str) -> str:
        """The invoice of an order; an order of an earlier run that nobody placed in this one is its own reference."""
        sale = self.sales.get(order_id)
        return sale.invoice if sale else order_id

    def consignee(self, order_id: str) -> str:
        sale = self.sales.get(order_id)
        return sale.consignee if sale else order_id
