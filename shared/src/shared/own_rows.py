"""What a customer's key reads is filtered here, whatever a query forgot; the policies of the database filter it once more."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Connection, FromClause, Join, Select, Table, Text, TextClause, bindparam, event
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

_OWN = "own_customer"
_own = bindparam(_OWN, type_=Text())


class NotConfined(RuntimeError):
    """A query of ours, written as a text, would show a customer everybody's rows."""


def confine(connection: AsyncConnection, customer_id: str) -> None:
    """From now on every select on this connection finds rows of this customer only; a text has to bind `:customer_id` itself."""

    def hand_over(_: Connection, statement: ClauseElement, many: Any, values: Mapping[str, Any], __: Any) -> tuple[ClauseElement, Any, Any]:
        if isinstance(statement, TextClause):
            _check(statement, {**(many[0] if many else {}), **values}, customer_id)
            return statement, many, values
        return statement, [{**each, _OWN: customer_id} for each in many], values if many else {**values, _OWN: customer_id}

    event.listen(connection.sync_connection, "before_execute", hand_over, retval=True)


def _check(statement: TextClause, values: Mapping[str, Any], customer_id: str) -> None:
    if "customer_id" not in statement._bindparams or values.get("customer_id") != customer_id:
        raise NotConfined(str(statement))


@compiles(Select)
def _narrowed(select: Select[Any], compiler: SQLCompiler, **options: Any) -> str:
    """Where a customer's id is handed over, SQL is made with it; SQLAlchemy keeps that SQL apart from the one without."""
    if _OWN in (compiler.column_keys or ()):
        select = select.where(*[each for source in select.get_final_froms() for each in _of(source)])
    return str(compiler.visit_select(select, **options))  # type: ignore[no-untyped-call]  # SQLAlchemy's


def _of(source: FromClause, is_outer: bool = False) -> Iterator[ColumnElement[bool]]:
    """What the rows of a source must fulfil; of an outer join's other side there may be none."""
    if isinstance(source, Join):
        yield from _of(source.left, is_outer)
        yield from _of(source.right, is_outer or source.isouter)
    elif isinstance(getattr(source, "element", source), Table) and "customer_id" in source.c:
        column = source.c.customer_id
        yield (column == _own) | column.is_(None) if is_outer else column == _own
