"""One batch of events in one transaction: gate, locks, waves of handlers, progress. What a handler refuses is parked, the rest goes on."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from shared import progress
from shared.bus import Heard
from shared.crash import crash_point
from shared.database import Transaction, passes
from shared.dead_letters import REASON_CHARACTERS, DeadLetter, bury
from shared.envelope import Envelope, Unreadable, event_in, opened, unique
from shared.events import EVENTS, Event
from shared.gate import Verdict, judge
from shared.locks import Lock, lock
from shared.observability import APPLIED, HANDLER_SECONDS, SKIPPED
from shared.registry import Handlers
from shared.waves import Turn, waves

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that a handler, or its own body, did not let us apply."""

    envelope: Envelope
    reason: str


class _GivenBack(Exception):
    """Ends a savepoint whose locks were only tried."""


@dataclass
class Batch:
    """What a transaction applies. `careful` isolates what fails, at the price of savepoints; `refused` is what it found."""

    tx: Transaction
    consumer: str
    handlers: Handlers
    careful: bool = False
    refused: list[Refused] = field(default_factory=list)

    async def apply(self, heard: Sequence[Heard]) -> None:
        """Do all that these messages ask for. When not careful, whatever a handler raises comes out; else only what may pass by itself."""
        envelopes = unique(await self._readable(heard))
        standings = await progress.standings(self.tx, self.consumer, list({e.aggregate: None for e in envelopes}))
        waits = [aggregate for aggregate, standing in standings.items() if standing.waits and not standing.parked]
        stored = await progress.stored(self.tx, self.consumer, waits) if waits else []
        verdict = judge(standings, stored, envelopes)
        SKIPPED.labels("repeated").inc(verdict.repeated)
        crash_point("consumer.judged")
        await self.run(verdict)

    async def run(self, verdict: Verdict) -> None:
        """Call the handlers for what is next, park what they refuse, remember how far we are."""
        turns = self._turns([e for e in verdict.apply if self._heeded(e)])
        await self._lock(turns)
        if self.careful:
            await self._isolate(_by_key(self._unstopped(turns)))
        else:
            await self._call(turns)
        crash_point("consumer.handled")
        await self._save(verdict)

    async def _readable(self, heard: Sequence[Heard]) -> list[Envelope]:
        envelopes, letters = [], []
        for message in heard:
            try:
                envelopes.append(opened(message))
            except Unreadable as fault:
                SKIPPED.labels("unreadable").inc()
                log.error("consumer.unreadable", topic=message.partition.topic, offset=message.offset, reason=str(fault))
                letters.append(DeadLetter(message, str(fault)))
        await bury(self.tx, self.consumer, letters)
        return envelopes

    def _heeded(self, envelope: Envelope) -> bool:
        """Does anybody here listen to this type? A type that we do not know at all is counted."""
        if envelope.type not in EVENTS:
            SKIPPED.labels("unknown_type").inc()
        return envelope.type in self.handlers.types

    def _turns(self, envelopes: Sequence[Envelope]) -> list[Turn]:
        turns = []
        for envelope in envelopes:
            try:
                turns.append(Turn(envelope, event_in(envelope)))
            except Unreadable as fault:
                self._refuse(envelope, str(fault))
        return self._unstopped(turns)

    async def _lock(self, turns: Sequence[Turn]) -> None:
        """All that the batch touches, up front and in one order; when careful, an event for which that cannot be done is refused."""
        if not self.careful:
            await lock(self.tx, self._rows(turns))
        elif await self._lock_fault(turns):
            for turn in turns:
                if fault := await self._lock_fault([turn], is_tried=True):
                    self._refuse(turn.envelope, repr(fault))
            await lock(self.tx, self._rows(self._unstopped(turns)))

    def _rows(self, turns: Sequence[Turn]) -> list[Lock]:
        return [one for handler in self.handlers.all if handler.rows for one in handler.rows(_for(handler.types, turns))]

    async def _lock_fault(self, turns: Sequence[Turn], *, is_tried: bool = False) -> Exception | None:
        """The fault that locking for these meets and that does not pass; what is only tried is given back."""
        try:
            async with self.tx.savepoint():
                await lock(self.tx, self._rows(turns))
                if is_tried:
                    raise _GivenBack
        except _GivenBack:
            return None
        except Exception as error:
            if passes(error):
                raise
            return error
        return None

    async def _call(self, turns: Sequence[Turn]) -> None:
        for handler, group in waves(turns, self.handlers.all):
            self.tx.causes = {turn.envelope.key: turn.envelope for turn in group}
            began = perf_counter()
            await handler.run(self.tx, [turn.event for turn in group])
            HANDLER_SECONDS.labels(handler.name).observe(perf_counter() - began)
            crash_point("consumer.wave_handled")
        self.tx.causes = {}
        for kind, applied in Counter(turn.envelope.type for turn in turns).items():
            APPLIED.labels(kind).inc(applied)

    async def _isolate(self, keys: list[list[Turn]]) -> None:
        """Halve until the keys that fail stand alone, and of those apply what comes before the failing event."""
        if not keys or not (error := await self._try([turn for key in keys for turn in key])):
            return
        if len(keys) > 1:
            await self._isolate(keys[: len(keys) // 2])
            await self._isolate(keys[len(keys) // 2 :])
        elif len(keys[0]) > 1:
            for turn in keys[0]:
                await self._isolate([self._unstopped([turn])])
        else:
            self._refuse(keys[0][0].envelope, repr(error))

    async def _try(self, turns: Sequence[Turn]) -> Exception | None:
        if not turns:
            return None
        try:
            async with self.tx.savepoint():
                await self._call(turns)
                await self.tx.flush()
        except Exception as error:
            if passes(error):
                raise
            return error
        return None

    def _refuse(self, envelope: Envelope, why: str) -> None:
        reason = why[:REASON_CHARACTERS]
        log.error("consumer.parked", aggregate=envelope.aggregate, type=envelope.type, version=envelope.version, reason=reason)
        self.refused.append(Refused(envelope, reason))

    def _stops(self) -> dict[str, int]:
        """The first refused version of each aggregate."""
        stops: dict[str, int] = {}
        for refused in self.refused:
            aggregate = refused.envelope.aggregate
            stops[aggregate] = min(refused.envelope.version, stops.get(aggregate, refused.envelope.version))
        return stops

    def _unstopped(self, turns: Sequence[Turn]) -> list[Turn]:
        stops = self._stops()
        return [turn for turn in turns if turn.envelope.version < stops.get(turn.envelope.aggregate, turn.envelope.version + 1)]

    async def _save(self, verdict: Verdict) -> None:
        stops = self._stops()
        behind = [e for e in verdict.apply if e.aggregate in stops and e.version >= stops[e.aggregate]]
        left = {(e.aggregate, e.version) for e in behind}
        await progress.forget(self.tx, self.consumer, [done for done in verdict.drained if done not in left])
        await progress.keep(self.tx, self.consumer, [*verdict.store, *behind])
        await progress.advance(
            self.tx, self.consumer, {e.aggregate: e.version for e in verdict.apply if (e.aggregate, e.version) not in left}
        )
        await progress.park(self.tx, self.consumer, {r.envelope.aggregate: r.reason for r in self.refused})
        if self.refused:
            crash_point("consumer.parked")
        await bury(self.tx, self.consumer, [DeadLetter(r.envelope.heard, r.reason) for r in self.refused])


def _by_key(turns: Sequence[Turn]) -> list[list[Turn]]:
    keys: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        keys[turn.envelope.key].append(turn)
    return list(keys.values())


def _for(types: tuple[type[Event], ...], turns: Sequence[Turn]) -> list[Event]:
    return [turn.event for turn in turns if isinstance(turn.event, types)]
