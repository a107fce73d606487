"""A transaction locks once, everything it may touch, in one order for all: so two transactions wait, but never for each other."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.database import Transaction


class Key(Protocol):
    """Anything that can be sorted and hashed: a UUID, a text, a tuple of them."""

    def __lt__(self, other: Any, /) -> bool: ...
    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Lockable:
    """A table whose rows are locked by `take` with sorted keys; tables of a lower rank are locked first."""

    name: str
    rank: int
    take: Callable[[Transaction, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lock:
    table: Lockable
    key: Key


async def lock(tx: Transaction, locks: Iterable[Lock]) -> None:
    """Take all locks, one statement a table, in rank and key order. Keys that have no row lock nothing."""
    wanted: defaultdict[Lockable, set[Key]] = defaultdict(set)
    for one in locks:
        wanted[one.table].add(one.key)
    for table in sorted(wanted, key=lambda table: (table.rank, table.name)):
        await table.take(tx, sorted(wanted[table]))


def rows_of(name: str, rank: int, column: str, kind: str) -> Lockable:
    """The usual table: one key column of the PostgreSQL type `kind`."""
    statement = f"SELECT FROM {name} WHERE {column} = ANY($1::{kind}[]) ORDER BY {column} FOR UPDATE"

    async def take(tx: Transaction, keys: Sequence[Any]) -> None:
        await tx.execute(statement, list(keys))

    return Lockable(name, rank, take)
