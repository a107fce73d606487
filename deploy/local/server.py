"""What the embedded PostgreSQL and Kafka have in common: all of it lies below a folder, its address too, so that clients find it again."""

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from deploy.local.sidefile import Lock, recall


class Server(ABC):
    def __init__(self, folder: Path, side: str, port: int | None) -> None:
        self.folder = folder.absolute()
        self._wanted_port = port
        self._lock = Lock(self.folder)
        self._turn = threading.RLock()
        self._is_wanted = False
        self._side = self.folder / side
        self._known = recall(self._side)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """Of the server of this folder, whoever started it."""

    @abstractmethod
    def start(self) -> None:
        """Whoever served this folder before is stopped first: only a killed run leaves one."""

    @abstractmethod
    def stop(self) -> None:
        """Nothing to do when it is down already."""

    def revive(self) -> bool:
        """Start it again if it died without being stopped or killed by us; whether that was so."""
        with self._turn:
            died = self._is_wanted and self.pid is None
            if died:
                self.start()
            return died
