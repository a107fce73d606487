"""The states of an order's fulfilment and of a pick, and every way between them."""

from collections.abc import Mapping
from enum import StrEnum


class FulfilmentStatus(StrEnum):
    """Where an order stands with its stock.

    gathering: parts of a long order are still to come; undecided: it queues behind orders whose stock has just arrived;
    waiting: some of it waits for stock; served: nothing of it waits; cancelled: it holds and wants nothing any more.
    """

    GATHERING = "gathering"
    UNDECIDED = "undecided"
    WAITING = "waiting"
    SERVED = "served"
    CANCELLED = "cancelled"


class PickStatus(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    SHORT = "short"
    VOID = "void"


Status = FulfilmentStatus | PickStatus

NEXT: Mapping[Status, frozenset[Status]] = {
    FulfilmentStatus.GATHERING: frozenset(
        {FulfilmentStatus.UNDECIDED, FulfilmentStatus.WAITING, FulfilmentStatus.SERVED, FulfilmentStatus.CANCELLED}
    ),
    FulfilmentStatus.UNDECIDED: frozenset({FulfilmentStatus.WAITING, FulfilmentStatus.SERVED, FulfilmentStatus.CANCELLED}),
    FulfilmentStatus.WAITING: frozenset({FulfilmentStatus.WAITING, FulfilmentStatus.SERVED, FulfilmentStatus.CANCELLED}),
    FulfilmentStatus.SERVED: frozenset({FulfilmentStatus.WAITING, FulfilmentStatus.SERVED, FulfilmentStatus.CANCELLED}),
    FulfilmentStatus.CANCELLED: frozenset(),
    PickStatus.OPEN: frozenset({PickStatus.CONFIRMED, PickStatus.SHORT, PickStatus.VOID}),
    PickStatus.CONFIRMED: frozenset(),
    PickStatus.SHORT: frozenset(),
    PickStatus.VOID: frozenset(),
}

OPEN_TO_ANSWER = frozenset({FulfilmentStatus.UNDECIDED, FulfilmentStatus.WAITING})
NOT_ANSWERED = frozenset({FulfilmentStatus.GATHERING, FulfilmentStatus.UNDECIDED})
"""The first allocation of these is still to be said."""


def may_become(now: Status, then: Status) -> bool:
    return then in NEXT[now]
