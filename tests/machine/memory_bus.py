"""A bus in memory: a test decides in which order events come to lie on it, and how far each service has read."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.bus import PARTITIONS, BusUnavailable, Fetched, Heard, Partition, Record, partition_of
from shared.envelope import opened


class Way(StrEnum):
    """How what is sent together comes to lie: as it was said, things that come later before others, each thing's events in reverse;
    or the bus is away, or takes it and is away when it should say so."""

    STRAIGHT = "straight"
    SWAPPED = "swapped"
    REVERSED = "reversed"
    LOST = "lost"
    UNANSWERED = "unanswered"


TAKEN = (Way.STRAIGHT, Way.SWAPPED, Way.REVERSED)


@dataclass
class Log:
    """All records of all topics, in the order in which they came."""

    records: list[Heard] = field(default_factory=list)
    ends: Counter[Partition] = field(default_factory=Counter)

    def append(self, record: Record) -> None:
        self._lay(Partition(record.topic, partition_of(record.key)), record.key.encode(), record.headers, record.body)

    def repeat(self, number: int) -> None:
        """Says one of them again, whichever the number means."""
        if self.records:
            said = self.records[number % len(self.records)]
            self._lay(said.partition, said.key, said.headers, said.body)

    def _lay(self, partition: Partition, key: bytes | None, headers: Sequence[tuple[str, bytes]], body: bytes | None) -> None:
        self.records.append(Heard(partition, self.ends[partition], key, headers, body))
        self.ends[partition] += 1


@dataclass
class MemoryBus:
    """One reader of these topics, and a sender. Partitions are read side by side in the order of the log, so that a run can be repeated."""

    log: Log
    topics: Collection[str] = ()
    way: Way = Way.STRAIGHT
    at_once: int = 1000
    places: dict[Partition, int] = field(default_factory=dict)

    async def send(self, records: Sequence[Record]) -> None:
        for record in arranged(records, self.way) if self.way is not Way.LOST else ():
            self.log.append(record)
        if self.way not in TAKEN:
            raise BusUnavailable(self.way)

    async def poll(self, most: int, seconds: float) -> Fetched:
        partitions = frozenset(Partition(topic, number) for topic in self.topics for number in range(PARTITIONS))
        heard = [one for one in self.log.records if one.offset >= self.places.get(one.partition, one.offset + 1)]
        heard = heard[: min(most, self.at_once)]
        for one in heard:
            self.places[one.partition] = one.offset + 1
        return Fetched(1, partitions, heard)

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        self.places = {partition: min(offset, self.log.ends[partition]) for partition, offset in positions.items()}

    async def ends(self) -> Mapping[Partition, int]:
        return {partition: self.log.ends[partition] for partition in self.places}

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Nothing depends on it."""

    async def close(self) -> None:
        """There is nothing to leave."""


def arranged(records: Sequence[Record], way: Way) -> list[Record]:
    """What has one key stays in the order in which it was said, but where it is to be reversed."""
    if way is Way.SWAPPED:
        keys = list(dict.fromkeys(record.key for record in records))
        return sorted(records, key=lambda record: -keys.index(record.key))
    if way is Way.REVERSED:
        things: defaultdict[str, list[Record]] = defaultdict(list)
        for record in records:
            things[_thing(record)].append(record)
        return [things[_thing(record)].pop() for record in records]
    return list(records)


def _thing(record: Record) -> str:
    return opened(Heard(Partition(record.topic, 0), 0, record.key.encode(), record.headers, record.body)).aggregate
