"""Once a day each partner that wants it hears what is in stock."""

from shared.crash import crash_point
from shared.database import Pool, transaction
from shared.jobs import Job
from shared.key_store import KeyStore

from order_intake.commands.inventory_reports import request_daily
from order_intake.settings import terms


async def ask_for_today(pool: Pool, _: KeyStore) -> int:
    async with transaction(pool) as tx:
        asked = await request_daily(tx, terms().business_zone)
        crash_point("edi.reports_asked")
        return asked


JOBS = (Job("edi.daily_reports", 60, ask_for_today),)
