"""Plays the plan: customers order, credit and complain, the warehouse and the drivers work, late stock comes, until all is at rest."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence

from deploy.local.demo.board import Board, Rest, moving
from deploy.local.demo.center import Center
from deploy.local.demo.choices import Choices
from deploy.local.demo.client import GaveUp
from deploy.local.demo.dataset import Credit, Plan, Sale
from deploy.local.demo.desk import HEARD_SECONDS, Desk
from deploy.local.demo.drivers import PATIENT_SECONDS, Drivers
from deploy.local.demo.journal import Journal
from deploy.local.demo.opening import open_house, register, stock_up
from deploy.local.demo.stocking import Stocking, stocking
from deploy.local.demo.warehouse import Warehouse

Step = Sale | tuple[Credit, ...]

ONE_BY_ONE = 500
"""So many orders come one by one, each owner's in their order; further ones in batch calls."""
BATCH_SALES = 100
LOOK_SECONDS = 0.25
STUCK_SECONDS = PATIENT_SECONDS + 30


class Player:
    """`progressed` is told how many orders have ended and how many there will be."""

    def __init__(self, plan: Plan, choices: Choices, center: Center, board: Board, progressed: Callable[[int, int], None]) -> None:
        self.plan, self.journal = plan, Journal()
        self.stocks: Stocking = stocking(plan, choices)
        self.blocked = blocked_owner(plan)
        self._choices, self._center, self._board, self._progressed = choices, center, board, progressed
        self.desk = Desk(center, choices, self.journal)
        self._warehouse = Warehouse(center, choices, self.journal)
        self._drivers = Drivers(center, self.desk, choices, self.journal)
        self._turns = asyncio.Semaphore(8)
        self._room = asyncio.Condition()
        self.seconds = 0.0
        """From the first call to rest."""
        self._moving = 0
        self._window = window(len(plan.sales))
        self._steps_done = 0
        self._lorries = 0
        self._background: set[asyncio.Task[None]] = set()

    async def play(self) -> None:
        """Until all is at rest and every promise has fallen due, so that what was never delivered counts as late."""
        began = time.monotonic()
        await open_house(self._center, self.plan, self.stocks, self.blocked)
        await self._until_heard()
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as people:
            for work in (self._warehouse.work, self._drivers.work, self._watch):
                people.create_task(work(stopping))
            await self._sell()
            await self._until_at_rest()
            self.seconds = time.monotonic() - began
            await asyncio.sleep(await self._board.seconds_until_due(PATIENT_SECONDS))
            stopping.set()

    async def _sell(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            for lane in lanes_of(self.plan.steps):
                lanes.create_task(self._lane(lane))
        await self._unload(len(self.stocks.arrivals))
        await self._unblock()
        while self._background:
            await asyncio.gather(*self._background)

    async def _lane(self, steps: Sequence[Step]) -> None:
        """Steps that must keep their order."""
        waiting: list[Sale] = []
        for step in steps:
            if isinstance(step, Sale) and self._steps_done >= ONE_BY_ONE:
                waiting.append(step)
            else:
                await self._place_all(waiting)
                waiting = []
                await self._play(step)
            if len(waiting) == BATCH_SALES:
                await self._place_all(waiting)
                waiting = []
            await self._done()
        await self._place_all(waiting)

    async def _play(self, step: Step) -> None:
        if not isinstance(step, Sale):
            self._later(self.desk.credit(step))
            return
        await self._make_room(1)
        async with self._turns:
            order_id = await self.desk.place(step)
            await self._change_mind(step, order_id)

    async def _place_all(self, sales: Sequence[Sale]) -> None:
        if not sales:
            return
        await self._make_room(len(sales))
        await self.desk.place_all(sales)
        for sale in sales:
            await self._change_mind(sale, self.journal.placed[sale.invoice])

    async def _change_mind(self, sale: Sale, order_id: str) -> None:
        if sale.owner == self.blocked:
            return
        if self._choices.happens("held at once", sale.invoice) and await self.desk.hold(order_id, "address"):
            self._later(self.desk.settle_hold(order_id))
        elif self._choices.happens("cancelled at once", sale.invoice):
            by_us = self._choices.happens("cancelled by us", sale.invoice)
            await self.desk.cancel(order_id, *(("out_of_stock", "us") if by_us else ("ordered_twice", "customer")))

    async def _unblock(self) -> None:
        """What the blocked owner ordered is looked at, one by one."""
        if self.blocked is None:
            return
        await register(self._center, self.blocked, blocked=False)
        for order in await self.desk.held_orders(self.blocked):
            await self.desk.settle_hold(order.order_id)

    async def _done(self) -> None:
        self._steps_done += 1
        half, lorries = len(self.plan.steps) / 2, len(self.stocks.arrivals)
        await self._unload(int(max(0.0, self._steps_done - half) / half * lorries) if half else lorries)

    async def _unload(self, due: int) -> None:
        """Late stock that is due by now."""
        while self._lorries < due:
            lorry, self._lorries = self._lorries, self._lorries + 1
            await stock_up(self._center, self.stocks.arrivals[lorry], f"lorry-{lorry + 1}-{self.plan.name}")

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """What failed stays, to be raised by whoever gathers."""
        if not task.cancelled() and task.exception() is None:
            self._background.discard(task)

    async def _make_room(self, orders: int) -> None:
        async with self._room:
            await self._room.wait_for(lambda: self._moving + orders <= max(self._window, orders))
            self._moving += orders

    async def _watch(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            statuses = await self._board.statuses()
            async with self._room:
                self._moving = moving(statuses)
                self._room.notify_all()
            self._progressed(sum(statuses.values()) - self._moving, len(self.plan.sales))
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_heard(self) -> None:
        deadline = time.monotonic() + HEARD_SECONDS
        while await self._board.news_travels():
            if time.monotonic() > deadline:
                raise GaveUp(f"What was registered was not heard everywhere in {HEARD_SECONDS:.0f} s.")
            await asyncio.sleep(LOOK_SECONDS)

    async def _until_at_rest(self) -> None:
        """Seen twice in a row; when nobody moves any more the journal says what is stuck."""
        calm, last, changed_at = 0, Rest({}), time.monotonic()
        while calm < 2:
            rest = await self._board.rest()
            calm = 0 if rest.left else calm + 1
            if rest != last:
                last, changed_at = rest, time.monotonic()
            if time.monotonic() - changed_at > STUCK_SECONDS:
                self.journal.stuck = f"Nothing has moved for {STUCK_SECONDS:.0f} s; left: {rest}."
                return
            await asyncio.sleep(LOOK_SECONDS)


def blocked_owner(plan: Plan) -> str | None:
    """A small owner with a few orders is blocked at first, so that holds and rejections are seen."""
    orders: dict[str, int] = {}
    for sale in plan.sales:
        orders[sale.owner] = orders.get(sale.owner, 0) + 1
    few = [owner for owner, count in sorted(orders.items()) if 2 <= count < len(plan.sales) / 3]
    return min(few, key=lambda owner: abs(orders[owner] - 6), default=None)


def window(orders: int) -> int:
    """At most so many are on their way at once: more would only wait and break their promises, and credits would always come in time."""
    return max(20, min(400, orders // 5))


def lanes_of(steps: Sequence[Step]) -> list[list[Step]]:
    """A lane an owner while orders come one by one; one lane for all when batches keep the order anyway."""
    if sum(isinstance(step, Sale) for step in steps) > ONE_BY_ONE:
        return [list(steps)]
    lanes: dict[str, list[Step]] = {}
    for step in steps:
        lanes.setdefault(step.owner if isinstance(step, Sale) else step[0].owner, []).append(step)
    return list(lanes.values())
