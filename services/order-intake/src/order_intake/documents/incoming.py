"""What a partner asks for, the same for both syntaxes: to place, change or cancel an order. As it was said, not judged yet."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar, cast

from order_intake.documents.facts import Item, Place, Reference
from order_intake.edi import Content, Loop, Segment


class Action(StrEnum):
    PLACE = "place"
    CHANGE = "change"
    CANCEL = "cancel"


class LineWish(StrEnum):
    """What is wished of a line. `more` and `less` say which way its quantity goes; `replace`: the line may become another item."""

    ADD = "add"
    DELETE = "delete"
    SET = "set"
    MORE = "more"
    LESS = "less"
    REPLACE = "replace"
    KEEP = "keep"
    OTHER = "other"


class AskedLine(NamedTuple):
    """`price` is that of one unit, as it was said. `said` is the code that led to `wish`, empty where none was given; `counts`: `number`
    only counts the lines of the document, it need not be that of the order's line."""

    number: str
    quantity: str
    unit: str
    items: tuple[Item, ...]
    price: str = ""
    wish: LineWish = LineWish.SET
    said: str = ""
    counts: bool = False


class Consignee(NamedTuple):
    """Where the goods go; empty where it was not said."""

    qualifier: str = ""
    code: str = ""
    name: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""

    @property
    def has_address(self) -> bool:
        return bool(self.street or self.city or self.postal_code)


class IncomingDocument(NamedTuple):
    """`number` is the order's. A change or cancellation may have a number of its own. Days are YYYYMMDD; `purpose` is the code that
    led to `action`. `is_whole`: a change that says all lines of the order as they shall be."""

    type: str
    action: Action
    purpose: str
    number: str
    own_number: str = ""
    dated_on: str = ""
    earliest_on: str = ""
    latest_on: str = ""
    consignee: Consignee | None = None
    lines: tuple[AskedLine, ...] = ()
    places: tuple[Place, ...] = ()
    references: tuple[Reference, ...] = ()
    purchase_order: str = ""
    link: str = ""
    master_reference: str = ""
    is_whole: bool = False


Parties = tuple[Consignee | None, tuple[Place, ...]]


K = TypeVar("K")
V = TypeVar("V")
MOST_REMEMBERED = 10_000


def remembered(memory: dict[K, V], key: K, value: V) -> V:
    """For when it comes again; who has so much of it that is not the same repeats little, and it would only take memory."""
    if len(memory) < MOST_REMEMBERED:
        memory[key] = value
    return value


class Met:
    """What was read before of the messages of one kind in an interchange: partners repeat themselves, and mean the same again."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], AskedLine] = {}
        self._parties: dict[tuple[Content, ...], Parties] = {}

    def line(self, read: Callable[[Segment], AskedLine], head: Segment) -> AskedLine:
        """For a line of which nothing but its head is read."""
        content = tuple(head.texts)
        found = self._lines.get(content)
        if found is None:
            found = remembered(self._lines, content, read(head))
        return found

    def parties(self, read: Callable[[Sequence[Loop]], Parties], loops: Sequence[Loop]) -> Parties:
        content = tuple([loop.content for loop in loops])
        found = self._parties.get(content)
        if found is None:
            found = remembered(self._parties, content, read(loops))
        return found


T = TypeVar("T")


def storable(value: T) -> T:
    """A document, or a part of one, without the one character that PostgreSQL has no place for."""
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return cast("T", str(value).replace("\0", "?"))
    if isinstance(value, tuple):
        parts = map(storable, value)
        return cast("T", type(value)(*parts) if hasattr(value, "_fields") else tuple(parts))
    return value
