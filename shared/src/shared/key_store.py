"""Where the wrapped keys of data subjects lie: a database of its own, so that a key never travels with what it seals.

Events and their ledger are kept for ever; a key that lay in them could not be destroyed.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from shared.crash import crash_point
from shared.database import TRANSIENT, Pool, columns, open_pool
from shared.sealing import MasterKeys, SubjectKey, Wrapped

MADE_AT_ONCE = 500
AHEAD = 1500
"""So many keys lie ready, for a large batch as well; what was taken of them is made anew a moment later, when nobody waits for it."""
CALM_SECONDS = 0.3
UNUSED_FOR = 3600.0
"""Seconds that a key may lie in memory; what is not used until then is given back."""
READ_FOR = 4.0
"""Seconds that a key which was read may be used again without looking whether it still exists."""
READ_AT_MOST = 2_000
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""It goes on while the machine sleeps, as that of the database does, which says when what was left behind is swept."""

_INSERT = "INSERT INTO subject_keys (key_id, master_id, wrapped) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])"
_MINT = f"WITH made AS ({_INSERT} RETURNING key_id) INSERT INTO mintings (minting_id, key_ids) SELECT $4, array_agg(key_id) FROM made"
GIVE_BACK = """
WITH ended AS (DELETE FROM mintings WHERE minting_id = $1) DELETE FROM subject_keys WHERE key_id = ANY($2::uuid[])
"""

log = structlog.get_logger()


@dataclass(slots=True)
class Minting:
    """Keys that were made together, for one process."""

    minting_id: UUID
    made_at: float
    keys: list[SubjectKey]


@dataclass
class KeyStore:
    """Hands out new keys from memory and reads stored ones; one a process."""

    pool: Pool
    masters: MasterKeys
    _stock: list[Minting] = field(default_factory=list)
    _read: dict[str, tuple[float, SubjectKey]] = field(default_factory=dict)
    _refilling: asyncio.Task[None] | None = None
    _minting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, count: int = 1) -> list[SubjectKey]:
        """New keys, each handed out once; asks the database only where too few were made ahead."""
        taken = self._taken(count)
        if len(taken) < count:
            taken += await self._taken_of_new(count - len(taken))
        if self.ready <= AHEAD - MADE_AT_ONCE and (self._refilling is None or self._refilling.done()):
            self._refilling = asyncio.create_task(self._refill())
        return taken

    @property
    def ready(self) -> int:
        """Keys that can be handed out without asking anybody."""
        return sum(len(minting.keys) for minting in self._fresh)

    @property
    def _fresh(self) -> list[Minting]:
        return [each for each in self._stock if each.made_at > time.clock_gettime(CLOCK) - UNUSED_FOR]

    async def make(self, count: int) -> list[SubjectKey]:
        """New keys for what was stored long ago: no sweep of what a crash left ever looks at them."""
        keys = SubjectKey.several(count)
        await self.pool.execute(_INSERT, *self._wrapped(keys))
        crash_point("key_store.made")
        return keys

    async def read(self, key_ids: Iterable[str | None]) -> dict[str, SubjectKey]:
        """The keys that still exist, by their ids; one that was destroyed is absent, elsewhere after some seconds."""
        wanted = {key_id for key_id in key_ids if key_id}
        now = monotonic()
        known = {key_id: self._read[key_id][1] for key_id in wanted if key_id in self._read and self._read[key_id][0] > now - READ_FOR}
        return known | await self.read_now(wanted - known.keys())

    async def read_now(self, key_ids: Collection[str]) -> dict[str, SubjectKey]:
        """The same without what was read before."""
        if not key_ids:
            return {}
        sql = "SELECT key_id::text, master_id, wrapped FROM subject_keys WHERE key_id = ANY($1::uuid[])"
        found = [self.masters.unwrap(Wrapped(*row)) for row in await self.pool.fetch(sql, list(key_ids))]
        self._remember(found)
        return {key.key_id: key for key in found}

    async def destroy(self, key_ids: Iterable[str]) -> None:
        """For good; again is harmless. Other processes may still use what they have read for some seconds."""
        gone = list(key_ids)
        if not gone:
            return
        await self.pool.execute("DELETE FROM subject_keys WHERE key_id = ANY($1::uuid[])", gone)
        crash_point("key_store.destroyed")
        for key_id in gone:
            self._read.pop(key_id, None)

    async def close(self) -> None:
        """Gives back what was not used."""
        if self._refilling:
            self._refilling.cancel()
        stock, self._stock = self._stock, []
        try:
            for minting in stock:
                await self._give_back(minting)
        except TRANSIENT as error:
            log.warning("key_store.not_given_back", error=repr(error))
        await self.pool.close()

    async def _taken_of_new(self, count: int) -> list[SubjectKey]:
        """One at a time: who waited finds what the one before has made."""
        async with self._minting:
            taken = self._taken(count)
            if len(taken) < count:
                await self._mint(max(MADE_AT_ONCE, count - len(taken)))
            return taken + self._taken(count - len(taken))

    def _taken(self, count: int) -> list[SubjectKey]:
        taken: list[SubjectKey] = []
        for minting in self._fresh:
            while minting.keys and len(taken) < count:
                taken.append(minting.keys.pop())
        return taken

    async def _refill(self) -> None:
        """What cannot be made now is made when it is asked for."""
        await asyncio.sleep(CALM_SECONDS)
        try:
            await self._end_old()
            for _ in range(ceil((AHEAD - self.ready) / MADE_AT_ONCE)):
                await self._mint(MADE_AT_ONCE)
        except TRANSIENT as error:
            log.warning("key_store.not_refilled", error=repr(error))

    async def _mint(self, count: int) -> None:
        minting = Minting(uuid7(), time.clock_gettime(CLOCK), SubjectKey.several(count))
        await self.pool.execute(_MINT, *self._wrapped(minting.keys), minting.minting_id)
        crash_point("key_store.minted")
        self._stock.append(minting)

    def _wrapped(self, keys: Sequence[SubjectKey]) -> list[list[object]]:
        return columns([self.masters.wrap(key) for key in keys], 3)

    async def _end_old(self) -> None:
        """Mintings that are used up or lay too long."""
        fresh = [each for each in self._fresh if each.keys]
        ended = [each for each in self._stock if each not in fresh]
        self._stock = fresh
        for minting in ended:
            await self._give_back(minting)

    async def _give_back(self, minting: Minting) -> None:
        await self.pool.execute(GIVE_BACK, minting.minting_id, [key.key_id for key in minting.keys])
        crash_point("key_store.given_back")

    def _remember(self, found: Sequence[SubjectKey]) -> None:
        if len(self._read) + len(found) > READ_AT_MOST:
            self._read.clear()
        self._read.update({key.key_id: (monotonic(), key) for key in found[:READ_AT_MOST]})


async def open_key_store(url: str, masters: MasterKeys) -> KeyStore:
    return KeyStore(await open_pool(url, 3), masters)
