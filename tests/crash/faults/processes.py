"""Processes die, hang, are replaced, and get company."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic

from shared.kafka import SESSION_SECONDS

from deploy.local.services import ROLES, SERVICES, Service, answers
from deploy.local.watch import Program
from tests.crash.faults.catalogue import Field, InVain, fault
from tests.crash.patches import ADDED, HANGS_SECONDS
from tests.crash.stage import SECOND_INSTANCE
from tests.crash.vigil import AWAY

ARMED_SECONDS = 25
AT_THE_END, ROLLED_AFTER_TENTHS = "relay.leaving", 80
"""A place that only who is rolled comes to, and when it is."""
LONGER_THAN_EVERY_LEASE = SESSION_SECONDS + 2
"""The relay's lease is taken over after 10 s."""
HAS_A_BATCH_SECONDS = 40.0
"""A worker that is well has one in hand by then."""
LOOKS_SECONDS = 0.5


def _any_program(ground: Field) -> Program:
    return ground.stage.program(ground.drawn.choice(SERVICES).name, ground.drawn.choice(ROLES))


async def alive(program: Program) -> int:
    while not (pid := program.pid):
        await asyncio.sleep(0.1)
    return pid


async def reborn(program: Program, variables: Mapping[str, str], end: Callable[[], None]) -> int:
    """Its next life has these variables; returns the pid of it. Whoever ends that life brings back the usual one, or his own."""
    while program.next_life or not program.pid:
        await asyncio.sleep(0.05)
    program.next_life = variables
    end()
    try:
        while program.next_life:
            await asyncio.sleep(0.05)
    finally:
        program.next_life = {}
    return await alive(program)


@fault("SIGKILL at random")
async def kill(ground: Field) -> None:
    program = _any_program(ground)
    while program.name in ground.points.held:
        program = _any_program(ground)
    await alive(program)
    program.kill()


@fault("SIGKILL at a point")
async def kill_at_point(ground: Field) -> None:
    """The process starts anew with the point armed; the supervisor brings the one after it up unarmed. A fault is who died there."""
    if (armed := ground.points.next(ground.drawn)) is None:
        raise InVain("every process is armed already")
    cell, nth = armed
    is_reached = False
    try:
        is_reached = await _crashed(ground.stage.program(cell.service, cell.role), f"{cell.point}:{nth}")
    finally:
        ground.points.note(cell, reached=is_reached)
    if not is_reached:
        raise InVain(f"nobody came to {cell} in time")


async def _crashed(program: Program, place: str) -> bool:
    """Whether it kills itself there in time; if not it is ended, so that nobody stays armed. Whoever is killed by others did not."""
    await alive(program)
    crashes = len(program.crashed_at)
    program.arm(place)
    for tenth in range(ARMED_SECONDS * 10):
        if program.crashed_at[crashes:]:
            return program.crashed_at[crashes:] == [place]
        if tenth == ROLLED_AFTER_TENTHS and place.startswith(AT_THE_END):
            program.roll()
        await asyncio.sleep(0.1)
    await alive(program)
    program.kill()
    return False


@fault("SIGSTOP longer than every lease, another worker takes over", "second worker")
async def zombie(ground: Field) -> None:
    service = ground.drawn.choice(SERVICES)
    epoch = await ground.ask(service.package, "SELECT epoch FROM relay_lease")
    first = ground.stage.program(service.name, "worker")
    async with joined(ground, service), ground.alone_with(first):
        pid = await alive(first)
        first.pause()
        try:
            is_replaced = await _is_replaced(ground, service.package, epoch, monotonic() + LONGER_THAN_EVERY_LEASE + ground.seconds(0, 5))
            is_back = first.pid == pid
        finally:
            first.go_on()
        await asyncio.sleep(ground.seconds(2, 5))
    if not (is_back and is_replaced):
        raise InVain(f"{first.name} was ended while it stood still" if is_replaced else f"nobody took over from {first.name}")


async def _is_replaced(ground: Field, package: str, epoch: object, until: float) -> bool:
    """Whether the second worker came to lead the relay; the time is waited for. A replay changes the epoch as well, not the owner."""
    is_replaced = False
    while monotonic() < until:
        with suppress(*AWAY):
            took = f"SELECT EXISTS (SELECT FROM relay_lease WHERE owner = '{SECOND_INSTANCE}' AND epoch > {epoch or 0})"
            is_replaced = is_replaced or bool(await ground.ask(package, took))
        await asyncio.sleep(0.5)
    return is_replaced


@fault("a worker hangs with a batch in hand, another takes over", "second worker")
async def hang(ground: Field) -> None:
    """It wakes when its offsets have been moved by the other."""
    service = ground.drawn.choice(SERVICES)
    first = ground.stage.program(service.name, "worker")
    async with joined(ground, service), ground.alone_with(first):
        became = await _hung(first, ground.stage.port(service.name, "worker"))
        if not became:
            await asyncio.sleep(HANGS_SECONDS - SESSION_SECONDS + ground.seconds(4, 8))
    first.kill()
    if became:
        raise InVain(f"{first.name} {became}")


async def _hung(program: Program, port: int) -> str:
    """Why not, or nothing: it lives and, having answered, does not answer for so long that its group goes on without it."""
    pid = await alive(program)
    heard_at, until, is_asked = 0.0, monotonic() + HANGS_SECONDS + HAS_A_BATCH_SECONDS, False
    while program.pid == pid and monotonic() < until:
        if await asyncio.to_thread(answers, port, "/livez"):
            heard_at = monotonic()
            if not is_asked:
                os.kill(pid, signal.SIGUSR2)
                is_asked = True
        elif heard_at and monotonic() - heard_at > SESSION_SECONDS:
            return ""
        await asyncio.sleep(LOOKS_SECONDS)
    return "did not hang" if program.pid == pid else "was ended by somebody else"


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
        async with joined(ground, service):
            await asyncio.sleep(ground.seconds(4, 7))


@asynccontextmanager
async def joined(ground: Field, service: Service) -> AsyncIterator[Program]:
    """By a second worker, which leaves its group by SIGTERM or by SIGKILL. Where the fault is broken off nobody waits for that."""
    second = ground.stage.start_second(service)
    try:
        yield second
    except BaseException:
        second.ask_to_stop()
        raise
    if ground.drawn.random() < 0.5:
        second.ask_to_stop()
        await asyncio.to_thread(second.wait_stopped, asyncio.get_running_loop().time() + 25)
    else:
        second.ask_to_stop()
        second.kill()
        await asyncio.to_thread(second.wait_stopped, 0)


@fault("the next release of a service beside the present one of all others", "skew")
async def skew(ground: Field) -> None:
    programs, began = [ground.stage.program("inventory", role) for role in ROLES], await ground.ask("inventory", "SELECT now()")
    async with ground.alone_with(*programs):
        pids = [await reborn(program, ground.stage.patched("newer"), program.roll) for program in programs]
        await asyncio.sleep(ground.seconds(8, 12))
        lived = [program.pid == pid for program, pid in zip(programs, pids, strict=True)]
    for program in programs:
        await alive(program)
        program.roll()
    if not await _has_said_something_new(ground, str(began)):
        raise InVain("the next release said nothing" if any(lived) else "the next release was ended by somebody else")


async def _has_said_something_new(ground: Field, since: str) -> bool:
    """The next release, in what it alone says."""
    added = f"position('\"{ADDED}\"'::bytea IN body) > 0"
    return bool(await ground.ask("inventory", f"SELECT EXISTS (SELECT FROM outbox WHERE created_at >= '{since}' AND {added})"))
