"""Selects of `queries.py` for those who have a transaction, which is not SQLAlchemy's."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect


def as_text(query: Select[*tuple[Any, ...]]) -> str:
    """As asyncpg takes it; its parameters are numbered as they stand in it."""
    return str(query.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's
