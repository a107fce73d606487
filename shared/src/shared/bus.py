from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zlib import crc32

PARTITIONS = 6


class BusUnavailable(Exception):
    """The bus does not answer or did not take everything; trying again is right."""


class Partition(NamedTuple):
    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A message on its way to the bus."""

    topic: str
    key: str
    headers: list[tuple[str, bytes]]
    body: bytes


class Heard(NamedTuple):
    """A message as it lies on the bus."""

    partition: Partition
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """`generation` changes whenever the assignment of partitions did, or the log may have been replaced while it was silent: what was
    fetched before it may belong to another consumer now, what comes with it may follow something else than what we read last."""

    generation: int
    partitions: frozenset[Partition]
    heard: Sequence[Heard]


class Bus(Protocol):
    """A partitioned, append-only log. Kafka is the real one; a log in PostgreSQL serves a laptop."""

    async def send(self, records: Sequence[Record]) -> None:
        """Append all, in this order within each key; returns when every one is acknowledged, raises when any may not be."""

    async def poll(self, most: int, seconds: float) -> Fetched:
        """Up to `most` messages of the partitions assigned to this member of the group; waits for the first one up to `seconds`."""

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        """Fetch these partitions from these offsets on; an offset that does not exist (any more) means from the beginning."""

    async def ends(self) -> Mapping[Partition, int]:
        """The offset after the last message, for each assigned partition."""

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Tell lag tools how far we are. Nothing depends on it."""

    async def close(self) -> None:
        """Leave the group and stop; returns within a few seconds even when the broker is gone."""


def partition_of(key: str, partitions: int = PARTITIONS) -> int:
    """CRC-32 of the key, as librdkafka's default partitioner: the same key is the same partition in every topic."""
    return crc32(key.encode()) % partitions
