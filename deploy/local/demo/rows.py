"""The file of the Online Retail data set, row by row, as it is."""

import csv
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file; `number` is its place in it, the first after the header is 1. Nothing is judged yet: all are texts."""

    number: int
    invoice: str
    stock_code: str
    description: str
    quantity: str
    invoiced_at: str
    unit_price: str
    consignee: str
    country: str


def read_rows(file: Path) -> list[Row]:
    """Every row of a .csv or .csv.gz."""
    with _opened(file) as text:
        return list(rows_of(text))


def rows_of(lines: Iterable[str]) -> Iterator[Row]:
    """Missing columns at the end of a row are empty; a header of other columns is a ValueError."""
    reader = csv.reader(lines)
    if tuple(next(reader, ())) != COLUMNS:
        raise ValueError(f"The first line must name the columns {', '.join(COLUMNS)}.")
    for number, cells in enumerate(reader, 1):
        cells += [""] * (len(COLUMNS) - len(cells))
        yield Row(number, *cells[: len(COLUMNS)])


def write_rows(file: Path, rows: Iterable[Row]) -> None:
    """The same rows give the same bytes: the time of day is not part of the archive."""
    with file.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write((",".join(COLUMNS) + "\n").encode())
        for row in rows:
            packed.write(_line(row).encode())


def digest(rows: Iterable[Row]) -> str:
    """A short name of exactly these rows."""
    return hashlib.sha256("".join(map(_line, rows)).encode()).hexdigest()[:8]


def _line(row: Row) -> str:
    cells = (row.invoice, row.stock_code, row.description, row.quantity, row.invoiced_at, row.unit_price, row.consignee, row.country)
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell for cell in cells]
    return ",".join(quoted) + "\n"


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")
