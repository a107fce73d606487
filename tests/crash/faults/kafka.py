"""The broker dies, and once it loses everything."""

import asyncio
import os
import signal
from collections.abc import Iterable

from deploy.local.kafka import Kafka
from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Field, InVain, Places, fault
from tests.crash.faults.processes import joined
from tests.crash.proxy import Weather

THE_BEGINNING = "2000-01-01T00:00:00Z"
REPLAY_SECONDS = 90.0


@fault("Kafka is killed and comes back", "kafka")
async def kill(ground: Field) -> None:
    broker = ground.stage.kafka
    assert broker
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(ground.seconds(1, 15 if ground.full else 6))
    await asyncio.to_thread(broker.start)


@fault("Kafka is killed, and the workers while it is away", "kafka")
async def kill_with_workers(ground: Field) -> None:
    broker = ground.stage.kafka
    assert broker
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(ground.seconds(2, 4))
    for service in SERVICES:
        ground.stage.program(service.name, "worker").kill()
    await asyncio.to_thread(broker.start)


@fault("SIGSTOP of Kafka", "kafka")
async def stop(ground: Field) -> None:
    """Connections stay open and nothing comes through them, at times longer than a member may be silent."""
    broker = ground.stage.kafka
    if broker is None or broker.pid is None:
        raise InVain("the broker was down")
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(ground.seconds(3, 25))
    finally:
        ground.stage.wake_kafka()


@fault("Kafka is down for more than a minute", "kafka")
async def long_outage(ground: Field) -> None:
    broker = ground.stage.kafka
    assert broker
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(ground.seconds(61, 65))
    await asyncio.to_thread(broker.start)


@fault("Kafka loses everything; the ledgers are replayed", "kafka", "records", "links")
async def wipe(ground: Field) -> None:
    """One of the workers is cut off meanwhile, so that it may not see the new log end before its place."""
    link = ground.stage.links.kafka[f"{ground.drawn.choice(SERVICES).name}-worker"]
    link.become(Weather(dark_up=True, dark_down=True))
    try:
        await _lose_everything(ground)
        await replay(ground, ground.vigil.losses.owed)
    finally:
        link.become(Weather())


async def _lose_everything(ground: Field) -> None:
    """A new, empty cluster at the same address, with the topics made."""
    broker = ground.stage.kafka
    assert broker
    await asyncio.to_thread(_wiped, ground, broker, await ground.places())
    await asyncio.sleep(ground.seconds(0.2, 2))
    await asyncio.to_thread(broker.start)
    await ground.stage.tool("shared", "topics")


def _wiped(ground: Field, broker: Kafka, places: Places) -> None:
    """A thread is not called back: what it has done is written down, even when its fault was broken off meanwhile."""
    broker.wipe()
    ground.vigil.losses.happened(service.package for service in SERVICES)
    ground.forget_poison(places)


async def replay(ground: Field, packages: Iterable[str]) -> None:
    """As an operator does it, service by service; a service that cannot be reached now is asked again, for a while."""
    async with asyncio.timeout(REPLAY_SECONDS):
        for package in packages:
            while not await _is_replayed(ground, package):
                await asyncio.sleep(1)
            ground.vigil.losses.replayed(package)


async def _is_replayed(ground: Field, package: str) -> bool:
    try:
        await ground.stage.tool(package, "relay", "replay", "--from", THE_BEGINNING)
    except RuntimeError:
        return False
    return True


@fault(
    "a delete of the relay arrives after another leader, another log and a replay", "kafka", "postgres", "records", "second worker", "links"
)
async def stale_delete(ground: Field) -> None:
    """What a leader that was replaced has sent to a log that is gone must not be deleted: it has to be sent once more. The other one has
    sent and deleted it as well, to that same log."""
    service = next(each for each in SERVICES if each.name == "inventory")
    link = ground.stage.links.postgres["inventory-worker"]
    link.traps["hold_delete"] = 1
    for _ in range(200):
        if not link.traps.get("hold_delete"):
            break
        await asyncio.sleep(0.05)
    if link.traps.pop("hold_delete", None):
        raise RuntimeError("the relay had nothing to delete")
    async with joined(ground, service) as second:
        try:
            await _taken_over(ground)
            await asyncio.sleep(2)
            second.pause()
            await _lose_everything(ground)
            await replay(ground, [service.package])
        finally:
            link.released.set()
            await asyncio.sleep(1)
            second.go_on()
            await replay(ground, ground.vigil.losses.owed)


async def _taken_over(ground: Field) -> None:
    epoch = await ground.ask("inventory", "SELECT epoch FROM relay_lease")
    while await ground.ask("inventory", "SELECT epoch FROM relay_lease") == epoch:
        await asyncio.sleep(0.2)
