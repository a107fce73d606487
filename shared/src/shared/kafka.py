"""The bus on Apache Kafka, by aiokafka. Its traps are settled here: no auto-commit, acks=all, idempotence, bounded waits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import GroupCoordinatorNotAvailableError, IllegalStateError, KafkaError, NoError, TopicAlreadyExistsError, for_code

from shared.bus import PARTITIONS, BusUnavailable, Fetched, Heard, Partition, Record, partition_of
from shared.crash import crash_point
from shared.plain import line
from shared.silence import Silence

SEND_SECONDS = 30.0
SESSION_SECONDS = 15
REBALANCE_SECONDS = 15
"""So long the group waits for a member that is gone; longer than a batch takes, and who comes later is fenced by its offsets."""
ANSWER_SECONDS = 20
POLL_SECONDS = 30.0
"""aiokafka waits without end for an assignment, when it starts and in every poll; after so long a new member joins."""
METADATA_SECONDS = 5
"""So soon a topic that was not there when the group met is seen; aiokafka would take five minutes, and hear nothing of it meanwhile."""
STOP_SECONDS = 5.0
BATCH_BYTES = 512 * 1024
log = structlog.get_logger()


class KafkaBus:
    """One member of `group` (static membership under `instance`, so that a quick restart moves no partitions), and a producer."""

    def __init__(
        self, servers: str, *, instance: str, group: str | None = None, topics: Iterable[str] = (), session_seconds: int = SESSION_SECONDS
    ) -> None:
        self._servers, self._instance, self._group, self._topics = servers, instance, group, list(topics)
        self._session_ms = session_seconds * 1000
        self._producer: Any = None
        self._consumer: Any = None
        self._assigned = _Assigned()
        self._silence = Silence()

    async def send(self, records: Sequence[Record]) -> None:
        try:
            await asyncio.wait_for(self._send(records), SEND_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            await self._drop_producer()
            raise BusUnavailable(repr(error)) from error

    async def _send(self, records: Sequence[Record]) -> None:
        """Whole batches a partition, one future each: a future a record would cost more than the sending."""
        producer = await self._started_producer()
        ready = []
        for partition, batch in _batches(producer, records):
            sent = await producer.send_batch(batch, partition.topic, partition=partition.number)
            sent.add_done_callback(_acknowledged)
            ready.append(sent)
            crash_point("kafka.batch_sent")
        await asyncio.gather(*ready)

    async def _started_producer(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=BATCH_BYTES,
                max_request_size=2 * BATCH_BYTES,
                request_timeout_ms=10_000,
            )
            try:
                await producer.start()
            except BaseException:
                await _within(STOP_SECONDS, producer.stop())
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        """A producer that failed may fail for ever or send late: the next send has a new one, the gates drop what comes twice."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _within(STOP_SECONDS, producer.stop())

    async def poll(self, most: int, seconds: float) -> Fetched:
        """A member that failed may fail for ever: the next poll has a new one. A UnicodeDecodeError is one about the name of a header."""
        try:
            fetched = await asyncio.wait_for(self._fetched(most, seconds), POLL_SECONDS)
        except TimeoutError as error:
            await self._drop_consumer()
            raise BusUnavailable(f"no partitions within {POLL_SECONDS:.0f} s") from error
        except (KafkaError, OSError, UnicodeDecodeError) as error:
            await self._drop_consumer()
            raise BusUnavailable(repr(error)) from error
        heard = [
            Heard(Partition(partition.topic, partition.partition), record.offset, record.key, _valued(record.headers), record.value)
            for partition, records in fetched.items()
            for record in records
        ]
        if self._silence.was_too_long(self._last_answers()):
            self._assigned.generation += 1
        return Fetched(self._assigned.generation, self._assigned.partitions, heard)

    def _last_answers(self) -> dict[Partition, float]:
        """When the broker answered for each partition last, with messages or without."""
        consumer = self._consumer
        times = {each: consumer.last_poll_timestamp(each) for each in consumer.assignment()} if consumer else {}
        return {Partition(each.topic, each.partition): at for each, at in times.items() if at}

    async def _fetched(self, most: int, seconds: float) -> Any:
        consumer = await self._started_consumer()
        return await consumer.getmany(timeout_ms=int(seconds * 1000), max_records=most)

    async def _started_consumer(self) -> Any:
        if self._consumer is None:
            consumer = self._new_consumer()
            consumer.subscribe(self._topics, listener=self._assigned)
            self._assigned.first = partial(_join_once_more_unless_it_leads, consumer)
            try:
                await consumer.start()
            except BaseException:
                await _end(consumer)
                raise
            self._consumer = consumer
        return self._consumer

    def _new_consumer(self) -> Any:
        return AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=self._group,
            group_instance_id=f"{self._group}-{self._instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=[RangePartitionAssignor],
            max_partition_fetch_bytes=2 * 1024 * 1024,
            fetch_max_bytes=16 * 1024 * 1024,
            fetch_max_wait_ms=200,
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=self._session_ms // 5,
            rebalance_timeout_ms=REBALANCE_SECONDS * 1000,
            request_timeout_ms=ANSWER_SECONDS * 1000,
            metadata_max_age_ms=METADATA_SECONDS * 1000,
        )

    async def seek(self, positions: Mapping[Partition, int]) -> None:
        for partition, offset in positions.items():
            with suppress(IllegalStateError):  # no longer ours: the next poll has another generation
                self._consumer.seek(TopicPartition(*partition), offset)
        self._silence.sought()

    async def ends(self) -> Mapping[Partition, int]:
        if self._consumer is None:
            return {}
        try:
            found = await asyncio.wait_for(self._consumer.end_offsets([TopicPartition(*p) for p in self._assigned.partitions]), 10)
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusUnavailable(repr(error)) from error
        return {Partition(partition.topic, partition.partition): end for partition, end in found.items()}

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        if not positions:
            return  # who was fenced everywhere has nothing to say, and aiokafka refuses that
        with suppress(KafkaError, OSError, TimeoutError):
            offsets = {TopicPartition(*partition): offset for partition, offset in positions.items()}
            await asyncio.wait_for(self._consumer.commit(offsets), 5)
            crash_point("kafka.offsets_committed")

    async def close(self) -> None:
        await self._drop_producer()
        await self._drop_consumer()

    async def _drop_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _end(consumer)


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """What this member has now. Beside noting it only `first` is done here, because aiokafka swallows what a listener raises."""

    def __init__(self) -> None:
        self.generation = 0
        self.partitions: frozenset[Partition] = frozenset()
        self.first: Callable[[], None] | None = None
        """Done when something is assigned, once."""

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self.generation += 1
        self.partitions = frozenset()
        crash_point("kafka.revoked")

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self.generation += 1
        self.partitions = frozenset(Partition(each.topic, each.partition) for each in assigned)
        first, self.first = self.first, None
        if first:
            first()
        crash_point("kafka.assigned")


def _join_once_more_unless_it_leads(consumer: Any) -> None:
    """A leader that came back quickly is not told that it leads (KIP-814), and aiokafka lets only who leads look whether topics have grown.
    The broker lets the group meet anew when its leader joins once more, and answers the others as before."""
    coordinator = consumer._coordinator
    if coordinator._group_subscription is None:
        coordinator.request_rejoin()


def _acknowledged(sent: "asyncio.Future[Any]") -> None:
    if not sent.cancelled() and sent.exception() is None:
        crash_point("kafka.batch_acked")


def _valued(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes]]:
    """A header without a value is as good as none."""
    return [(name, value) for name, value in headers if value is not None]


def _batches(producer: Any, records: Sequence[Record]) -> list[tuple[Partition, Any]]:
    """The records as full batches, in order within each partition."""
    open_ones: dict[Partition, Any] = {}
    batches: list[tuple[Partition, Any]] = []
    now = int(time() * 1000)
    for record in records:
        partition = Partition(record.topic, partition_of(record.key))
        fields = {"timestamp": now, "key": record.key.encode(), "value": record.body, "headers": record.headers}
        batch = open_ones.get(partition)
        if batch is None or batch.append(**fields) is None:
            batch = open_ones[partition] = producer.create_batch()
            batches.append((partition, batch))
            if batch.append(**fields) is None:
                raise ValueError(f"{record.topic} {record.key}: a message of {len(record.body)} bytes does not fit a batch")
    return batches


async def _end(consumer: Any) -> None:
    """aiokafka leaves its client open where a task of the consumer has failed, or hangs while it joins."""
    await _within(STOP_SECONDS, consumer.stop())
    await _within(STOP_SECONDS, consumer._client.close())


async def _within(seconds: float, ending: Awaitable[object]) -> None:
    """aiokafka's stop can hang while the broker is gone; what has not ended by then is left behind."""
    try:
        await asyncio.wait_for(ending, seconds)
    except (KafkaError, OSError, TimeoutError, asyncio.CancelledError) as error:
        log.warning("kafka.left_behind", error=repr(error))


async def make_topics(servers: str, topics: Sequence[str], replication: int = 1) -> None:
    """Make the topics that are missing: PARTITIONS each, kept for ever, because rebuilding needs them whole.

    Raises BusUnavailable, and SystemExit with what the broker says where it refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        new = [NewTopic(topic, PARTITIONS, replication, topic_configs={"retention.ms": "-1"}) for topic in topics]
        missing = set(topics) - set(await admin.list_topics())
        _check_made(await admin.create_topics([each for each in new if each.name in missing]))
        await _await_coordinator(admin)
    except KafkaError as error:
        raise BusUnavailable(repr(error)) from error
    finally:
        await admin.close()


def _check_made(answer: Any) -> None:
    """aiokafka answers what the broker refuses instead of raising it. Somebody else may have made the topic meanwhile."""
    for topic, code, *why in answer.topic_errors:
        if code not in (NoError.errno, TopicAlreadyExistsError.errno):
            refusal = for_code(code)(f"{topic}: {' '.join(map(str, why))}")
            raise refusal if refusal.retriable else SystemExit(line(f"The topics were not made: {refusal}"))


async def _await_coordinator(admin: Any) -> None:
    """A new broker makes its topic of groups when first asked; a consumer that asks too early would log errors."""
    async with asyncio.timeout(SEND_SECONDS):
        while True:
            try:
                await admin.find_coordinator("lsc")
            except GroupCoordinatorNotAvailableError:
                await asyncio.sleep(0.1)
            else:
                return
