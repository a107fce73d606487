"""Pydantic's complaints in our words: where, and what. Never what was sent: it may be secret, or endless."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.errors import Fault, InvalidInput

MOST_FAULTS = 200
"""More of them help nobody."""
MOST_OF_ITEM = 50
_MOST_NAME = 80


class TooManyFaults(InvalidInput):
    def __init__(self, most: int = MOST_FAULTS) -> None:
        super().__init__(f"The input breaks more than {most} rules; they are not listed.")


def listed(complaints: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Of a body, pointed at from its root."""
    return [Fault(pointer_of(each["loc"]), sentence(each["msg"])) for each in complaints]


def sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def short(name: object) -> str:
    """A name that a caller has sent, as it can be shown."""
    text = str(name).encode("utf-8", "replace").decode()
    return text if len(text) <= _MOST_NAME else f"{text[:_MOST_NAME]}…"


def pointer_of(loc: tuple[Any, ...]) -> str:
    """A JSON pointer (RFC 6901) from pydantic's location of an error."""
    return "".join("/" + short(part).replace("~", "~0").replace("/", "~1") for part in loc)
