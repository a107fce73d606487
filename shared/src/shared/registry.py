from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from shared.database import Transaction
from shared.events import Event, Topic
from shared.locks import Lock

E = TypeVar("E", bound=Event)
Handle = Callable[[Transaction, Sequence[E]], Awaitable[None]]
Rows = Callable[[Sequence[E]], Iterable[Lock]]


@dataclass(frozen=True)
class Handler:
    """A reaction to events: `run` gets a batch, at most one event a key unless `unordered`; `rows` says what it will lock."""

    types: tuple[type[Event], ...]
    run: Handle[Any]
    rows: Rows[Any] | None
    unordered: bool

    @property
    def name(self) -> str:
        return self.run.__name__

    @cached_property
    def names(self) -> frozenset[str]:
        """The types on the wire."""
        return frozenset(event.type for event in self.types)


class Handlers:
    """The subscription list of a service; reads like a table of contents in its `event_handlers.py`."""

    def __init__(self) -> None:
        self.all: list[Handler] = []
        self.types: set[str] = set()
        """The wire types that somebody here listens to."""

    def on(self, *types: type[E], rows: Rows[E] | None = None, unordered: bool = False) -> Callable[[Handle[E]], Handle[E]]:
        def register(run: Handle[E]) -> Handle[E]:
            self.all.append(Handler(types, run, rows, unordered))
            self.types |= {event.type for event in types}
            return run

        return register

    @property
    def topics(self) -> list[Topic]:
        return sorted({event.topic for handler in self.all for event in handler.types})


Fire = Callable[[Transaction, Sequence[str]], Awaitable[None]]


class Timers:
    """What a service does when a time comes: `fire` gets the subjects that are due and looks at their rows again."""

    def __init__(self) -> None:
        self.all: dict[str, Fire] = {}

    def on(self, kind: str) -> Callable[[Fire], Fire]:
        def register(fire: Fire) -> Fire:
            self.all[kind] = fire
            return fire

        return register
