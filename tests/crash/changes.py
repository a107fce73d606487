"""What the services said they had changed, call by call; each has to be in the audit of its service, which is written with the change."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from deploy.local.demo.client import Answer, Client
from deploy.local.demo.invariants import Invariant
from tests.crash.vigil import Finding

WRITTEN = Invariant("I1", "Every change that was acknowledged, to customers and staff, is in the audit of its service", "")
_MISSING = "SELECT id FROM unnest($1::uuid[]) AS said (id) EXCEPT SELECT correlation_id FROM audit"


@dataclass
class Changes:
    """The correlation id of each call that was answered 2xx, by package; and calls that were answered with a fault of ours."""

    said: defaultdict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)

    async def missing(self, database: Callable[[str], str]) -> list[Finding]:
        """`database` says where that of a package is."""
        found = []
        for package, ids in self.said.items():
            connection = await asyncpg.connect(database(package))
            try:
                gone = await connection.fetch(_MISSING, ids)
            finally:
                await connection.close()
            if gone:
                found.append(Finding(WRITTEN, len(gone), f"{package} has answered {gone[0]['id']} with 2xx and knows nothing of it"))
        return found


class Caller(Client):
    """Calls one service, each attempt under a correlation id of its own. A replayed answer is that of a change made before."""

    def __init__(self, url: str, key: str, package: str, changes: Changes, connections: int = 12, *, attempt: float) -> None:
        super().__init__(url, key, connections, attempt=attempt)
        self._package, self._changes = package, changes

    async def _attempt(self, request: bytes) -> Answer | None:
        answer = await self._noted(request)
        if answer and answer.status >= 500 and not (answer.status == 503 and answer.says_when):
            what = request.partition(b"\r\n")[0].decode()
            self._changes.faults.append(f"{self._package}: {what} was answered {answer.status} {answer.body.decode(errors='replace')}")
        return answer

    async def _noted(self, request: bytes) -> Answer | None:
        if request.startswith(b"GET "):
            return await super()._attempt(request)
        correlation = uuid4()
        head, rest = request.split(b"\r\n", 1)
        answer = await super()._attempt(b"%b\r\nX-Correlation-ID: %b\r\n%b" % (head, str(correlation).encode(), rest))
        if answer and answer.is_ok and not answer.is_replayed:
            self._changes.said[self._package].append(correlation)
        return answer
