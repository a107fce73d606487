"""On PostgreSQL: whatever is said again, swapped, read again from an older offset or cut off, each event has its effect once, in order."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from shared.events import OrderRejected

from tests.examples import examples
from tests.shared.plumbing import World, quiet, record, rejected

ORDERS = 3
WHICH, NUMBERS = st.integers(0, ORDERS - 1), st.integers(0, 40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), WHICH, st.integers(1, 4)),
        st.tuples(st.just("relay"), st.booleans()),
        st.tuples(st.just("repeat"), NUMBERS),
        st.tuples(st.just("swap"), NUMBERS),
        st.tuples(st.just("hear")),
        st.tuples(st.just("restart")),
        st.tuples(st.just("go_back"), NUMBERS),
        st.tuples(st.just("send_all_again")),
    ),
    min_size=4,
    max_size=20,
)
Step = tuple[object, ...]
STEPS_AT_MOST = 200
"""Of a consumer that finds one log after the other replaced, and reads them all again."""


class Life:
    """Events of some orders on their way through outbox, relay, log and consumer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders: Sequence[UUID] = [uuid4() for _ in range(ORDERS)]
        self.said: list[OrderRejected] = []
        self.relay_, self.consumer = world.relay(), world.consumer()

    async def say(self, which: int, count: int) -> None:
        order = self.orders[which]
        last = sum(event.order_id == order for event in self.said)
        events = [rejected(order, version) for version in range(last + 1, last + count + 1)]
        self.said += events
        await self.world.say(*events)

    async def relay(self, is_killed: bool) -> None:
        """Killed between the acknowledgement and the deletion it leaves everything pending."""
        sql = "SELECT array_agg(id) AS ids, array_agg(created_at) AS times FROM outbox_pending"
        pending = await self.world.pool.fetchrow(sql)
        await self.relay_.step()
        if is_killed and pending and pending["ids"]:
            again = "INSERT INTO outbox_pending (id, created_at) SELECT * FROM unnest($1::bigint[], $2::timestamptz[])"
            await self.world.pool.execute(again, pending["ids"], pending["times"])

    async def repeat(self, number: int) -> None:
        """By a producer that nobody knows, once it was sent."""
        if sent := self.said[: await self._sent()]:
            await self.relay_.bus.send([record(sent[number % len(sent)])])

    async def swap(self, number: int) -> None:
        """Two that follow each other come the other way round, before they are sent in order."""
        two = [event for event in self.said if event.order_id == self.orders[number % ORDERS]][-2:]
        await self.relay_.bus.send([record(event) for event in reversed(two)])

    async def hear(self) -> None:
        await quiet(self.consumer)

    async def restart(self) -> None:
        await self.consumer.bus.close()
        self.consumer = self.world.consumer()

    async def go_back(self, number: int) -> None:
        """As a backup that was restored, or an operator who set the offset."""
        sql = "UPDATE consumer_offsets SET next_offset = next_offset * $1 / 40, last_event_id = 'another'"
        await self.world.pool.execute(sql, number)
        await self.restart()

    async def send_all_again(self) -> None:
        mine = "SELECT id, created_at FROM outbox WHERE key = ANY($1::text[])"
        await self.world.pool.execute(f"INSERT INTO outbox_pending {mine} ON CONFLICT DO NOTHING", [str(order) for order in self.orders])

    async def check(self) -> None:
        for order in self.orders:
            effects = await self.world.effects(order)
            assert effects == list(range(1, len(effects) + 1))

    async def close(self) -> None:
        await self.consumer.bus.close()
        await self.relay_.bus.close()

    async def end(self) -> None:
        await self.send_all_again()
        while await self.relay_.step():
            pass
        await self.restart()
        for _ in range(STEPS_AT_MOST):
            if await self.is_whole():
                break
            await self.consumer.step()
        await self.hear()

    async def is_whole(self) -> bool:
        heard = [len(await self.world.effects(order)) for order in self.orders]
        return heard == [sum(event.order_id == order for event in self.said) for order in self.orders]

    async def _sent(self) -> int:
        return len(self.said) - int(await self.world.pool.fetchval("SELECT count(*) FROM outbox_pending"))


@given(STEPS)
@examples(12)
async def test_each_event_has_its_effect_once_and_in_order(common_world: World, steps: list[Step]) -> None:
    life = Life(common_world)
    try:
        for name, *arguments in steps:
            await getattr(life, str(name))(*arguments)
            await life.check()
        await life.end()
    finally:
        await life.close()

    assert await life.is_whole()
    assert await common_world.value("SELECT count(*) FROM waiting") == 0
