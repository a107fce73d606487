import asyncio
from time import monotonic

import structlog
from pydantic import SecretStr

from shared.crash import crash_point
from shared.database import Pool, transaction
from shared.key_rows import store_operator_key
from shared.keys import Keys
from shared.observability import KEYS_AGE, KEYS_KNOWN

EVERY_SECONDS = 2.0
UNTIL_READ_SECONDS = 0.2
USES_EVERY_SECONDS = 60.0
log = structlog.get_logger()


async def watch_keys(keys: Keys, pool: Pool, operator_key: SecretStr | None) -> None:
    """Keep the copy in memory near to the database, and write down once a minute when keys were used; until it is cancelled."""
    stored, read_at, wrote_at = operator_key is None, monotonic(), monotonic()
    while True:
        try:
            if not stored and operator_key:
                async with transaction(pool) as tx:
                    await store_operator_key(tx, operator_key.get_secret_value())
                    crash_point("keys.operator_key_stored")
                stored = True
            await keys.refresh(pool)
            read_at = monotonic()
            if read_at - wrote_at > USES_EVERY_SECONDS:
                wrote_at = read_at
                await keys.write_uses(pool)
                keys.tidy()
        except Exception as error:  # noqa: BLE001 - tried again in a moment, and shown by the metric
            log.warning("keys.not_read", error=repr(error))
        KEYS_AGE.set(monotonic() - read_at)
        KEYS_KNOWN.set(len(keys))
        await asyncio.sleep(EVERY_SECONDS if keys.is_read else UNTIL_READ_SECONDS)


async def note_last_uses(keys: Keys, pool: Pool) -> None:
    """When the process leaves: what was noted since the last minute. A database that is away does not hold it up."""
    try:
        async with asyncio.timeout(5):
            await keys.write_uses(pool)
    except Exception as error:  # noqa: BLE001 - whatever it is, the process leaves
        log.warning("keys.uses_not_written", error=repr(error))
