"""How a process reads what it was told, and what it says where it cannot do it: in sentences, never with a secret value."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

import asyncpg
from pydantic import ValidationError

from shared.bus import BusUnavailable
from shared.crash import arm, counts_of
from shared.database import what_passes
from shared.plain import line, lines
from shared.redaction import know, scrub
from shared.secrets import password_of
from shared.settings import Settings

S = TypeVar("S", bound=Settings)
REFUSED = 2
_OF_THE_COMMAND = (BrokenPipeError, PermissionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a process that goes on may try again, but a command should tell whole: its output, its files, its own mistakes."""


def read_settings(settings: Callable[[], S]) -> S:
    """Ends the process with exit code 2 where they cannot be; what is secret in them is kept out of every text from here on."""
    sys.excepthook = _tell
    try:
        read = settings()
    except ValidationError as faults:
        sys.stderr.write("This cannot start:\n" + "".join(f"  {sentence}\n" for sentence in _sentences(faults)))
        sys.exit(REFUSED)
    know(secrets_of(read))
    arm(counts_of(read.crash_at))
    return read


@contextmanager
def ends_where_unavailable() -> Iterator[None]:
    """Around a command: where the database or the bus is away, or others are in the way, it says so and ends with EX_UNAVAILABLE."""
    try:
        yield
    except Exception as error:
        fault = error if isinstance(error, BusUnavailable) else what_passes(error)
        if fault is None or isinstance(fault, _OF_THE_COMMAND):
            raise
        said = f"The database or the bus does not do this now: {fault!r}. Call it again when they do."
        sys.stderr.write(line(scrub(said, 2_000)) + "\n")
        sys.exit(os.EX_UNAVAILABLE)


def secrets_of(settings: Settings) -> list[str]:
    """Of keys `id.secret` both the whole and the secret."""
    keys = [key for _, value in settings if hasattr(value, "get_secret_value") for key in value.get_secret_value().split(",")]
    passwords = [password_of(url) for url in (settings.database_url, settings.log_url or "", settings.keys_url or "")]
    return [*keys, *(key.partition(".")[2] for key in keys), *passwords]


def _sentences(faults: ValidationError) -> list[str]:
    told = faults.errors(include_input=False)
    return [line(f"{_variable(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}") for fault in told]


def _variable(place: tuple[int | str, ...]) -> str:
    name = ".".join(map(str, place))
    return name if name.isupper() else f"LSC_{name}".upper()


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(lines(scrub("".join(traceback.format_exception(kind, error, trace)), 64_000)))
