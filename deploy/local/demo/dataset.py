"""What the rows of the file mean: orders, credits, and rows that can be neither. Pure; nothing is dropped silently.

rows = lines of orders + credit lines + reported rows; invoices = orders + credit invoices + reported invoices.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from deploy.local.demo.judgement import credit_reason, goods_reason, is_credit
from deploy.local.demo.rows import Row, digest

CASH = "CASH"
LINES_AT_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    line_no: int
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice that is an order."""

    invoice: str
    owner: str
    consignee: str
    country: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """A line of a credit invoice. `sale` is the last invoice before it of the same consignee with the same item, if there is one."""

    reference: str
    invoice: str
    owner: str
    consignee: str
    sku: str
    quantity: int
    sale: str | None
    line_no: int | None


@dataclass(frozen=True, slots=True)
class Reported:
    """A row that can be neither the line of an order nor of a credit."""

    row: Row
    reason: str


@dataclass(frozen=True)
class Plan:
    """Everything there is to play; `steps` are sales and groups of credit lines (one invoice each), in the order of the invoices."""

    name: str
    rows: int
    invoices: int
    sales: tuple[Sale, ...]
    credits: tuple[Credit, ...]
    reported: tuple[Reported, ...]
    steps: tuple[Sale | tuple[Credit, ...], ...]
    descriptions: Mapping[tuple[str, str], str]

    @property
    def owners(self) -> list[str]:
        return sorted({owner for owner, _ in self.descriptions})

    @cached_property
    def demand(self) -> Counter[tuple[str, str]]:
        """Units ordered of each (owner, sku)."""
        wanted: Counter[tuple[str, str]] = Counter()
        for sale in self.sales:
            for line in sale.lines:
                wanted[sale.owner, line.sku] += line.quantity
        return wanted

    @property
    def lines(self) -> int:
        return sum(len(sale.lines) for sale in self.sales)

    @property
    def credit_invoices(self) -> int:
        return len({credit.invoice for credit in self.credits})

    @property
    def reported_invoices(self) -> int:
        """Invoices of which every row is reported."""
        played = {sale.invoice for sale in self.sales} | {credit.invoice for credit in self.credits}
        return len({reported.row.invoice for reported in self.reported} - played)

    @property
    def adds_up(self) -> bool:
        rows = self.lines + len(self.credits) + len(self.reported)
        return self.rows == rows and self.invoices == len(self.sales) + self.credit_invoices + self.reported_invoices


def owner_of(country: str) -> str:
    """The code of the customer that owns the goods sold to a country."""
    return f"OR-{' '.join(country.replace('/', ' ').split()) or 'Unspecified'}"[:40].strip()


def first_invoices(rows: Sequence[Row], count: int | None) -> list[Row]:
    """All rows of the first invoices, by their first dates; None means all."""
    chosen = set(list(_by_invoice(rows))[:count])
    return [row for row in rows if row.invoice in chosen]


def plan(rows: Sequence[Row]) -> Plan:
    """Judge every row and put the invoices in the order of their first dates."""
    draft = _Draft()
    invoices = _by_invoice(rows)
    for invoice in invoices.values():
        draft.credit(invoice) if is_credit(invoice[0].invoice) else draft.sale(invoice)
    return Plan(
        name=digest(rows),
        rows=len(rows),
        invoices=len(invoices),
        sales=tuple(step for step in draft.steps if isinstance(step, Sale)),
        credits=tuple(credit for step in draft.steps if isinstance(step, tuple) for credit in step),
        reported=tuple(sorted(draft.reported, key=lambda reported: reported.row.number)),
        steps=tuple(draft.steps),
        descriptions=draft.descriptions,
    )


def _by_invoice(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.invoice, []).append(row)
    return dict(sorted(found.items(), key=lambda item: (min(row.invoiced_at for row in item[1]), item[1][0].number)))


class _Draft:
    """What is known after the invoices judged so far."""

    def __init__(self) -> None:
        self.steps: list[Sale | tuple[Credit, ...]] = []
        self.reported: list[Reported] = []
        self.descriptions: dict[tuple[str, str], str] = {}
        self._sold: dict[tuple[str, str, str], tuple[str, int]] = {}

    def sale(self, rows: Sequence[Row]) -> None:
        owner, consignee = owner_of(rows[0].country), _consignee(rows[0])
        lines: list[Line] = []
        for row in rows:
            if reason := goods_reason(row) or _unlike(row, rows[0]) or _too_many(lines):
                self.reported.append(Reported(row, reason))
                continue
            lines.append(Line(len(lines) + 1, row.stock_code, int(row.quantity)))
            self.descriptions.setdefault((owner, row.stock_code), row.description.strip())
            self._sold[owner, consignee, row.stock_code] = (row.invoice, len(lines))
        if lines:
            self.steps.append(Sale(rows[0].invoice, owner, consignee, rows[0].country, tuple(lines)))

    def credit(self, rows: Sequence[Row]) -> None:
        lines: list[Credit] = []
        for number, row in enumerate(rows, 1):
            if reason := credit_reason(row):
                self.reported.append(Reported(row, reason))
            else:
                lines.append(self._credit_line(row, number))
        if lines:
            self.steps.append(tuple(lines))

    def _credit_line(self, row: Row, number: int) -> Credit:
        owner, consignee = owner_of(row.country), _consignee(row)
        sale, line_no = self._sold.get((owner, consignee, row.stock_code), (None, None))
        self.descriptions.setdefault((owner, row.stock_code), row.description.strip() or row.stock_code)
        reference = f"{row.invoice}-{number}"
        return Credit(reference, row.invoice, owner, consignee, row.stock_code, -int(row.quantity), sale, line_no)


def _consignee(row: Row) -> str:
    return row.consignee.strip() or CASH


def _unlike(row: Row, first: Row) -> str | None:
    same = (row.country, row.consignee) == (first.country, first.consignee)
    return None if same else "another consignee or country than the rest of its invoice"


def _too_many(lines: Sequence[Line]) -> str | None:
    return f"beyond {LINES_AT_MOST} lines of one order" if len(lines) >= LINES_AT_MOST else None
