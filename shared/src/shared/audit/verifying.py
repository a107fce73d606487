"""Reads the chain from its beginning, or from a head that is known, and compares every entry with what was sealed."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.audit.chain import NOTHING, Head, Seal, row_hash
from shared.database import Pool, Row

SEALED_WITHIN = timedelta(minutes=5)
"""An entry that is older and in no seal was added by hand, or no worker runs."""
SHOWN = 10
ENTRIES_AT_ONCE = 5_000
MOST_UNSEALED = 10_000

_SEAL = "position, sealed_at, entries, top, ids, awaited, row_hashes, hash"
_SEALS = f"""
SELECT {_SEAL} FROM (
    SELECT *, sum(cardinality(ids)) OVER (ORDER BY position) - cardinality(ids) AS before
    FROM (SELECT * FROM audit_seals WHERE position > $1 ORDER BY position LIMIT 500) next
) counted WHERE before < {ENTRIES_AT_ONCE} ORDER BY position
"""
_ENTRY = "SELECT id, at, caller, customer_id, kind, action, subject, items, things, status, client, correlation_id FROM audit"
_BETWEEN = f"{_ENTRY} WHERE id > $1 AND id <= $2 ORDER BY id LIMIT {ENTRIES_AT_ONCE}"
_OUTSIDE = f"""
(SELECT id FROM audit WHERE id < 1 ORDER BY id LIMIT {SHOWN}) UNION ALL
(SELECT id FROM audit WHERE id > $1 AND (at < $2 OR at > now() + interval '1 minute') ORDER BY id LIMIT {SHOWN})
"""
_COUNT = "SELECT coalesce(max(entries), 0) FROM audit_seals WHERE position = coalesce($1, (SELECT max(position) FROM audit_seals))"


@dataclass
class Findings:
    """`first` are the first few of so many faults."""

    faults: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, *faults: str) -> None:
        self.faults += len(faults)
        self.first += faults[: SHOWN - len(self.first)]


class Verifier:
    """`checked` is how many entries were compared, `head` the last seal that was read."""

    def __init__(self, pool: Pool, begin: Head = NOTHING, expected: Head | None = None) -> None:
        self.pool = pool
        self.found = Findings()
        self.checked = 0
        self.head = begin
        self._begin, self._expected = begin, expected
        self._entries, self._top = 0, 0
        self._awaited: Collection[int] = ()
        self._unsealed: dict[int, datetime] = {}

    async def total(self) -> int:
        """How many entries there are to compare."""
        return int(await self.pool.fetchval(_COUNT, None) - await self.pool.fetchval(_COUNT, self._begin.position))

    async def run(self, progress: Callable[[int], None] = lambda checked: None) -> Findings:
        await self._go_to_the_beginning()
        while some := await self.pool.fetch(_SEALS, self.head.position):
            below = self._top
            expected = {each: (seal, digest) for seal in map(self._chained, some) for each, digest in seal.hashes.items()}
            self.checked += len(expected)
            await self._compare(expected, below, some[-1]["sealed_at"])
            progress(self.checked)
        self._is_as_long_as_it_was()
        await self._all_sealed()
        return self.found

    async def _go_to_the_beginning(self) -> None:
        """A known head's seal says what is behind it; the entries up to it are not compared."""
        if self._begin == NOTHING:
            return
        sql = f"SELECT {_SEAL} FROM audit_seals WHERE position BETWEEN $1 - 1 AND $1 ORDER BY position"
        rows = await self.pool.fetch(sql, self._begin.position)
        before = rows[0]["hash"] if len(rows) == 2 else NOTHING.hash
        if not rows or rows[-1]["position"] != self._begin.position or _seal(rows[-1]).hash_after(before) != self._begin.hash:
            self.found.add(f"Seal {self._begin.position} is not the one that it should begin after.")
        if rows:
            self._entries, self._top, self._awaited = rows[-1]["entries"], rows[-1]["top"], rows[-1]["awaited"]

    def _chained(self, row: Row) -> Seal:
        """The seal, after a look at whether it follows from the one before."""
        seal = _seal(row)
        if seal.position != self.head.position + 1:
            self.found.add(f"Seals {self.head.position + 1} to {seal.position - 1} are missing.")
        elif row["hash"] != seal.hash_after(self.head.hash):
            self.found.add(f"{_named(seal)} does not follow from the one before: one of them was changed.")
        if self._expected and self._expected.position == seal.position and self._expected.hash != row["hash"]:
            self.found.add(f"{_named(seal)} is not the one that is expected: the chain was made anew.")
        again = [each for each in seal.ids if each <= self._top and each not in self._awaited]
        self.found.add(*(f"Entry {each} is sealed once more in seal {seal.position}." for each in again))
        self.head, self._entries = Head(seal.position, row["hash"]), seal.entries
        self._awaited, self._top = frozenset(seal.awaited), max([self._top, *seal.ids])
        return seal

    async def _compare(self, expected: dict[int, tuple[Seal, bytes]], below: int, sealed_at: datetime) -> None:
        """The entries up to the top of what was read. What no seal names may be named by one that comes later."""
        async for row in self._entries_between(below, self._top, [each for each in expected if each <= below]):
            self._unsealed.pop(row["id"], None)
            seal, digest = expected.pop(row["id"], (None, b""))
            if seal is None:
                self._note_unsealed(row["id"], sealed_at)
            elif row_hash(row) != digest:
                self.found.add(f"Entry {row['id']} is not what seal {seal.position} says; now it is {_shown(row)}.")
        self.found.add(*(f"Entry {each} is missing; {_named(seal)} has it." for each, (seal, _) in expected.items()))

    async def _entries_between(self, below: int, top: int, late: Sequence[int]) -> AsyncIterator[Row]:
        for row in await self.pool.fetch(f"{_ENTRY} WHERE id = ANY($1)", late):
            yield row
        while some := await self.pool.fetch(_BETWEEN, below, top):
            for row in some:
                yield row
            below = some[-1]["id"]

    def _note_unsealed(self, entry: int, passed_at: datetime) -> None:
        """More than so many are not kept in mind: then something is wrong in any case."""
        if len(self._unsealed) < MOST_UNSEALED:
            self._unsealed[entry] = passed_at

    def _is_as_long_as_it_was(self) -> None:
        if self._expected and self.head.position < self._expected.position:
            self.found.add(f"The chain ends with seal {self.head.position}, but it had seal {self._expected.position}: its end is cut off.")

    async def _all_sealed(self) -> None:
        latest = datetime.now(UTC) - SEALED_WITHIN
        passed = [entry for entry, at in self._unsealed.items() if at < latest]
        outside = [row["id"] for row in await self.pool.fetch(_OUTSIDE, self._top, latest)]
        self.found.add(*(f"Entry {each} was never sealed: added by hand, or no worker runs." for each in [*passed, *outside]))


def _seal(row: Row) -> Seal:
    return Seal(row["position"], row["sealed_at"], row["entries"], row["ids"], row["awaited"], row["row_hashes"])


def _named(seal: Seal) -> str:
    return f"Seal {seal.position} of {seal.sealed_at:%Y-%m-%d %H:%M:%S} UTC"


def _shown(row: Row) -> str:
    """Quoted: what stands there was perhaps written to look like something else on a terminal."""
    return ascii(f"{row['at']:%Y-%m-%d %H:%M:%S} {row['caller']} {row['action']} {row['subject']}"[:200])
