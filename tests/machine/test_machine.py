"""Whatever customers, staff, relays and consumers do, in whatever order: the handlers of all services keep the invariants.

More of it with LSC_HYPOTHESIS=long; a run that failed is repeated exactly by the steps that hypothesis prints.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from crm.commands.customers import Registration, register_customers
from crm.schemas import CustomerBody
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from order_intake.errors import ReferenceTaken
from shared.batches import Done
from shared.migrations import migrate
from shared.sealing import SubjectKey
from shared.walls import Role

from deploy.local.demo.target import Target
from deploy.local.postgres import Postgres
from tests.conftest import OPERATOR_KEY, PACKAGES
from tests.examples import examples
from tests.machine.calls import called
from tests.machine.customers import OWNER, Customers, Lines
from tests.machine.memory_bus import TAKEN, Way
from tests.machine.staff import SKUS, WAREHOUSES, Staff
from tests.machine.town import House, Town

LOOK_EVERY_STEPS = 3
SHIFTS_AT_MOST = 20
ORDERS_AT_MOST = 9
WHICH = st.integers(0, 7)
NUMBERS = st.integers(0, 400)
AT_ONCE = st.integers(1, 40)
TIMES = st.sampled_from([1, 1, 2])
WAYS = st.sampled_from(TAKEN)
SERVICES = st.sampled_from(PACKAGES)
LINE = st.tuples(st.sampled_from(SKUS), st.integers(1, 6))
LINES = st.lists(LINE, min_size=1, max_size=3)
T = TypeVar("T")


class Trade(RuleBasedStateMachine):
    """A few orders for what there is too little of, on their ways through all five services."""

    def __init__(self, town: Town, runner: asyncio.Runner) -> None:
        super().__init__()
        self.town, self._runner, self._steps = town, runner, 0
        keys: dict[str, SubjectKey] = {}
        self.customers = Customers(town["order_intake"], keys)
        self.staff = Staff(town["inventory"], town["dispatch"], keys)
        self._do(self._open_house())

    @initialize(wishes=st.lists(st.tuples(LINES, st.booleans()), min_size=2, max_size=4))
    def first_orders(self, wishes: list[tuple[Lines, bool]]) -> None:
        for lines, allow_partial in wishes:
            self._do(self.customers.place(lines, allow_partial=allow_partial, at_once=False))

    @precondition(lambda self: len(self.customers.acknowledged) < ORDERS_AT_MOST)
    @rule(lines=LINES, allow_partial=st.booleans(), at_once=st.booleans())
    def place(self, lines: Lines, *, allow_partial: bool, at_once: bool) -> None:
        self._do(self.customers.place(lines, allow_partial=allow_partial, at_once=at_once))

    @rule(which=WHICH, is_changed=st.booleans())
    def place_again(self, which: int, *, is_changed: bool) -> None:
        answer, first = self._do(self.customers.place_again(which, is_changed=is_changed))
        if is_changed:
            assert isinstance(answer, ReferenceTaken)
        else:
            assert isinstance(answer, Done)
            assert (answer.value.first.order_id, answer.created) == (first, False)

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        self._do(self.customers.cancel(self.customers.order(which)))

    @rule(which=WHICH, quantities=st.lists(st.integers(0, 6), max_size=3), added=st.lists(LINE, max_size=1), times=TIMES)
    def amend(self, which: int, quantities: list[int], added: list[tuple[str, int]], times: int) -> None:
        self._do(self.customers.amend(self.customers.order(which), quantities, added, times=times))

    @rule(sku=st.sampled_from(SKUS), warehouse=st.sampled_from(WAREHOUSES), quantity=st.integers(-5, 9).filter(bool), times=TIMES)
    def adjust(self, sku: str, warehouse: str, quantity: int, times: int) -> None:
        self._do(self.staff.adjust(sku, warehouse, quantity, times=times))

    @rule(which=WHICH, missing=st.sampled_from([0, 0, 1, 9]), times=TIMES)
    def pick(self, which: int, missing: int, times: int) -> None:
        self._do(self.staff.pick(self.customers.order(which), missing, times=times))

    @rule(which=WHICH, times=TIMES)
    def pack(self, which: int, times: int) -> None:
        self._do(self.staff.pack(self.customers.order(which), times=times))

    @rule(which=WHICH, times=TIMES)
    def hand_over(self, which: int, times: int) -> None:
        """Any that was ever planned, whether it may go or not."""
        if shipment_id := self._one_of(which, "planned", "assigned", "handed_over", "cancelled"):
            self._do(self.staff.hand_over([shipment_id], times=times))

    @rule(which=WHICH, damaged=st.integers(0, 2), short=st.integers(0, 2), times=TIMES)
    def deliver(self, which: int, damaged: int, short: int, times: int) -> None:
        if shipment_id := self._one_of(which, "handed_over"):
            self._do(self.staff.deliver(shipment_id, damaged, short, times=times))

    @rule(which=WHICH)
    def try_in_vain(self, which: int) -> None:
        if shipment_id := self._one_of(which, "handed_over"):
            self._do(self.staff.try_in_vain(shipment_id))

    @rule(way=WAYS)
    def a_quiet_day(self, way: Way) -> None:
        """All news arrive, and all that can be done for it is done once."""
        self._do(self.town.settle(way))
        self._do(self.staff.do_what_is_left())

    @rule(way=WAYS)
    def news_arrive(self, way: Way) -> None:
        self._do(self.town.settle(way))

    @rule(package=SERVICES, way=st.sampled_from(Way))
    def speak(self, package: str, way: Way) -> None:
        self._do(self._house(package).speak(way))

    @rule(package=SERVICES, at_once=AT_ONCE)
    def hear(self, package: str, at_once: int) -> None:
        self._do(self._house(package).hear(at_once))

    @rule(package=SERVICES)
    def hear_in_vain(self, package: str) -> None:
        self._do(self._house(package).hear_in_vain())

    @rule(package=SERVICES)
    def fire_timers(self, package: str) -> None:
        self._do(self._house(package).fire())

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=4))
    def repeat_events(self, numbers: list[int]) -> None:
        for number in numbers:
            self.town.log.repeat(number)

    @rule(package=SERVICES)
    def restart(self, package: str) -> None:
        self._house(package).restart()

    @rule(package=SERVICES, at_once=st.integers(1, 3))
    def who_was_replaced_goes_on(self, package: str, at_once: int) -> None:
        self._do(self.town.take_over(package, at_once))

    @rule(package=SERVICES)
    def read_all_again(self, package: str) -> None:
        self._do(self.town.begin_again(package))

    @invariant()
    def nothing_is_lost_doubled_or_oversold(self) -> None:
        self._steps += 1
        if self._steps % LOOK_EVERY_STEPS == 0:
            assert self._do(self.town.broken_now(self.customers.acknowledged)) == []

    def teardown(self) -> None:
        """Everything is carried through, and then the services agree and nothing waits."""
        self._do(self._carry_through())
        assert self._do(self.town.broken_at_rest(self.customers.acknowledged)) == []

    async def _open_house(self) -> None:
        await self.town.open()
        customer = Registration(OWNER, CustomerBody(name="Owner of the goods"))
        await called(self.town["crm"], lambda tx: register_customers(tx, [customer]))
        await self.staff.open_house()
        for sku in SKUS:
            await self.staff.adjust(sku, WAREHOUSES[0], 11)
        await self.town.settle()

    async def _carry_through(self) -> None:
        for _ in range(SHIFTS_AT_MOST):
            await self.town.settle()
            if not await self.staff.do_what_is_left():
                return
        broken = await self.town.broken_at_rest(self.customers.acknowledged)
        raise AssertionError(f"There is still something to do after {SHIFTS_AT_MOST} shifts: {broken}")

    def _house(self, package: str) -> House:
        return self.town.houses[package]

    def _one_of(self, which: int, *statuses: str) -> UUID | None:
        found = self._do(self.staff.shipments(*statuses))
        return found[which % len(found)] if found else None

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def target(postgres: Postgres) -> Target:
    """Databases of this file's own: between two examples they are emptied."""
    url = postgres.url("machine_{database}", "{database}")
    made = Target.of({"DATABASE_URL": url, "LSC_OPERATOR_KEY": OPERATOR_KEY})
    for package in PACKAGES:
        postgres.create_service(package, f"machine_{package}")
        migrate(package, made.database(package, Role.OWNER))
    return made


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as made:
        yield made


@pytest.fixture(scope="module")
def town(target: Target, runner: asyncio.Runner) -> Iterator[Town]:
    made = runner.run(Town.built(target))
    yield made
    runner.run(made.close())


def test_the_invariants_hold_whatever_happens(town: Town, runner: asyncio.Runner) -> None:
    made = partial(Trade, town, runner)
    run_state_machine_as_test(made, settings=examples(6, steps=40, shrinks=False))  # type: ignore[arg-type]  # what makes one will do
