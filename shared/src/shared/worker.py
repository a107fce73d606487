"""The process that hears, tells and remembers: consumer, relay, timers, housekeeping, and a small HTTP side for health and metrics."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
import uvicorn
from fastapi import FastAPI

from shared.audit.sealer import Sealer
from shared.bus import Bus
from shared.buses import open_bus
from shared.consumer import Consumer
from shared.database import Pool, open_pool, passes
from shared.health import health_routes
from shared.idempotency import forget_answers
from shared.jobs import Job
from shared.key_store import KeyStore
from shared.main import WORKER_PORT
from shared.memory import settle
from shared.migrations import at_head, keep_leaves
from shared.observability import POOL_SIZE, POOL_USED, worker_metrics
from shared.relay import Relay
from shared.service import Service
from shared.settings import Settings
from shared.timers import fire_due
from shared.walls import Role
from shared.watchdog import Watchdog

HARD_STOP_AFTER = 20.0
log = structlog.get_logger()


def run(service: Service, settings: Settings) -> None:
    """On asyncio's own loop: what uvloop raises for a connection that is gone aiokafka does not know, and its tasks would die of it."""
    asyncio.run(_run(service, settings))


@dataclass
class Worker:
    service: Service
    settings: Settings
    pool: Pool
    bus: Bus
    consumer: Consumer
    relay: Relay
    sealer: Sealer
    stopping: asyncio.Event
    key_store: KeyStore | None

    def jobs(self) -> list[Coroutine[None, None, None]]:
        """All that it does at the same time."""
        stopping = self.stopping
        always = [self.relay.run(stopping), self.sealer.run(stopping), self.fire_timers(), self.keep_house(), self.watch()]
        hearing = [self.consumer.run(stopping)] if self.service.handlers.all else []
        return [*always, *(self.do(job) for job in self.service.jobs), *hearing]

    async def is_ready(self) -> bool:
        return not self.stopping.is_set() and not self.consumer.paused and await at_head(self.pool, self.service.package)

    def metrics(self) -> bytes:
        POOL_SIZE.set(self.pool.get_size())
        POOL_USED.set(self.pool.get_size() - self.pool.get_idle_size())
        return worker_metrics()

    async def do(self, job: Job) -> None:
        assert self.key_store
        store = self.key_store
        while not self.stopping.is_set():
            try:
                done = await _despite(lambda: job.piece(self.pool, store))
            except Exception:  # the others go on; this one is tried again
                log.exception("job.failed", job=job.name)
                done = 0
            if done:
                self.relay.wake.set()
            await _sleep(0.01 if done else job.seconds, self.stopping)

    async def fire_timers(self) -> None:
        while not self.stopping.is_set():
            fired = await _despite(lambda: fire_due(self.pool, self.service.timers))
            if fired:
                self.relay.wake.set()
            await _sleep(0.01 if fired else 0.2, self.stopping)

    async def keep_house(self) -> None:
        """Every hour, where it failed every minute: the ledger's next leaves; away with answers that nobody will ask for again."""
        while not self.stopping.is_set():
            done = [await _despite(each) for each in (self._keep_leaves, self._forget_answers)]
            await _sleep(3600 if all(done) else 60, self.stopping)

    async def _keep_leaves(self) -> bool:
        await keep_leaves(self.settings.database(self.service.package, Role.OWNER))
        return True

    async def _forget_answers(self) -> bool:
        while await forget_answers(self.pool) and not self.stopping.is_set():
            pass
        return True

    async def watch(self) -> None:
        watchdog = Watchdog(self.consumer)
        while not self.stopping.is_set():
            for look in (watchdog.look_at_the_database, self.sealer.measure, watchdog.look_at_the_log):
                await _despite(look)
            await _sleep(5, self.stopping)


async def _run(service: Service, settings: Settings) -> None:
    async with _equipped(service, settings) as worker, _answering(worker):
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, worker.stopping)
        settle()
        try:
            await _all_or_none([asyncio.create_task(job) for job in worker.jobs()], worker.stopping)
        finally:
            await asyncio.gather(worker.bus.close(), worker.relay.bus.close(), return_exceptions=True)


@asynccontextmanager
async def _equipped(service: Service, settings: Settings) -> AsyncIterator[Worker]:
    """A worker with all that it works with. Without its databases it ends with EX_UNAVAILABLE: whoever looks after it starts it anew."""
    try:
        pool = await open_pool(settings.database(service.package, Role.WORKER), settings.pool_size)
        key_store = await service.key_store(settings)
    except Exception as error:
        if not passes(error):
            raise
        log.error("worker.cannot_start", error=repr(error))
        sys.exit(os.EX_UNAVAILABLE)
    bus = open_bus(settings, service.name, service.handlers.topics)
    relay = Relay(pool, open_bus(settings, None, []), f"/{service.name}", settings.member)
    consumer = Consumer(service.name, pool, bus, service.handlers, relay.wake.set)
    try:
        yield Worker(service, settings, pool, bus, consumer, relay, Sealer(pool), asyncio.Event(), key_store)
    finally:
        if key_store:
            await key_store.close()
        await pool.close()


@asynccontextmanager
async def _answering(worker: Worker) -> AsyncIterator[None]:
    """Whoever looks after it can ask as long as it works."""
    app = FastAPI(openapi_url=None)
    app.include_router(health_routes(worker.is_ready, worker.metrics))
    port = worker.settings.port + WORKER_PORT
    server = uvicorn.Server(uvicorn.Config(app, host=worker.settings.host, port=port, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _stop(stopping: asyncio.Event) -> None:
    """Finish what has begun; whatever has not ended in time is left to the crash-proof side of things."""
    stopping.set()
    asyncio.get_running_loop().call_later(HARD_STOP_AFTER, os._exit, 75)


async def _all_or_none(tasks: list[asyncio.Task[None]], stopping: asyncio.Event) -> None:
    """One job that ends before it was asked to stops the others: the supervisor starts the process anew."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.is_set():
        _stop(stopping)
    await asyncio.gather(*tasks)


async def _despite(call: Callable[[], Awaitable[int | None]]) -> int:
    """What a database that is away makes fail is tried again on the next round."""
    try:
        return await call() or 0
    except Exception as error:
        if not passes(error):
            raise
        log.warning("worker.retries", error=repr(error))
        return 0


async def _sleep(seconds: float, stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
