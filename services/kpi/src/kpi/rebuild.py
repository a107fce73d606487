"""`python -m kpi.rebuild`: replay the topics into empty tables and put them in place of the facts, while the system may be running."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from time import monotonic
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Column, Table
from shared.bus import PARTITIONS, Bus, BusUnavailable, Partition
from shared.buses import open_bus
from shared.consumer import PARKED_A_MINUTE, Consumer
from shared.crash import crash_point
from shared.database import Pool, Transaction, open_pool, transaction
from shared.log_lines import start_logging
from shared.progress import places
from shared.reading import patient_reader
from shared.service import Service
from shared.settings import Settings
from shared.starting import ends_where_unavailable, read_settings
from shared.walls import Role
from sqlalchemy import text

from kpi import shadow
from kpi.app import SERVICE
from kpi.definitions import KPIS
from kpi.measures import Measure, measure
from kpi.periods import Period
from kpi.queries import Groups, Scope, tallies

INSTANCE = "rebuild"
"""The same for every rebuild: on Kafka an interrupted one is taken over at once, there is no ghost to share partitions with."""
ASSIGNED_WITHIN = 60.0
LOOK_EVERY = 0.1

Figures = Mapping[str, Measure]


class CannotRebuild(Exception):
    """Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures over all time, of what was there and of what the topics say; `comparable`: both had heard the same events."""

    before: Figures
    after: Figures
    comparable: bool

    @property
    def equal(self) -> bool:
        return self.before == self.after


async def rebuild(service: Service, settings: Settings, *, replace: bool, shown: Progress) -> Outcome:
    """Replay everything; then, unless it is only to be compared, put it in place. Raises CannotRebuild."""
    url = settings.database(service.package, Role.OWNER)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=2)  # without time limits: the last step copies everything
    beside = await open_pool(url, 2, settings={"search_path": shadow.SCHEMA})
    bus = open_bus(settings.model_copy(update={"instance": INSTANCE}), f"{service.name}-rebuild", service.handlers.topics)
    try:
        async with _alone(pool), _schema(pool):
            await _replay(Consumer(service.name, beside, bus, service.handlers, linger=0, parked_a_minute=inf), bus, pool, shown)
            return await _conclude(service.name, pool, settings, url, replace=replace)
    finally:
        await bus.close()
        await beside.close()
        await pool.close()


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[None]:
    async with pool.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext('kpi rebuild'))"):
            raise CannotRebuild("Another rebuild is running.")
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtext('kpi rebuild'))")


@asynccontextmanager
async def _schema(pool: Pool) -> AsyncIterator[None]:
    async with transaction(pool) as tx:
        await shadow.make(tx)
        crash_point("rebuild.schema_made")
    try:
        yield
    finally:
        async with transaction(pool) as tx:
            await shadow.drop(tx)
            crash_point("rebuild.schema_dropped")


async def _replay(consumer: Consumer, bus: Bus, pool: Pool, shown: Progress) -> None:
    """Up to the ends of the topics at the beginning, and at least as far as the running worker is then."""
    stopping = asyncio.Event()
    running = asyncio.create_task(consumer.run(stopping))
    try:
        wanted = await _until_assigned(consumer, running)
        await _until(consumer, running, await _ends(bus, wanted), shown.add_task("up to now"), shown)
        reached = {partition: place.offset for partition, place in (await places(pool, consumer.name, wanted)).items()}
        _check_reachable(reached, await _ends(bus, wanted))
        await _until(consumer, running, reached, shown.add_task("up to the worker"), shown)
    finally:
        stopping.set()
        await asyncio.wait([running])


async def _until_assigned(consumer: Consumer, running: asyncio.Task[None]) -> Set[Partition]:
    """All partitions that there have to be. While the group meets anew there may be none for a moment."""
    deadline = monotonic() + ASSIGNED_WITHIN
    wanted = {Partition(topic, number) for topic in consumer.handlers.topics for number in range(PARTITIONS)}
    while not wanted <= set(consumer.positions):
        _check_goes_on(running)
        if monotonic() > deadline:
            raise CannotRebuild("The bus did not hand over all partitions; do the topics exist?")
        await asyncio.sleep(LOOK_EVERY)
    return wanted


def _check_reachable(reached: Mapping[Partition, int], ends: Mapping[Partition, int]) -> None:
    """Raises CannotRebuild where the worker's place is not on the topics."""
    beyond = [f"{place.topic}/{place.number} ({offset} of {ends[place]})" for place, offset in reached.items() if offset > ends[place]]
    if beyond:
        raise CannotRebuild(
            f"The worker is further than the topics reach: {', '.join(sorted(beyond))}. The log was replaced and it has not noticed yet:"
            " start it, have every service say its ledger again (`relay replay`), and try once more."
        )


def _check_goes_on(running: asyncio.Task[None]) -> None:
    """It ends by itself through an error alone."""
    if running.done():
        raise CannotRebuild(f"The replay does not go on: {(fault := running.exception())!r}") from fault


async def _ends(bus: Bus, wanted: Set[Partition]) -> Mapping[Partition, int]:
    """Of these at least."""
    deadline = monotonic() + ASSIGNED_WITHIN
    while monotonic() < deadline:
        with suppress(BusUnavailable):
            if wanted <= (ends := await bus.ends()).keys():
                return ends
        await asyncio.sleep(LOOK_EVERY)
    raise CannotRebuild("The bus did not hand over all partitions for long enough to tell where they end.")


async def _until(consumer: Consumer, running: asyncio.Task[None], ends: Mapping[Partition, int], bar: TaskID, shown: Progress) -> None:
    def reached(partition: Partition) -> int:
        place = consumer.positions.get(partition)
        return place.offset if place else 0

    total = sum(ends.values())
    while left := sum(max(end - reached(partition), 0) for partition, end in ends.items()):
        _check_goes_on(running)
        shown.update(bar, total=total, completed=total - left)
        await asyncio.sleep(LOOK_EVERY)
    shown.update(bar, total=total, completed=total)


async def _conclude(consumer: str, pool: Pool, settings: Settings, url: str, *, replace: bool) -> Outcome:
    async with transaction(pool) as tx:
        await shadow.hold_writers(tx)
        if (refused := await shadow.refused_anew(tx, consumer)) > PARKED_A_MINUTE:
            raise CannotRebuild(f"The replay refuses {refused} things that were not refused so far; see the log.")
        outcome = await _compare(tx, consumer, ZoneInfo(settings.business_zone), url)
        if replace:
            await shadow.put_in_place(tx, consumer)
        crash_point("rebuild.put_in_place")
    return outcome


async def _compare(tx: Transaction, consumer: str, zone: ZoneInfo, url: str) -> Outcome:
    as_of = await tx.now()
    before, after = await _figures(url, "public", zone, as_of), await _figures(url, shadow.SCHEMA, zone, as_of)
    return Outcome(before, after, await shadow.same_place(tx, consumer))


async def _figures(url: str, schema: str, zone: ZoneInfo, as_of: datetime) -> Figures:
    """Every KPI over all time."""
    scope = Scope(Period(datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC), zone))
    engine = patient_reader(url)
    try:
        async with engine.connect() as reading:
            await reading.execute(text(f"SET search_path = {schema}"))
            return {name: measure(kpi, (await tallies(reading, kpi, scope, Groups(), as_of))[0]) for name, kpi in KPIS.items()}
    finally:
        await engine.dispose()


def report(outcome: Outcome) -> Table:
    """Every KPI before and after."""
    table = Table(Column("KPI", no_wrap=True), "before", "after", "equal", title="Every KPI over all time")
    for name in KPIS:
        before, after = outcome.before[name], outcome.after[name]
        table.add_row(name, _text(before), _text(after), "yes" if before == after else "NO")
    return table


def _text(measured: Measure) -> str:
    if measured.value is None:
        return "no data"
    if measured.lead_time:
        return f"{measured.value} min ({measured.denominator})"
    return f"{measured.value} % ({measured.numerator} / {measured.denominator})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m kpi.rebuild", description="Replay the topics into empty tables and put them in place.")
    parser.add_argument("--check", action="store_true", help="only compare: change nothing, fail when a figure differs")
    check = parser.parse_args(arguments).check
    settings, console = read_settings(SERVICE.settings), Console()
    start_logging(SERVICE.name, "rebuild", settings.log_level)
    with ends_where_unavailable():
        try:
            with Progress(console=console) as shown:
                outcome = asyncio.run(rebuild(SERVICE, settings, replace=not check, shown=shown))
        except CannotRebuild as reason:
            sys.exit(f"Nothing was changed. {reason}")
    console.print(report(outcome))
    if not outcome.comparable:
        console.print("The running worker had not heard the same events as the replay: differing figures mean nothing yet.")
    if check and not outcome.equal:
        sys.exit(1)


if __name__ == "__main__":
    main()
