"""The small words that timeline entries are put together from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.events import By


class Counted(Protocol):
    @property
    def quantity(self) -> int: ...


class Placed(Protocol):
    @property
    def warehouse(self) -> str: ...


def sum_of(lines: Sequence[Counted]) -> str:
    return f"{counted(len(lines), 'line')}, {counted(sum(line.quantity for line in lines), 'unit')}"


def counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def listed(shown: Sequence[str], count: int) -> str:
    rest = f" and {count - len(shown)} more" if count > len(shown) else ""
    return ", ".join(shown) + rest


def places(picks: Sequence[Placed]) -> str:
    return " and ".join(sorted({pick.warehouse for pick in picks}))


def time_of(at: datetime) -> str:
    return f"{at.isoformat(' ', 'minutes')[:16]} UTC"


def who(by: By) -> str:
    return "the customer" if by is By.CUSTOMER else "us"


def because(reason: str) -> str:
    return f": {plain(reason)}" if reason else ""


def plain(code: str) -> str:
    return code.replace("_", " ")


def more_follow(more: bool) -> str:
    return " (more lines follow)" if more else ""
