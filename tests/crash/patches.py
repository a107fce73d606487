"""What a process of the rig may be started with instead of the product as it is. The product itself has no hooks for this."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from fastapi import Request, Response
from shared.bus import Heard, Partition
from shared.database import Pool, Transaction, transaction
from shared.events import Event
from shared.idempotency import Once
from shared.locks import Lock
from shared.progress import Move
from shared.registry import Timers

from shared import applying, consumer, idempotency, kafka, outbox, progress, relay, routes, timers, worker
from tests.crash.gate_patches import no_gate, no_holding, no_park_behind, no_waiting, put


def newer() -> None:
    """The next release of this service: every body has a field more, and a type of event is called by a new name."""
    row = outbox._row

    def said(tx: Transaction, event: Event) -> tuple[Any, ...]:
        *head, body = row(tx, event)
        head[5] = RENAMED.get(head[5], head[5])
        return (*head, body[:-1] + (b"," if len(body) > 2 else b"") + f'"{ADDED}": {{"deep": [1, null]}}}}'.encode())

    put(outbox, "_row", said)


ADDED = "added_in_the_next_release"
RENAMED = {"replenishment.requested.v1": "replenishment.proposed.v1"}
"""Of an event that moves no order: consumers that do not know it pass over it."""


def hang_once(*_: object) -> None:
    """The next batch lies in hand, not begun, until everybody believes that this process is dead. The handler of a signal."""
    apply, seconds = consumer.Consumer._apply, iter([HANGS_SECONDS])

    async def hang(self: consumer.Consumer, heard: Sequence[Heard]) -> None:
        time.sleep(next(seconds, 0.0))  # noqa: ASYNC251 - no heartbeat leaves this process meanwhile
        await apply(self, heard)

    put(consumer.Consumer, "_apply", hang)


HANGS_SECONDS = 24.0
"""A member of a Kafka group is given up after 15, and the others hear of it 3 later."""


_PLACE = """
INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, last_event_id)
SELECT $1, $2, $3, $4, $5 ON CONFLICT (consumer, topic, partition)
DO UPDATE SET next_offset = excluded.next_offset, last_event_id = excluded.last_event_id
"""


async def _set_places(tx: Transaction, name: str, moves: Sequence[Move]) -> set[Partition]:
    for move in moves:
        await tx.execute(_PLACE, name, *move.partition, move.next, move.last_event_id)
    return {move.partition for move in moves}


def no_compare_and_set() -> None:
    put(consumer, "move", _set_places)


def places_first() -> None:
    """The offsets move in a transaction of their own, before the batch is applied."""

    async def moved_already(tx: Transaction, name: str, moves: Sequence[Move]) -> set[Partition]:
        async with transaction(tx.pool) as own:
            return await progress.move(own, name, moves)

    put(consumer, "move", moved_already)


def no_anchor() -> None:
    """Nobody looks whether the log still holds what was applied last: what lies before the place counts as heard."""

    async def ours(self: consumer.Consumer, heard: Sequence[Heard]) -> list[Heard]:
        known = {partition: place.offset for partition, place in self.positions.items()}
        return [message for message in heard if message.offset >= known.get(message.partition, message.offset + 1)]

    put(consumer.Consumer, "_ours", ours)


def no_locks() -> None:
    """Consumers lock nothing up front."""

    async def lock(tx: Transaction, locks: Iterable[Lock]) -> None:
        list(locks)

    put(applying, "lock", lock)


def no_order_lock() -> None:
    """Dispatch decides about an order's shipments without holding the order."""

    async def heard(tx: Transaction, order_ids: Sequence[Any]) -> None:
        await tx.execute("INSERT INTO orders (order_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING", order_ids)
        await asyncio.sleep(0.1)

    async def of_shipments(tx: Transaction, shipment_ids: Sequence[Any]) -> None:
        await asyncio.sleep(0.1)

    from dispatch import locking

    for table, take in ((locking.HEARD_ORDERS, heard), (locking.ORDERS_OF_SHIPMENTS, of_shipments)):
        object.__setattr__(table, "take", take)


def no_limit() -> None:
    """Allocation believes that there is a hundred times as much."""
    from inventory.book import StockBook

    available = StockBook.available
    put(
        StockBook,
        "available",
        lambda self: {item: {code: 100 * units for code, units in rows.items()} for item, rows in available(self).items()},
    )


def answers_first() -> None:
    """The answer about an order leaves, the commit follows a moment later."""
    underway: set[asyncio.Task[None]] = set()
    properly = routes._answer

    async def later(tx: Transaction) -> None:
        await asyncio.sleep(0.5)
        with suppress(Exception):
            await tx.commit()

    async def answer(tx: Transaction, request: Request, run: routes.Run, once: Once | None) -> Response:
        if not request.url.path.startswith("/orders"):
            return await properly(tx, request, run, once)
        response = await run(request)
        if once:
            once.keep(tx, response.status_code, bytes(response.body), getattr(response, "keys", ()))
        task = asyncio.create_task(later(tx))
        underway.add(task)
        task.add_done_callback(underway.discard)
        return response

    put(routes, "_answer", answer)


def no_kept_answers() -> None:
    def keep(self: Once, tx: Transaction, status: int, body: bytes, keys: Sequence[Any] = ()) -> None:
        return None

    put(idempotency.Once, "keep", keep)


def deletes_first() -> None:
    """The relay deletes what it is going to send."""
    send = relay.Relay.step

    async def step(self: relay.Relay) -> int:
        bus, rows = self.bus, await self.pool.fetch("SELECT id FROM outbox_pending ORDER BY id LIMIT 500")
        gone = [row["id"] for row in rows]

        class Deleting:
            async def send(_, records: Sequence[Any]) -> None:  # noqa: N805 - here self is the relay
                await self.delete(gone)
                await bus.send(records)

        self.bus = Deleting()  # type: ignore[assignment]  # it sends
        try:
            return await send(self)
        finally:
            self.bus = bus

    put(relay.Relay, "step", step)


def no_acknowledgement() -> None:
    """Sent is believed to be received."""

    async def _send(self: kafka.KafkaBus, records: Sequence[Any]) -> None:
        producer = await self._started_producer()
        for partition, batch in kafka._batches(producer, records):
            await producer.send_batch(batch, partition.topic, partition=partition.number)

    put(kafka.KafkaBus, "_send", _send)


class Above:
    """A pool that shows of what is pending only what is above a mark, and remembers the highest id that it has shown."""

    def __init__(self, pool: Pool, mark: int) -> None:
        self._pool, self._mark, self.highest = pool, mark, mark

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, sql: str, *values: Any) -> Any:
        if "FROM outbox_pending ORDER BY id" not in sql:
            return await self._pool.fetch(sql, *values)
        above = f"SELECT id, created_at FROM outbox_pending WHERE id > {self._mark} ORDER BY id LIMIT $1"
        rows = await self._pool.fetch(above, *values)
        self.highest = max([self._mark, *(row["id"] for row in rows)])
        return rows


def by_cursor() -> None:
    """The relay reads what is above the highest id that it has sent."""
    mark, step = [0], relay.Relay.step

    async def above(self: relay.Relay) -> int:
        pool, seen = self.pool, Above(self.pool, mark[0])
        self.pool = seen  # type: ignore[assignment]  # it reads
        try:
            sent = await step(self)
        finally:
            self.pool = pool
        mark[0] = seen.highest
        return sent

    put(relay.Relay, "step", above)


def no_epoch() -> None:
    relay._DELETE = "DELETE FROM outbox_pending WHERE id = ANY($1) AND $2::bigint IS NOT NULL"


def timers_first() -> None:
    """What is due is deleted in a transaction of its own, then fired."""
    due: deque[tuple[str, str]] = deque()

    async def fire(pool: Pool, known: Timers) -> int:
        async with transaction(pool) as tx:
            due.extend((row["kind"], row["subject"]) for row in await tx.fetch(timers._DUE, timers.DUE_AT_ONCE))
        taken = list(due)
        due.clear()
        async with transaction(pool) as tx:
            for kind, subject in taken:
                await known.all[kind](tx, [subject])
        return len(taken)

    put(worker, "fire_due", fire)


PATCHES: Mapping[str, Callable[[], None]] = {
    patch.__name__.replace("_", "-"): patch
    for patch in (
        newer, no_gate, no_holding, no_waiting, no_park_behind, no_compare_and_set, places_first, no_anchor, no_locks,
        no_order_lock, no_limit, answers_first, no_kept_answers, deletes_first, no_acknowledgement, by_cursor, no_epoch, timers_first,
    )
}  # fmt: skip
