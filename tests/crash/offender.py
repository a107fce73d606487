"""What is known of the first thing that breaks an invariant: its events, how far each consumer is with it, its log lines."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
from shared.walls import Role

from tests.crash.faults.catalogue import ANSWER_SECONDS, Field
from tests.crash.vigil import AWAY

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EVENTS = (
    "SELECT created_at, type, aggregate, version, event_id FROM outbox WHERE key = ANY($1) OR event_id::text = ANY($1) ORDER BY id LIMIT 60"
)
_PROGRESS = "SELECT aggregate, version, parked_because FROM progress WHERE split_part(aggregate, '/', 2) = ANY($1)"
_PLACES = "SELECT topic, partition, next_offset FROM consumer_offsets ORDER BY 1, 2"
_ERRORS = re.compile(r"\b(error|critical|Traceback)\b")
LOG_LINES = 40
LAST_ERRORS = 5


async def told_of(first: str, ground: Field, folder: Path) -> list[str]:
    """Lines for a person who looks for the cause."""
    ids = sorted(set(_UUID.findall(first)))
    return [line async for line in _stored(ids, ground)] + list(_logged(ids, folder))


async def _stored(ids: list[str], ground: Field) -> AsyncIterator[str]:
    """While the databases are up; what cannot be read is left out."""
    for service in ground.stage.services:
        try:
            connection = await asyncpg.connect(ground.target.database(service.package, Role.STAFF), timeout=5)
            try:
                for line in await _known(connection, service.name, ids):
                    yield line
            finally:
                connection.terminate()
        except AWAY as error:
            yield f"{service.name}: {error!r}"


async def _known(connection: asyncpg.Connection, service: str, ids: list[str]) -> list[str]:
    told = []
    for row in await connection.fetch(_EVENTS, ids, timeout=ANSWER_SECONDS):
        event = f"{row['type']} {row['aggregate']} version {row['version']} ({row['event_id']})"
        told.append(f"{row['created_at']:%H:%M:%S.%f} {service} said {event}")
    for row in await connection.fetch(_PROGRESS, ids, timeout=ANSWER_SECONDS):
        parked = f", parked: {row['parked_because'][:300]}" if row["parked_because"] else ""
        told.append(f"{service} has applied {row['aggregate']} up to version {row['version']}{parked}")
    if not ids:
        places = [f"{topic}/{number} {offset}" for topic, number, offset in await connection.fetch(_PLACES, timeout=ANSWER_SECONDS)]
        told.append(f"{service} has read up to {', '.join(places) or 'nowhere'}")
    return told


def _logged(ids: list[str], folder: Path) -> Iterator[str]:
    """Lines that speak of these; where nothing is named, the last errors of each process."""
    if not ids:
        for log in sorted((folder / "logs").glob("*.log")):
            errors = [line for line in log.read_text(errors="replace").splitlines() if _ERRORS.search(line)]
            yield from (f"{log.name}: {line[:500]}" for line in errors[-LAST_ERRORS:])
        return
    found = 0
    for log in sorted((folder / "logs").glob("*.log*")):
        for line in log.read_text(errors="replace").splitlines():
            if found < LOG_LINES and any(each in line for each in ids):
                found += 1
                yield f"{log.name}: {line[:500]}"
