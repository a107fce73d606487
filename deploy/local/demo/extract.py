"""Makes the extract that this repository ships: `python -m deploy.local.demo.extract FILE`, deterministic, whole invoices only."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from deploy.local.demo.dataset import CASH, Plan, Sale, plan
from deploy.local.demo.rows import Row, read_rows, write_rows

SHIPPED = Path(__file__).parent / "data/online-retail-extract.csv.gz"
INVOICES = 420
SHARES = {"credits of an order": 0.07, "credits without an order": 0.02, "rows that are neither": 0.06, "abroad": 0.12, "cash": 0.1}
"""Of the invoices taken; the rest are spread evenly over the other invoices."""


def extract(rows: Sequence[Row], invoices: int = INVOICES) -> list[Row]:
    """Whole invoices in the order of the file, with every kind of thing that the file has."""
    whole = plan(rows)
    chosen = {name for names in _kinds(whole, invoices) for name in names}
    chosen |= {credit.sale for credit in whole.credits if credit.sale and credit.invoice in chosen}
    rest = [sale.invoice for sale in whole.sales if sale.invoice not in chosen]
    chosen |= set(_spread(rest, invoices - len(chosen)))
    return [row for row in rows if row.invoice in chosen]


def _kinds(whole: Plan, invoices: int) -> Iterator[Iterable[str]]:
    count = {kind: int(invoices * share) for kind, share in SHARES.items()}
    yield _spread(_unique(credit.invoice for credit in whole.credits if credit.sale), count["credits of an order"])
    yield _spread(_unique(credit.invoice for credit in whole.credits if not credit.sale), count["credits without an order"])
    yield _spread(_unique(reported.row.invoice for reported in whole.reported), count["rows that are neither"])
    yield _spread([sale.invoice for sale in whole.sales if sale.consignee == CASH], count["cash"])
    yield islice(_abroad(whole.sales), count["abroad"])


def _abroad(sales: Iterable[Sale]) -> Iterator[str]:
    """The smaller countries take turns."""
    by_country: dict[str, list[str]] = {}
    for sale in sales:
        by_country.setdefault(sale.country, []).append(sale.invoice)
    largest = max(by_country, key=lambda country: len(by_country[country]))
    for turn in range(max(map(len, by_country.values()))):
        yield from (names[turn] for country, names in sorted(by_country.items()) if country != largest and turn < len(names))


def _spread(names: Sequence[str], count: int) -> list[str]:
    """So many of them, evenly."""
    return [names[place * len(names) // count] for place in range(count)] if count < len(names) else list(names)


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    write_rows(SHIPPED, extract(read_rows(Path(sys.argv[1]))))
