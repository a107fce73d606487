"""`python -m tests.order_intake.working edi.write`: a job of the worker until nothing is left to do, in a process that may die of it."""

import asyncio
import sys

from order_intake.app import SERVICE
from order_intake.settings import Settings
from shared.database import open_pool
from shared.starting import read_settings
from shared.walls import Role


async def main(name: str) -> None:
    settings = read_settings(Settings)
    pool = await open_pool(settings.database(SERVICE.package, Role.WORKER), 2)
    store = await SERVICE.key_store(settings)
    assert store
    [job] = [job for job in SERVICE.jobs if job.name == name]
    while await job.piece(pool, store):
        pass


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
