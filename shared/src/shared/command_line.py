from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Command:
    """What one service can be told beside what all can: `python -m <package> <name> ...`."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Settings, Namespace], Coroutine[None, None, None]]
