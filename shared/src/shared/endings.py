"""What a transaction writes at its end: rows gathered on the way, in one statement for all tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Insert:
    """Where gathered rows go: `sql` takes `width` arrays, `$1` on, as `unnest` does; `then` may read what it returns under its name."""

    name: str
    width: int
    sql: str
    then: str | None = None


Gathered = Mapping[Insert, Sequence[Sequence[Any]]]


def statement(gathered: Gathered) -> tuple[str, list[list[Any]]]:
    """One statement that writes all of it, and its values."""
    inserts = tuple(insert for insert, rows in gathered.items() if rows)
    return _composed(inserts), [list(column) for insert in inserts for column in zip(*gathered[insert], strict=True)]


@cache
def _composed(inserts: tuple[Insert, ...]) -> str:
    parts: list[str] = []
    taken = 0
    for insert in inserts:
        parts.append(f"{insert.name} AS ({_shifted(insert.sql, taken)})")
        parts += [f"{insert.name}_then AS ({insert.then})"] if insert.then else []
        taken += insert.width
    return f"WITH {', '.join(parts)} SELECT"


def _shifted(sql: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda match: f"${int(match[1]) + by}", sql)


def lengths(gathered: Gathered) -> dict[Insert, int]:
    return {insert: len(rows) for insert, rows in gathered.items()}


def cut(gathered: dict[Insert, list[Sequence[Any]]], kept: Mapping[Insert, int]) -> None:
    """Forget the rows that came after `kept` was taken."""
    for insert, rows in gathered.items():
        del rows[kept.get(insert, 0) :]


def arrays(columns: Iterable[str]) -> str:
    """`$1::text[], $2::int[]` for the PostgreSQL types of the columns."""
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns, 1))
