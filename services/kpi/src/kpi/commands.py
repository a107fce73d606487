from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final, get_type_hints
from uuid import UUID

from shared.database import Transaction, columns
from sqlalchemy import ARRAY, Column, Table
from sqlalchemy.dialects import postgresql

from kpi.facts import CaseFact, Facts, LineFact, Merge, Move, OrderFact
from kpi.models import case_facts, line_facts, order_facts

Fact = OrderFact | LineFact | CaseFact
SEPARATOR = "/"
"""No code contains it, so that a set of codes travels as one text."""


class Upsert:
    """One statement that adds any number of facts of a kind to its table."""

    def __init__(self, table: Table, fact: type[Fact]) -> None:
        self.table = table
        self.names: Final = [each.name for each in fields(fact)]
        self.sets: Final = [name for name in self.names if isinstance(table.c[name].type, ARRAY)]
        merges = {name: hint.__metadata__[0] for name, hint in get_type_hints(fact, include_extras=True).items() if _merge(hint)}
        self.sql = _upsert(table, self.names, merges)

    async def write(self, tx: Transaction, facts: Sequence[Fact]) -> None:
        """The facts stand in the order of their keys, so that two workers wait for each other but never both ways."""
        if facts:
            await tx.execute(self.sql, *columns([self._row(fact) for fact in facts], len(self.names)))

    def _row(self, fact: Fact) -> list[Any]:
        return [SEPARATOR.join(sorted(getattr(fact, name))) if name in self.sets else getattr(fact, name) for name in self.names]


def _merge(hint: Any) -> bool:
    return bool(getattr(hint, "__metadata__", ()))


def _upsert(table: Table, names: Sequence[str], merges: dict[str, Merge]) -> str:
    keys = ", ".join(column.name for column in table.primary_key)
    values = ", ".join(_value(table.c[name]) for name in names)
    sets = ", ".join(f"{name} = {merge.value.format(name=name)}" for name, merge in merges.items())
    arrays = ", ".join(f"${nth}::{_sent_as(table.c[name])}[]" for nth, name in enumerate(names, 1))
    return (
        f"INSERT INTO {table.name} AS f ({', '.join(names)}) SELECT {values} FROM unnest({arrays}) AS v({', '.join(names)})"
        f" ON CONFLICT ({keys}) DO UPDATE SET {sets}"
    )


def _sent_as(column: Column[Any]) -> str:
    return "text" if isinstance(column.type, ARRAY) else str(column.type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def _value(column: Column[Any]) -> str:
    return f"string_to_array(v.{column.name}, '{SEPARATOR}')" if isinstance(column.type, ARRAY) else f"v.{column.name}"


ORDERS = Upsert(order_facts, OrderFact)
LINES = Upsert(line_facts, LineFact)
CASES = Upsert(case_facts, CaseFact)


_MOVE = """
UPDATE order_facts SET promised_earliest = m.earliest, promised_latest = m.latest
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) AS m (order_id, at, earliest, latest)
WHERE order_facts.order_id = m.order_id AND m.at < promised_latest
"""
"""The original promise counts, unless the customer wished for another before that one had ended."""


def in_turn(moves: Sequence[Move]) -> list[list[Move]]:
    """The first of every order, then the second, ..."""
    turns: list[list[Move]] = []
    before: Counter[UUID] = Counter()
    for move in moves:
        turn = before[move.order_id]
        before[move.order_id] += 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(move)
    return turns


async def add_facts(tx: Transaction, facts: Facts) -> None:
    """Add what a batch of events said to what is known, one statement a table."""
    await ORDERS.write(tx, [facts.orders[key] for key in sorted(facts.orders)])
    for moves in in_turn(facts.moves):
        await tx.execute(
            _MOVE, *columns(sorted((move.order_id, move.at, move.promised.earliest, move.promised.latest) for move in moves), 4)
        )
    await LINES.write(tx, [facts.lines[key] for key in sorted(facts.lines)])
    await CASES.write(tx, [facts.cases[key] for key in sorted(facts.cases)])
