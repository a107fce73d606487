"""What a customer's key reads is filtered here, whatever a query forgot; the policies of the database filter it once more."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Connection, FromClause, Join, Select, Table, TextClause, event
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.visitors import cloned_traverse


class NotConfined(RuntimeError):
    """A query of ours, written as a text, would show a customer everybody's rows."""


def confine(connection: AsyncConnection, customer_id: str) -> None:
    """From now on every select on this connection finds rows of this customer only; a text has to bind `:customer_id` itself."""

    def narrow(_: Connection, statement: ClauseElement, many: Any, values: Mapping[str, Any], __: Any) -> tuple[ClauseElement, Any, Any]:
        if isinstance(statement, TextClause):
            _check(statement, {**(many[0] if many else {}), **values}, customer_id)
            return statement, many, values
        return cloned_traverse(statement, {}, {"select": partial(_narrow, customer_id)}), many, values

    event.listen(connection.sync_connection, "before_execute", narrow, retval=True)


def _check(statement: TextClause, values: Mapping[str, Any], customer_id: str) -> None:
    if "customer_id" not in statement._bindparams or values.get("customer_id") != customer_id:
        raise NotConfined(str(statement))


def _narrow(customer_id: str, select: Select[Any]) -> None:
    conditions = [each for source in select.get_final_froms() for each in _of(source, customer_id)]
    select.where.non_generative(select, *conditions)  # type: ignore[attr-defined]  # the copy that is being made


def _of(source: FromClause, customer_id: str, is_outer: bool = False) -> Iterator[ColumnElement[bool]]:
    """What the rows of a source must fulfil; of an outer join's other side there may be none."""
    if isinstance(source, Join):
        yield from _of(source.left, customer_id, is_outer)
        yield from _of(source.right, customer_id, is_outer or source.isouter)
    elif isinstance(getattr(source, "element", source), Table) and "customer_id" in source.c:
        column = source.c.customer_id
        yield (column == customer_id) | column.is_(None) if is_outer else column == customer_id
