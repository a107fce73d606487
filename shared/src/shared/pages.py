from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy import ColumnElement, Select, Table

from shared.reach import only_own, own_customer

T = TypeVar("T")
Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
Limit = Annotated[int, Field(ge=1, le=200)]


class Paging(BaseModel):
    """Query parameters of every collection: `after` is the `next` of the page before. Filters of a collection are added below.

    A filter by `customer_id` that a customer's key leaves out is its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[str | None, Field(max_length=200)] = None
    limit: Limit = 50
    only_own_customer = field_validator("customer_id", check_fields=False)(only_own)

    @model_validator(mode="before")
    @classmethod
    def own_by_default(cls, asked: Any) -> Any:  # whatever is parsed
        own = own_customer() if "customer_id" in cls.model_fields else None
        return {"customer_id": own, **asked} if own and isinstance(asked, dict) else asked


class IdPaging(Paging):
    """Of a collection whose key is an id."""

    after: UUID | None = None  # type: ignore[assignment]  # narrower than a text


class Page(BaseModel, Generic[T]):
    """A page in the order of its key; `next` is null on the last one."""

    items: list[T]
    next: str | None = None


def one_page(query: Q, key: ColumnElement[Any], paging: Paging) -> Q:
    """In the order of the key, behind the page before, and a row more than this one shows."""
    wanted = query.order_by(key).limit(paging.limit + 1)
    return wanted.where(key > paging.after) if paging.after else wanted


def equal(table: Table, wanted: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """By column; where nothing is wanted, anything will do."""
    return [table.c[name] == value for name, value in wanted.items() if value is not None]


def page(rows: Sequence[T], limit: int, key: Callable[[T], object]) -> Page[T]:
    """A page of rows as `one_page` finds them."""
    more = len(rows) > limit
    shown = list(rows[:limit])
    return Page(items=shown, next=str(key(shown[-1])) if more and shown else None)


Plain = Annotated[Paging, Query()]
