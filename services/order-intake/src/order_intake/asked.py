"""What the messages of a body ask for, each with its place."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeVar
from uuid import UUID

from order_intake.documents.ordering import Ordered
from order_intake.partners import Partner
from order_intake.taken import Deed

Place = tuple[int, int]
"""Which interchange of the body, and which message of it."""
Deeds = dict[Place, Deed]
T = TypeVar("T")
LINES_AT_ONCE = 2000
"""So many are worked on without letting others do their work in between."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one message asks for."""

    at: Place
    partner: Partner
    ordered: Ordered

    @property
    def size(self) -> int:
        """How many lines it has."""
        return len(self.ordered.document.lines)

    @property
    def reference(self) -> tuple[str, str]:
        return self.partner.customer_id, self.ordered.facts.number


class There(NamedTuple):
    """An order that a document speaks of."""

    order_id: UUID
    key_id: str | None
    is_erased: bool


def portions(things: Iterable[T], lines: Callable[[T], int], most: int = LINES_AT_ONCE) -> Iterator[list[T]]:
    """In order, so many lines at a time: in between others can be served."""
    some: list[T] = []
    counted = 0
    for each in things:
        some.append(each)
        counted += lines(each)
        if counted >= most:
            yield some
            some, counted = [], 0
    if some:
        yield some


def by_partner(asked: Sequence[Asked]) -> Iterator[tuple[Partner, list[Asked]]]:
    for _, each in groupby(sorted(asked, key=lambda one: (one.partner.code, one.at)), lambda one: one.partner.code):
        group = list(each)
        yield group[0].partner, group
