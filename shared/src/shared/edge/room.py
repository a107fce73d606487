"""How much of what callers send lies in memory at once, and what is given back when a request has left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

HELD_AT_LEAST = 16 * 1024 * 1024
"""Bytes of bodies that this process holds at once, or of two of the largest."""
SMALL = 16 * 1024
"""There is always room for a body that is no larger: it never has to give way."""


@dataclass(frozen=True, slots=True)
class Most:
    """How large a body may be: each, and at the paths that take larger ones."""

    each: int
    larger: Mapping[str, int] = field(default_factory=dict)

    def of(self, path: str) -> int:
        return self.larger.get(path, self.each)

    @property
    def largest(self) -> int:
        return max(self.each, *self.larger.values()) if self.larger else self.each


class Room:
    """Bytes of bodies, counted from their arrival until their request has left."""

    def __init__(self, most_body: int) -> None:
        self.most, self.held = max(HELD_AT_LEAST, 2 * most_body), 0

    @property
    def is_full(self) -> bool:
        return self.held > self.most


class Held:
    """What is held of one body. What is given back is not taken again, even if more of it arrives."""

    __slots__ = ("_is_over", "_room", "size")

    def __init__(self, room: Room) -> None:
        self._room, self.size, self._is_over = room, 0, False

    def take(self, size: int) -> None:
        if not self._is_over:
            self.size += size
            self._room.held += size

    def give_back(self) -> None:
        self._room.held -= self.size
        self.size, self._is_over = 0, True


def when_answered(scope: Mapping[str, Any], do: Callable[[], None]) -> None:
    """As soon as the answer begins, however slowly it is taken; at the latest when the request has left."""
    scope["state"].setdefault("answered", []).append(do)


def answered(scope: Mapping[str, Any]) -> None:
    for do in scope["state"].pop("answered", ()):
        do()


def when_gone(scope: Mapping[str, Any], give_back: Callable[[], None]) -> None:
    scope["state"].setdefault("given_back", []).append(give_back)


def give_back_all(scope: Mapping[str, Any]) -> None:
    """The request has left: nothing that was learned about it is kept, though its connection may wait for the next."""
    answered(scope)
    taken = scope["state"].pop("given_back", ())
    scope["state"].clear()
    for give_back in taken:
        give_back()
