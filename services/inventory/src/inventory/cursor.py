"""Where a page begins: the key of the last thing before it, its parts joined by slashes, which no key contains."""

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from shared.bodies import Code
from shared.errors import Fault, InvalidInput
from shared.pages import Paging
from sqlalchemy import Column, ColumnElement, Select, bindparam, tuple_

KeyPart = str | UUID | int
_PARTS: dict[type, TypeAdapter[KeyPart]] = {
    str: TypeAdapter(Code),
    UUID: TypeAdapter(UUID),
    int: TypeAdapter(Annotated[int, Field(ge=0, lt=2**63)]),
}
Keys = Sequence[Column[str] | Column[UUID] | Column[int]]


Q = TypeVar("Q", bound=Select[*tuple[object, ...]])


def one_page(query: Q, keys: Keys, paging: Paging) -> Q:
    """One row more than the page holds, in the order of the keys, after where the page before ended."""
    if paging.after is not None:
        query = query.where(tuple_(*keys) > tuple_(*_place(paging.after, keys)))
    return query.order_by(*keys).limit(paging.limit + 1)


def _place(after: str, keys: Keys) -> list[ColumnElement[KeyPart]]:
    parts = after.split("/")
    try:
        if len(parts) != len(keys):
            raise ValueError(after)
        values = [_PARTS[key.type.python_type].validate_python(part) for key, part in zip(keys, parts, strict=True)]
    except (ValidationError, ValueError) as wrong:
        raise InvalidInput("There is no such page.", [Fault("?after", "must be the `next` of the page before")]) from wrong
    return [bindparam(None, value, key.type) for key, value in zip(keys, values, strict=True)]
