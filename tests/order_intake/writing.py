"""`python -m tests.order_intake.writing`: what the worker does about documents that are due, in a process that may die of it."""

import asyncio

from order_intake.app import SERVICE
from order_intake.sending import write_documents
from order_intake.settings import Settings
from shared.database import open_pool
from shared.starting import read_settings
from shared.walls import Role


async def main() -> None:
    settings = read_settings(Settings)
    pool = await open_pool(settings.database(SERVICE.package, Role.WORKER), 2)
    store = await SERVICE.key_store(settings)
    assert store
    while await write_documents(pool, store):
        pass


if __name__ == "__main__":
    asyncio.run(main())
