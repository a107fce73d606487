"""How many acknowledgements are missed, for whoever watches."""

from prometheus_client import Gauge
from shared.database import Pool
from shared.jobs import Job
from shared.key_store import KeyStore
from shared.observability import set_gauges

OVERDUE = Gauge("lsc_edi_acknowledgements_overdue", "Interchanges that a partner should have acknowledged by now", ["partner"])
UNWRITABLE = Gauge("lsc_edi_documents_unwritable", "Documents that were put aside because they break a rule", ["partner"])

_MISSED = "SELECT partner, count(*) FROM edi_outbox WHERE overdue_at IS NOT NULL AND acknowledged_at IS NULL GROUP BY partner"
_ASIDE = "SELECT partner, count(*) FROM edi_documents WHERE unwritable IS NOT NULL AND given_up_at IS NULL GROUP BY partner"


async def measure(pool: Pool, _: KeyStore) -> int:
    for gauge, sql in ((OVERDUE, _MISSED), (UNWRITABLE, _ASIDE)):
        set_gauges(gauge, [((row["partner"],), row["count"]) for row in await pool.fetch(sql)])
    return 0


JOBS = (Job("edi.measure", 5, measure),)
