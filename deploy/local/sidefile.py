"""What a server of the embedded stack remembers beside its data, and the lock that says a run has it."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import InUseError


def write_private(file: Path, text: str) -> None:
    """Readable by its owner only, and never half there."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)


def remember(file: Path, values: Mapping[str, str | int]) -> None:
    write_private(file, json.dumps(dict(values), indent=2))


def recall(file: Path) -> dict[str, str | int]:
    known: dict[str, str | int] = json.loads(file.read_text()) if file.exists() else {}
    return known


class Lock:
    """Held by one live process; the system lets go of it when that process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: int | None = None

    @property
    def is_held(self) -> bool:
        return self._held is not None

    def take(self, *, wait: bool = False) -> None:
        if self._held is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as taken:
            os.close(handle)
            raise InUseError(self.folder) from taken
        self._held = handle

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None
