"""Whether a consumer's place ever moves back: its own table notes each time, so that none is missed between two looks."""

from collections import Counter
from dataclasses import dataclass, field

import asyncpg

from tests.crash.losses import Losses

NOTED = (
    "CREATE TABLE IF NOT EXISTS crash_moved_back"
    " (id bigint GENERATED ALWAYS AS IDENTITY, topic text, partition int, was bigint, is_now bigint)",
    "GRANT SELECT ON crash_moved_back TO PUBLIC",
    "CREATE OR REPLACE FUNCTION crash_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
    " INSERT INTO crash_moved_back (topic, partition, was, is_now)"
    " VALUES (NEW.topic, NEW.partition, OLD.next_offset, NEW.next_offset); RETURN NULL; END $$",
    "CREATE OR REPLACE TRIGGER crash_note AFTER UPDATE ON consumer_offsets FOR EACH ROW"
    " WHEN (NEW.next_offset < OLD.next_offset) EXECUTE FUNCTION crash_note()",
)
"""What the owner of a database does for it."""


@dataclass
class Places:
    """`spent`: up to which loss of the log a place has begun anew. `known`: how many there had been when a package was looked at last."""

    spent: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    async def moved_back(self, package: str, connection: asyncpg.Connection | asyncpg.Pool, losses: Losses) -> list[str]:
        """Each may begin at 0 once a loss of the log, whenever its consumer notices. An earlier loss that it did not need is not kept."""
        found = []
        rows = await connection.fetch("SELECT id, topic, partition, was, is_now FROM crash_moved_back ORDER BY id")
        for row, topic, partition, was, is_now in rows:
            place = (package, topic, partition)
            if (package, row) in self._seen:
                continue
            self._seen.add((package, row))
            if is_now or self.spent[place] >= losses.times:
                found.append(f"{package} had read {topic}/{partition} up to {was}, then up to {is_now}")
            else:
                self.spent[place] = max(self.spent[place] + 1, self.known[package])
        self.known[package] = losses.times
        return found
