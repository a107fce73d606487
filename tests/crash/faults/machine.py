"""The machine itself: a clock that lies, a disk that is full."""

import asyncio
from glob import glob

from deploy.local.services import SERVICES
from tests.crash.faults.catalogue import Absent, Field, fault

FAKETIME = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")


@fault("the clock of a process is an hour or a week off", "clock")
async def clock(ground: Field) -> None:
    """Both processes of a service, ahead or behind; what falls due is the database's to say."""
    found = [library for pattern in FAKETIME for library in glob(pattern)]
    if not found:
        raise Absent("libfaketime is not installed (Debian: apt install faketime)")
    service = ground.drawn.choice(SERVICES)
    shift = ground.drawn.choice(["+1h", "-1h", "+7d", "-7d"])
    for role in ("api", "worker"):
        program = ground.stage.program(service.name, role)
        program.next_life = {"LD_PRELOAD": found[0], "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        program.kill()
    await asyncio.sleep(ground.seconds(10, 15))
    for role in ("api", "worker"):
        ground.stage.program(service.name, role).kill()


@fault("the disk below the tables is full", "disk")
async def disk_full(ground: Field) -> None:
    if (disk := ground.stage.disk) is None:
        raise Absent(ground.absent.get("small disk", "this run has no small disk"))
    try:
        disk.fill()
        await asyncio.sleep(ground.seconds(5, 10))
    finally:
        disk.empty()
