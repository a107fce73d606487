import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import uuid4

import pytest
from kpi import shadow
from kpi.app import SERVICE
from kpi.rebuild import CannotRebuild, Outcome, rebuild, report
from rich.progress import Progress
from shared.bus import Bus, BusUnavailable, Partition
from shared.buses import TOPICS, open_bus
from shared.consumer import PARKED_A_MINUTE, Consumer
from shared.database import Pool, open_pool, transaction
from shared.events import ApiKeyIssued, ApiKeyRevoked, Event
from shared.migrations import migrate
from shared.outbox import publish
from shared.postgres_log import PostgresBus, make_topics
from shared.progress import places
from shared.relay import Relay
from shared.settings import Settings
from shared.walls import Role, entered_as

from deploy.local.postgres import Postgres
from tests.kpi.builders import AnOrder, a_customer, hours
from tests.kpi.test_facts import busy_day

_FACTS = """
SELECT json_build_array(
    (SELECT json_agg(f ORDER BY order_id) FROM order_facts f),
    (SELECT json_agg(f ORDER BY order_id, line_no) FROM line_facts f),
    (SELECT json_agg(f ORDER BY case_id) FROM case_facts f)
)::text
"""


@dataclass
class Running:
    """kpi with its worker and the log it reads, all its own."""

    pool: Pool
    bus: Bus
    settings: Settings
    consumer: Consumer = field(init=False)
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        self.consumer = Consumer("kpi", self.pool, self.bus, SERVICE.handlers, linger=0)
        self.relay = Relay(self.pool, self.bus, "/tests", "worker")

    async def say(self, events: Sequence[Event]) -> None:
        """By the way that every service takes: outbox and relay."""
        async with transaction(self.pool) as tx:
            await publish(tx, *events)
        while await self.relay.step():
            pass

    async def catch_up(self) -> None:
        """The worker applies all that was said."""
        async with asyncio.timeout(20):
            while not self.consumer.positions or await self.behind():
                await self.consumer.step()

    async def behind(self) -> int:
        """Events of the log that are not in our database."""
        reached = await places(self.pool, "kpi", self.consumer.positions)
        return sum(end - reached[partition].offset for partition, end in (await self.bus.ends()).items())

    async def facts(self) -> str:
        return str(await self.pool.fetchval(_FACTS))

    async def rebuild(self, *, replace: bool = True) -> Outcome:
        with Progress(disable=True) as shown:
            return await rebuild(SERVICE, self.settings, replace=replace, shown=shown)


@pytest.fixture
async def running(postgres: Postgres) -> AsyncIterator[Running]:
    name = f"kpi_{uuid4().hex[:8]}"

    def made() -> str:
        postgres.create_service("kpi", name)
        url = postgres.url(name, "kpi")
        migrate("kpi", entered_as(url, "kpi", Role.OWNER))
        return url

    url = await asyncio.to_thread(made)
    log_url = entered_as(url, "kpi", Role.OWNER)
    await make_topics(log_url, TOPICS)
    pool = await open_pool(entered_as(url, "kpi", Role.WORKER), 4)
    bus = PostgresBus(log_url, instance="worker", group="kpi", topics=SERVICE.handlers.topics)
    settings = SERVICE.settings().model_copy(update={"database_url": url, "log_url": log_url, "kafka_bootstrap_servers": None})
    yield Running(pool, bus, settings)
    await bus.close()
    await pool.close()


async def test_a_rebuild_gives_the_same_figures_and_facts(running: Running) -> None:
    await running.say(busy_day(a_customer()))
    await running.catch_up()
    facts = await running.facts()

    outcome = await running.rebuild()

    assert outcome.equal
    assert outcome.comparable
    assert all(measure.denominator for measure in outcome.after.values())
    assert await running.facts() == facts


async def test_a_rebuild_repairs_facts_that_were_lost(running: Running) -> None:
    await running.say(busy_day(a_customer()))
    await running.catch_up()
    facts = await running.facts()
    await running.pool.execute("UPDATE line_facts SET damaged = 0")
    await running.pool.execute("DELETE FROM case_facts")

    checked = await running.rebuild(replace=False)
    damaged = await running.facts()
    outcome = await running.rebuild()

    assert damaged != facts
    assert not checked.equal
    assert outcome.before["damage_rate"].numerator == 0 < outcome.after["damage_rate"].numerator
    assert report(outcome).row_count == len(outcome.after)
    assert await running.facts() == facts


async def test_the_running_worker_goes_on_where_the_rebuild_ended(running: Running) -> None:
    """It has applied a part, the rebuild all; then neither is anything applied twice nor left out."""
    customer = a_customer()
    events, later = busy_day(customer), AnOrder(customer).arrived({1: (9, 1, 0)}).complained(after=hours(20)).events
    await running.say(events[:15])
    await running.catch_up()
    await running.say(events[15:])

    outcome = await running.rebuild()
    await running.say(later)
    await running.catch_up()

    assert not outcome.comparable
    checked = await running.rebuild(replace=False)
    assert checked.comparable
    assert checked.equal
    told = [event for event in (*events, *later) if event.type in SERVICE.handlers.types]
    assert await running.pool.fetchval("SELECT sum(version) FROM progress") == len(told)


async def test_what_was_refused_over_time_is_refused_again_at_once_and_a_bad_deploy_is_not_put_in_place(running: Running) -> None:
    placed = [AnOrder(a_customer()).placed().events[0] for _ in range(PARKED_A_MINUTE + 1)]
    spoilt = [event.model_copy(update={"consignee_code": "A\0", "customer_reference": "PO\0"}) for event in placed]
    running.consumer.parked_a_minute = inf
    await running.say(spoilt)
    await running.catch_up()

    assert (await running.rebuild()).equal

    await running.pool.execute("UPDATE progress SET parked_at = NULL")
    with pytest.raises(CannotRebuild, match=f"refuses {len(spoilt)} things"):
        await running.rebuild()


async def test_a_worker_that_is_in_the_middle_of_a_batch_is_waited_for(running: Running) -> None:
    """Whatever the moment, worker and rebuild together count everything once."""
    customer = a_customer()
    for _ in range(4):
        await running.say(busy_day(customer))

    async def work() -> None:
        await running.catch_up()

    await asyncio.gather(running.rebuild(), work())
    await running.catch_up()

    checked = await running.rebuild(replace=False)
    assert checked.comparable
    assert checked.equal


class MeetsAnew:
    """A bus that at first cannot say where its partitions end: its client is renewed, then it has none."""

    def __init__(self, bus: Bus) -> None:
        self._bus, self._moments = bus, iter([BusUnavailable("renewed"), None])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def ends(self) -> Mapping[Partition, int]:
        for moment in self._moments:
            if moment:
                raise moment
            return {}
        return await self._bus.ends()


async def test_a_moment_without_partitions_is_not_taken_for_empty_topics(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is more than a consumer takes at once."""
    await running.say([event for _ in range(40) for event in busy_day(a_customer())])
    monkeypatch.setattr("kpi.rebuild.open_bus", lambda *given: MeetsAnew(open_bus(*given)))

    outcome = await running.rebuild()
    await running.catch_up()

    assert outcome.after == (await running.rebuild()).before


async def test_a_worker_that_is_beyond_the_end_of_the_topics_is_not_waited_for(running: Running) -> None:
    """The log was replaced, and it has not noticed yet."""
    await running.say(busy_day(a_customer()))
    await running.catch_up()
    facts = await running.facts()
    await running.pool.execute("UPDATE consumer_offsets SET next_offset = next_offset + 5")

    async with asyncio.timeout(20):
        with pytest.raises(CannotRebuild, match="further than"):
            await running.rebuild()

    assert await running.facts() == facts


async def test_a_replay_that_ends_by_an_error_says_by_which_and_changes_nothing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    await running.say(busy_day(a_customer()))
    await running.catch_up()
    facts, step = await running.facts(), Consumer.step

    async def failing(consumer: Consumer) -> int:
        if consumer.positions:
            raise ValueError("not a thing of this world")
        return await step(consumer)

    monkeypatch.setattr(Consumer, "step", failing)
    with pytest.raises(CannotRebuild, match="not a thing of this world"):
        await running.rebuild()

    assert await running.facts() == facts


async def test_nothing_is_left_behind_and_two_do_not_run_at_once(running: Running) -> None:
    await running.say(busy_day(a_customer()))

    outcomes = await asyncio.gather(running.rebuild(), running.rebuild(), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [CannotRebuild]
    assert not await running.pool.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", shadow.SCHEMA)


async def test_keys_that_the_rebuild_heard_before_the_worker_are_not_lost(running: Running) -> None:
    """The worker goes on behind them and never hears of them itself."""
    customer, at = a_customer(), datetime(2026, 5, 1, 8, tzinfo=UTC)
    first = ApiKeyIssued(
        customer_id=customer, version=1, occurred_at=at, key_id=f"k_1{customer}", secret_hash="00" * 32, scopes=("kpi:read",)
    )
    second = first.model_copy(update={"key_id": f"k_2{customer}", "event_id": uuid4()})
    gone = ApiKeyRevoked(customer_id=customer, occurred_at=at, version=2, key_id=first.key_id)
    await running.say([first])
    await running.catch_up()
    await running.say([second, gone])

    await running.rebuild()
    await running.catch_up()

    rows = await running.pool.fetch("SELECT key_id, revoked_at FROM api_keys WHERE customer_id = $1 ORDER BY key_id", customer)
    assert [tuple(row) for row in rows] == [(first.key_id, at), (second.key_id, None)]
