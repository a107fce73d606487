"""The orders topic and the fulfilment topic are each in order, but not to each other."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from shared.database import Transaction
from shared.events import Event
from uuid_utils.compat import uuid7

from tests.conftest import published
from tests.dispatch.builders import THEN, a_cancellation, a_pack, a_release, a_short_pick, hear


def mixed(orders: Sequence[Event], fulfilment: Sequence[Event]) -> Iterator[list[Event]]:
    """All orders in which the two topics can be heard."""
    everything = range(len(orders) + len(fulfilment))
    for places in combinations(everything, len(orders)):
        ours, theirs = iter(orders), iter(fulfilment)
        yield [next(ours) if place in places else next(theirs) for place in everything]


def cut(events: Sequence[Event]) -> Iterator[list[Sequence[Event]]]:
    """All ways to hear them in fetches."""
    for count in range(len(events)):
        for ends in combinations(range(1, len(events)), count):
            bounds = [0, *ends, len(events)]
            yield [events[begin:end] for begin, end in pairwise(bounds)]


async def after(tx: Transaction, fetches: Sequence[Sequence[Event]]) -> tuple[list[tuple[object, ...]], list[tuple[str, int]]]:
    """The lines and what was said, once all fetches were heard; then as if nothing had happened."""
    order_id = fetches[0][0].key
    await tx.execute("SAVEPOINT fresh")
    for fetch in fetches:
        await hear(tx, *fetch)
    lines = await tx.fetch(
        "SELECT s.warehouse, s.release_no, s.status, l.line_no, l.quantity, l.missing, l.packed, l.packed_at "
        "FROM shipment_lines AS l JOIN shipments AS s USING (shipment_id) WHERE s.order_id = $1 ORDER BY 1, 2, 4",
        order_id,
    )
    said = [(row["type"], row["version"]) for row in await published(tx)]
    ahead = await tx.fetchval("SELECT count(*) FROM packed_ahead WHERE order_id = $1", order_id)
    await tx.execute("ROLLBACK TO SAVEPOINT fresh")
    assert ahead == 0
    return [tuple(line) for line in lines], said


async def test_however_the_topics_interleave_and_are_fetched_the_shipment_is_the_same(tx: Transaction) -> None:
    order_id = uuid7()
    orders = [a_release(order_id, (10, 5))]
    fulfilment = [
        a_short_pick(order_id, {1: 4, 2: 1}),
        a_pack(order_id, {1: 2, 2: 4}, version=2),
        a_pack(order_id, {1: 4}, version=3),
    ]
    ways = [way for heard in mixed(orders, fulfilment) for way in cut(heard)]

    results = [await after(tx, way) for way in ways]

    assert len(ways) == 4 * 8
    for lines, said in results:
        assert lines == [("SH", 1, "planned", 1, 10, 4, 6, THEN), ("SH", 1, "planned", 2, 5, 1, 4, THEN)]
        assert said == [("shipment.planned.v1", 1)]


async def test_however_the_topics_interleave_a_shipment_ends_once(tx: Transaction) -> None:
    order_id = uuid7()
    orders = [a_release(order_id, (10,)), a_cancellation(order_id)]
    fulfilment = [a_short_pick(order_id, {1: 7}), a_short_pick(order_id, {1: 3}, version=2)]

    results = [await after(tx, way) for heard in mixed(orders, fulfilment) for way in cut(heard)]

    assert len(results) == 6 * 8
    for lines, said in results:
        assert [line[2] for line in lines] == ["cancelled"]
        assert said == [("shipment.planned.v1", 1), ("shipment.cancelled.v1", 2)]
