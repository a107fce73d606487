"""What a transaction writes at its end: rows gathered on the way, in one statement for all tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
from typing import Any

FEW = 4
"""Up to so many rows are written out as VALUES, value by value; an array for each column of them would cost three times as much."""


@dataclass(frozen=True, eq=False)
class Insert:
    """Where gathered rows go: `sql` reads them from `{rows}`, whose columns have these types; `then` may read what it returns by name."""

    name: str
    types: tuple[str, ...]
    sql: str
    then: str | None = None


Gathered = Mapping[Insert, Sequence[Sequence[Any]]]


def statement(gathered: Gathered) -> tuple[str, list[Any]]:
    """One statement that writes all of it, and its values."""
    values: list[Any] = []
    shape: list[tuple[Insert, int]] = []
    for insert, rows in gathered.items():
        if not rows:
            continue
        is_few = len(rows) <= FEW
        values += chain.from_iterable(rows) if is_few else map(list, zip(*rows, strict=True))
        shape.append((insert, len(rows) if is_few else 0))
    return _composed(tuple(shape)), values


@cache
def _composed(shape: tuple[tuple[Insert, int], ...]) -> str:
    parts: list[str] = []
    numbers = count(1)
    for insert, few in shape:
        rows = _written_out(insert.types, few, numbers) if few else f"unnest({arrays(insert.types, numbers)})"
        parts.append(f"{insert.name} AS ({insert.sql.format(rows=rows)})")
        parts += [f"{insert.name}_then AS ({insert.then})"] if insert.then else []
    return f"WITH {', '.join(parts)} SELECT"


def _written_out(types: Sequence[str], few: int, numbers: Iterable[int]) -> str:
    """`(VALUES ($1::uuid, $2::text), ($3::uuid, $4::text))`"""
    numbered = iter(numbers)
    rows = [", ".join(f"${next(numbered)}::{kind}" for kind in types) for _ in range(few)]
    return f"(VALUES {', '.join(f'({row})' for row in rows)})"


def arrays(types: Sequence[str], numbers: Iterable[int]) -> str:
    """`$1::text[], $2::int[]`"""
    return ", ".join(f"${number}::{kind}[]" for kind, number in zip(types, numbers, strict=False))


def lengths(gathered: Gathered) -> dict[Insert, int]:
    return {insert: len(rows) for insert, rows in gathered.items()}


def cut(gathered: dict[Insert, list[Sequence[Any]]], kept: Mapping[Insert, int]) -> None:
    """Forget the rows that came after `kept` was taken."""
    for insert, rows in gathered.items():
        del rows[kept.get(insert, 0) :]
