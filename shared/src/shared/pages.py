from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Limit = Annotated[int, Field(ge=1, le=200)]


class Paging(BaseModel):
    """Query parameters of every collection: `after` is the `next` of the page before. Filters of a collection are added below."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[str | None, Field(max_length=200)] = None
    limit: Limit = 50


class Page(BaseModel, Generic[T]):
    """A page in the order of its key; `next` is null on the last one."""

    items: list[T]
    next: str | None = None


def page(rows: Sequence[T], limit: int, key: Callable[[T], object]) -> Page[T]:
    """A page of rows that were read with `limit + 1`."""
    more = len(rows) > limit
    shown = list(rows[:limit])
    return Page(items=shown, next=str(key(shown[-1])) if more and shown else None)


Plain = Annotated[Paging, Query()]
