"""What a transaction writes at its end: rows gathered on the way, in one statement for all tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
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


class Sent(Enum):
    """How a column of rows travels: an array, one value that all of them have, or a text with all of them."""

    ARRAY = 0
    ONCE = 1
    TEXT = 2


SEPARATOR, NULL = "\x1f", "\x1e"
TEXTS = frozenset({"text", "uuid", "int", "jsonb"})
"""Many of them are written as one text in a third of the time: the driver looks at each value of an array three times."""
Shape = tuple[Insert, int, tuple[Sent, ...]]
"""Where rows go, how many they are where they are few, and how their columns travel."""


def statement(gathered: Gathered) -> tuple[str, list[Any]]:
    """One statement that writes all of it, and its values."""
    values: list[Any] = []
    shapes: list[Shape] = []
    for insert, rows in gathered.items():
        if len(rows) > FEW:
            sent, sending = _sent(insert.types, list(map(list, zip(*rows, strict=True))))
            values += sending
            shapes.append((insert, 0, sent))
        elif rows:
            values += chain.from_iterable(rows)
            shapes.append((insert, len(rows), ()))
    return _composed(tuple(shapes)), values


def _sent(types: Sequence[str], columns: list[list[Any]]) -> tuple[tuple[Sent, ...], list[Any]]:
    """Never all of them once: something has to say how many rows there are."""
    if len(columns[0]) < MANY:
        return (Sent.ARRAY,) * len(columns), columns
    same = [_is_same(column) for column in columns]
    found = [_one_sent(kind, column, once=once and not all(same)) for kind, column, once in zip(types, columns, same, strict=True)]
    return tuple([how for how, _ in found]), [value for _, value in found]


def _one_sent(kind: str, column: list[Any], *, once: bool) -> tuple[Sent, Any]:
    if once:
        return Sent.ONCE, column[0]
    text = _as_text(column, is_text=kind in ("text", "jsonb")) if kind in TEXTS else None
    return (Sent.ARRAY, column) if text is None else (Sent.TEXT, text)


def _as_text(column: list[Any], *, is_text: bool) -> str | None:
    """None where a value holds what would separate it from others."""
    words = column if is_text else list(map(str, column))
    nulls = column.count(None)
    if nulls:
        words = [NULL if value is None else word for value, word in zip(column, words, strict=True)]
    text = SEPARATOR.join(words)
    return text if text.count(SEPARATOR) == len(column) - 1 and text.count(NULL) == nulls else None


def _is_same(column: list[Any]) -> bool:
    first = column[0]
    return bool(first == column[-1]) and column.count(first) == len(column)


@lru_cache(1024)
def _composed(shapes: tuple[Shape, ...]) -> str:
    parts: list[str] = []
    numbers = count(1)
    for insert, few, sent in shapes:
        rows = _written_out(insert.types, few, numbers) if few else _unnested(insert.types, sent, numbers)
        parts.append(f"{insert.name} AS ({insert.sql.format(rows=rows)})")
        parts += [f"{insert.name}_then AS ({insert.then})"] if insert.then else []
    return f"WITH {', '.join(parts)} SELECT"


def _unnested(types: Sequence[str], sent: Sequence[Sent], numbers: Iterable[int]) -> str:
    """`unnest($1::text[], $2::int[])`, or `(SELECT c0, $2::int FROM unnest($1::text[]) AS many (c0))` where a column is sent once."""
    columns = list(zip(islice(numbers, len(types)), types, sent, strict=False))
    many = [(number, _array(number, kind, how)) for number, kind, how in columns if how is not Sent.ONCE]
    unnested = f"unnest({', '.join(array for _, array in many)})"
    if len(many) == len(columns):
        return unnested
    selected = [f"${number}::{kind}" if how is Sent.ONCE else f"c{number}" for number, kind, how in columns]
    return f"(SELECT {', '.join(selected)} FROM {unnested} AS many ({', '.join(f'c{number}' for number, _ in many)}))"


def _array(number: int, kind: str, how: Sent) -> str:
    return f"${number}::{kind}[]" if how is Sent.ARRAY else f"string_to_array(${number}::text, E'\\x1f', E'\\x1e')::{kind}[]"


def _written_out(types: Sequence[str], few: int, numbers: Iterable[int]) -> str:
    """`(VALUES ($1::uuid, $2::text), ($3::uuid, $4::text))`"""
    numbered = iter(numbers)
    rows = [", ".join(f"${next(numbered)}::{kind}" for kind in types) for _ in range(few)]
    return f"(VALUES {', '.join(f'({row})' for row in rows)})"


def lengths(gathered: Gathered) -> dict[Insert, int]:
    return {insert: len(rows) for insert, rows in gathered.items()}


def cut(gathered: dict[Insert, list[Sequence[Any]]], kept: Mapping[Insert, int]) -> None:
    """Forget the rows that came after `kept` was taken."""
    for insert, rows in gathered.items():
        del rows[kept.get(insert, 0) :]
