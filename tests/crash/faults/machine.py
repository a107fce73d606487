"""The machine itself: a clock that lies, a disk that is full."""

import asyncio
from glob import glob

from deploy.local.services import ROLES, SERVICES
from tests.crash.faults.catalogue import Absent, Field, InVain, fault
from tests.crash.faults.processes import reborn

FAKETIME = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")


@fault("the clock of a process is an hour or a week off", "clock")
async def clock(ground: Field) -> None:
    """Both processes of a service, ahead or behind; what falls due is the database's to say."""
    found = [library for pattern in FAKETIME for library in glob(pattern)]
    if not found:
        raise Absent("libfaketime is not installed (Debian: apt install faketime)")
    service = ground.drawn.choice(SERVICES)
    shift = ground.drawn.choice(["+1h", "-1h", "+7d", "-7d"])
    variables = {"LD_PRELOAD": found[0], "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    programs = [ground.stage.program(service.name, role) for role in ROLES]
    pids = [await reborn(program, variables, program.kill) for program in programs]
    await asyncio.sleep(ground.seconds(10, 15))
    lived = [program.pid == pid for program, pid in zip(programs, pids, strict=True)]
    for program in programs:
        program.kill()
    if not any(lived):
        raise InVain("whose clock was off was ended by somebody else")


@fault("the disk below the tables is full", "disk")
async def disk_full(ground: Field) -> None:
    if (disk := ground.stage.disk) is None:
        raise Absent(ground.absent.get("small disk", "this run has no small disk"))
    before = _without_space(ground)
    try:
        disk.fill()
        await asyncio.sleep(ground.seconds(5, 10))
    finally:
        disk.empty()
    if _without_space(ground) == before:
        raise InVain("nobody wrote to the full disk")


def _without_space(ground: Field) -> int:
    """How often PostgreSQL has said so."""
    return ground.stage.postgres.log.read_bytes().count(b"No space left on device")
