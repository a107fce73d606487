"""What a transaction writes at its end: rows gathered on the way, in one statement for all tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, islice
from typing import Any

FEW = 4
"""Up to so many rows are written out as VALUES, value by value; an array for each column of them would cost three times as much."""
MANY = 100
"""From so many rows on, a column that is the same in all of them is sent once."""


@dataclass(frozen=True, eq=False)
class Insert:
    """Where gathered rows go: `sql` reads them from `{rows}`, whose columns have these types; `then` may read what it returns by name."""

    name: str
    types: tuple[str, ...]
    sql: str
    then: str | None = None


Gathered = Mapping[Insert, Sequence[Sequence[Any]]]


Shape = tuple[Insert, int, tuple[bool, ...]]
"""Where rows go, how many they are where they are few, and which of their columns are sent once."""


def statement(gathered: Gathered) -> tuple[str, list[Any]]:
    """One statement that writes all of it, and its values."""
    values: list[Any] = []
    shapes: list[Shape] = []
    for insert, rows in gathered.items():
        if len(rows) > FEW:
            columns = list(map(list, zip(*rows, strict=True)))
            same = _sent_once(columns)
            values += [column[0] if once else column for column, once in zip(columns, same, strict=True)]
            shapes.append((insert, 0, same))
        elif rows:
            values += chain.from_iterable(rows)
            shapes.append((insert, len(rows), ()))
    return _composed(tuple(shapes)), values


def _sent_once(columns: list[list[Any]]) -> tuple[bool, ...]:
    """Never all of them: something has to say how many rows there are."""
    same = tuple(map(_is_same, columns)) if len(columns[0]) >= MANY else ()
    return (False,) * len(columns) if all(same) else same


def _is_same(column: list[Any]) -> bool:
    first = column[0]
    return bool(first == column[-1]) and column.count(first) == len(column)


@lru_cache(1024)
def _composed(shapes: tuple[Shape, ...]) -> str:
    parts: list[str] = []
    numbers = count(1)
    for insert, few, same in shapes:
        rows = _written_out(insert.types, few, numbers) if few else _unnested(insert.types, same, numbers)
        parts.append(f"{insert.name} AS ({insert.sql.format(rows=rows)})")
        parts += [f"{insert.name}_then AS ({insert.then})"] if insert.then else []
    return f"WITH {', '.join(parts)} SELECT"


def _unnested(types: Sequence[str], same: Sequence[bool], numbers: Iterable[int]) -> str:
    """`unnest($1::text[], $2::int[])`, or `(SELECT c0, $2::int FROM unnest($1::text[]) AS many (c0))` where a column is sent once."""
    numbered = list(islice(numbers, len(types)))
    if not any(same):
        return f"unnest({arrays(types, numbered)})"
    columns = [f"${number}::{kind}" if once else f"c{number}" for number, kind, once in zip(numbered, types, same, strict=True)]
    many = [(number, kind) for number, kind, once in zip(numbered, types, same, strict=True) if not once]
    names = ", ".join(f"c{number}" for number, _ in many)
    return f"(SELECT {', '.join(columns)} FROM unnest({arrays([kind for _, kind in many], [n for n, _ in many])}) AS many ({names}))"


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
