"""What a worker does in the background, a piece at a time, when it is nobody's turn: several workers may do it at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.database import Pool
from shared.key_store import KeyStore


@dataclass(frozen=True)
class Job:
    """`piece` does some of it and says how many things it did; at nothing it is asked again after `seconds`."""

    name: str
    seconds: float
    piece: Callable[[Pool, KeyStore], Awaitable[int]]
