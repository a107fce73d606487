import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog

from shared.applying import Batch, Refused
from shared.bus import Bus, BusUnavailable, Fetched, Heard, Partition
from shared.crash import crash_point
from shared.database import Pool, Transaction, passes
from shared.progress import Move, Place, move, places
from shared.registry import Handlers

MOST = 1000
POLL_SECONDS = 0.5
LINGER_SECONDS = 0.1
PARKED_A_MINUTE = 20
"""More keys parked by one type of event within a minute look like a bad deploy: its partitions pause and the worker is unready."""

log = structlog.get_logger()


class _TooManyParked(Exception):
    def __init__(self, partitions: set[Partition]) -> None:
        self.partitions = partitions


@dataclass
class Consumer:
    """Applies what the bus brings, exactly once: the offsets live in our database and move in the transaction that applies the events."""

    name: str
    pool: Pool
    bus: Bus
    handlers: Handlers
    applied: Callable[[], None] = lambda: None
    linger: float = LINGER_SECONDS
    patience: float = POLL_SECONDS
    positions: dict[Partition, Place] = field(default_factory=dict)
    recorded: dict[Partition, str] = field(default_factory=dict)
    paused: set[Partition] = field(default_factory=set)
    parked_a_minute: float = PARKED_A_MINUTE
    moved_at: float = field(default_factory=monotonic)
    failing: int = 0
    busy: bool = False
    _generation: int = -1
    _anchors: set[Partition] = field(default_factory=set)
    _parked: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; a batch that has begun is finished."""
        while not stopping.is_set():
            held = self._generation
            try:
                if await self.step():
                    await asyncio.sleep(self.linger)
                if self._generation == held:
                    self.failing = 0
            except Exception as error:
                if not isinstance(error, BusUnavailable) and not passes(error):
                    raise
                self.failing += 1
                self.moved_at = monotonic()
                self._generation = -1
                log.warning("consumer.retries", error=repr(error))
                await _back_off(self.failing, stopping)

    async def step(self) -> int:
        """Fetch once and apply what came; returns how many messages were applied."""
        fetched = await self.bus.poll(MOST, self.patience)
        if fetched.generation != self._generation:
            await self._take_over(fetched)
            return 0
        heard = await self._ours(fetched.heard)
        if heard:
            crash_point("consumer.fetched")
            self.busy = True
            try:
                await self._apply(heard)
            finally:
                self.busy = False
        return len(heard)

    def stalled_for(self) -> float:
        """Seconds without a message, an error or work in hand: with messages on the log, more than a few mean that the client hangs."""
        return 0.0 if self.busy or self.paused else monotonic() - self.moved_at

    async def _take_over(self, fetched: Fetched) -> None:
        """New partitions: go on where our database says, one earlier, to see that the log still holds what we applied last."""
        self._generation = fetched.generation
        self.positions = await places(self.pool, self.name, fetched.partitions)
        self._anchors = {partition for partition, place in self.positions.items() if place.offset}
        crash_point("consumer.taking_over")
        await self.bus.seek({partition: max(place.offset - 1, 0) for partition, place in self.positions.items()})
        self.moved_at = monotonic()

    async def _ours(self, heard: Sequence[Heard]) -> list[Heard]:
        """What is new for us; a partition whose log was replaced starts again at 0."""
        ours: list[Heard] = []
        lost: set[Partition] = set()
        for message in heard:
            partition = message.partition
            place = self.positions.get(partition)
            if place is None or partition in self.paused or partition in lost:
                continue
            if partition in self._anchors:
                self._anchors.discard(partition)
                if message.offset == place.offset - 1 and _id_of(message) == place.last_event_id:
                    continue
                lost.add(partition)
            elif message.offset < place.offset:
                lost.add(partition)
            else:
                ours.append(message)
        for partition in lost:
            await self.start_again(partition, self.positions[partition].offset)
        return ours

    async def start_again(self, partition: Partition, was: int) -> None:
        """The log in which our place `was` is gone: read the present one from its beginning."""
        sql = (
            "UPDATE consumer_offsets SET next_offset = 0, last_event_id = NULL"
            " WHERE consumer = $1 AND topic = $2 AND partition = $3 AND next_offset = $4"
        )
        if await self.pool.execute(sql, self.name, partition.topic, partition.number, was) == "UPDATE 1":
            log.error("consumer.log_replaced", topic=partition.topic, partition=partition.number, was=was)
        crash_point("consumer.started_again")
        self._generation = -1

    async def _apply(self, heard: Sequence[Heard]) -> None:
        moves = self._moves(heard)
        try:
            await self._commit(heard, moves, careful=False)
        except Exception as error:
            if passes(error):
                raise
            log.warning("consumer.careful", error=repr(error))
            await self._carefully(heard)

    async def _carefully(self, heard: Sequence[Heard]) -> None:
        """Again, isolating what fails; when too much fails, the partitions it came from pause and the others go on."""
        while heard := [message for message in heard if message.partition not in self.paused]:
            try:
                await self._commit(heard, self._moves(heard), careful=True)
                return
            except _TooManyParked as bad:
                self.paused |= bad.partitions
                log.error("consumer.paused", partitions=sorted(f"{p.topic}/{p.number}" for p in bad.partitions))

    def _moves(self, heard: Sequence[Heard]) -> dict[Partition, Move]:
        last = {message.partition: message for message in heard}
        return {p: Move(p, self.positions[p].offset, message.offset + 1, _id_of(message)) for p, message in last.items()}

    async def _commit(self, heard: Sequence[Heard], moves: Mapping[Partition, Move], *, careful: bool) -> None:
        tx = Transaction(self.pool)
        try:
            won = await move(tx, self.name, list(moves.values()))
            crash_point("consumer.moved")
            batch = Batch(tx, self.name, self.handlers, careful)
            await batch.apply([message for message in heard if message.partition in won])
            self._check_parked(batch.refused)
        except BaseException:
            await tx.rollback()
            raise
        crash_point("consumer.before_commit")
        await tx.commit()
        crash_point("consumer.committed")
        for one in batch.refused:
            self._parked[one.envelope.type].append(monotonic())
        await self._moved(won, moves, heard)

    async def _moved(self, won: set[Partition], moves: Mapping[Partition, Move], heard: Sequence[Heard]) -> None:
        for partition in won:
            self.positions[partition] = Place(moves[partition].next, moves[partition].last_event_id)
        for partition, message in {message.partition: message for message in heard}.items():
            self.recorded[partition] = _header(message, "ce_recordedtime") or ""
        self.moved_at = monotonic()
        self.applied()
        if won != set(moves):
            log.warning("consumer.fenced", partitions=sorted(f"{p.topic}/{p.number}" for p in set(moves) - won))
            self._generation = -1
        crash_point("consumer.before_bus_commit")
        await self.bus.commit({partition: moves[partition].next for partition in won})

    def _check_parked(self, refused: Sequence[Refused]) -> None:
        """Before they count: what is not committed was not parked."""
        since, kinds = monotonic() - 60, Counter(one.envelope.type for one in refused)
        for kind in kinds:
            while (times := self._parked[kind]) and times[0] < since:
                times.popleft()
        bad = {kind for kind, count in kinds.items() if len(self._parked[kind]) + count > self.parked_a_minute}
        if bad:
            raise _TooManyParked({one.envelope.heard.partition for one in refused if one.envelope.type in bad})


def _header(message: Heard, name: str) -> str | None:
    return next((value.decode("utf-8", "replace") for key, value in message.headers if key == name), None)


def _id_of(message: Heard) -> str:
    """The event's id, as PostgreSQL can keep it; where the message has none, its offset stands for it."""
    return (_header(message, "ce_id") or f"offset {message.offset}").replace("\0", "\ufffd")


async def _back_off(failures: int, stopping: asyncio.Event) -> None:
    """Up to 5 s, with jitter, or until told to stop."""
    pause = min(0.1 * 2 ** min(failures, 6), 5) * random.uniform(0.5, 1)  # noqa: S311 - jitter, no secret
    try:
        await asyncio.wait_for(stopping.wait(), pause)
    except TimeoutError:
        return
