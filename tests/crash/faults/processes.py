"""Processes die, hang, are replaced, and get company."""

import asyncio

from deploy.local.services import ROLES, SERVICES
from deploy.local.watch import Program
from tests.crash.faults.catalogue import Field, fault
from tests.crash.patches import HANGS_SECONDS

ARMED_SECONDS = 25
LONGER_THAN_EVERY_LEASE = 17.0
"""Seconds: the relay's lease is taken over after 10, a member of a Kafka group is given up after 15."""


def _any_program(ground: Field) -> Program:
    return ground.stage.program(ground.drawn.choice(SERVICES).name, ground.drawn.choice(ROLES))


async def alive(program: Program) -> None:
    while not program.pid:
        await asyncio.sleep(0.1)


@fault("SIGKILL at random")
async def kill(ground: Field) -> None:
    program = _any_program(ground)
    await alive(program)
    program.kill()


@fault("SIGKILL at a point")
async def kill_at_point(ground: Field) -> None:
    """The process starts anew with the point armed; the supervisor brings the one after it up unarmed."""
    if (armed := ground.points.next(ground.drawn)) is None:
        await asyncio.sleep(1)
        return
    cell, nth = armed
    is_reached = False
    try:
        is_reached = await _crashed(ground.stage.program(cell.service, cell.role), f"{cell.point}:{nth}")
    finally:
        ground.points.note(cell, reached=is_reached)


async def _crashed(program: Program, place: str) -> bool:
    """Whether it kills itself there in time; if not it is ended, so that nobody stays armed. Whoever is killed by others did not."""
    await alive(program)
    crashes = len(program.crashed_at)
    program.arm(place)
    for _ in range(ARMED_SECONDS * 10):
        if program.crashed_at[crashes:]:
            return program.crashed_at[crashes:] == [place]
        await asyncio.sleep(0.1)
    await alive(program)
    program.kill()
    return False


@fault("SIGSTOP longer than every lease, another worker takes over", "second worker")
async def zombie(ground: Field) -> None:
    service = ground.drawn.choice(SERVICES)
    first, second = ground.stage.program(service.name, "worker"), ground.stage.start_second(service)
    await alive(first)
    first.pause()
    await asyncio.sleep(LONGER_THAN_EVERY_LEASE + ground.seconds(0, 5))
    first.go_on()
    await asyncio.sleep(ground.seconds(2, 5))
    await leave_group(ground, second)


@fault("a worker hangs with a batch in hand, another takes over", "second worker")
async def hang(ground: Field) -> None:
    """It wakes when its offsets have been moved by the other."""
    service = ground.drawn.choice(SERVICES)
    first, second = ground.stage.program(service.name, "worker"), ground.stage.start_second(service)
    await alive(first)
    first.next_life = ground.stage.patched("hangs-once")
    first.kill()
    await asyncio.sleep(HANGS_SECONDS + ground.seconds(12, 16))
    await leave_group(ground, second)
    first.kill()


@fault("SIGSTOP of an API")
async def paused_api(ground: Field) -> None:
    program = ground.stage.program(ground.drawn.choice(SERVICES).name, "api")
    await alive(program)
    program.pause()
    await asyncio.sleep(ground.seconds(2, 8))
    program.go_on()


@fault("SIGTERM roll of all processes", "roll")
async def roll(ground: Field) -> None:
    for service in SERVICES:
        for role in ROLES:
            program = ground.stage.program(service.name, role)
            await alive(program)
            program.roll()
            await asyncio.sleep(ground.seconds(0.5, 1.5))


@fault("a second worker comes and goes", "second worker")
async def rebalance(ground: Field) -> None:
    service = ground.drawn.choice(SERVICES)
    for _ in range(4 if ground.full else 2):
        second = ground.stage.start_second(service)
        await asyncio.sleep(ground.seconds(4, 7))
        await leave_group(ground, second)


async def leave_group(ground: Field, second: Program) -> None:
    """By SIGTERM or by SIGKILL."""
    if ground.drawn.random() < 0.5:
        second.ask_to_stop()
        await asyncio.to_thread(second.wait_stopped, asyncio.get_running_loop().time() + 25)
    else:
        second.ask_to_stop()
        second.kill()
        await asyncio.to_thread(second.wait_stopped, 0)


@fault("the next release of a service beside the present one of all others", "skew")
async def skew(ground: Field) -> None:
    programs = [ground.stage.program("inventory", role) for role in ROLES]
    for program in programs:
        await alive(program)
        program.next_life = ground.stage.patched("newer")
        program.roll()
    await asyncio.sleep(ground.seconds(8, 12))
    for program in programs:
        await alive(program)
        program.roll()
