from dataclasses import replace

from shared.service import JSON_BODIES, Service

from order_intake import daily_reports, erasing, keeping, overdue, sending
from order_intake.amendment_api import amendment_api
from order_intake.api import api
from order_intake.aside_api import aside_api
from order_intake.erasure_api import erasure_api
from order_intake.event_handlers import handlers, timers
from order_intake.interchange_api import interchange_api
from order_intake.interchange_body import BODY_BYTES, PATHS
from order_intake.models import metadata
from order_intake.outbox_api import outbox_api
from order_intake.partner_api import partner_api
from order_intake.report_api import report_api
from order_intake.settings import Settings

api.include_router(amendment_api)
api.include_router(erasure_api)
api.include_router(partner_api)
api.include_router(interchange_api)
api.include_router(outbox_api)
api.include_router(report_api)
api.include_router(aside_api)

SERVICE = Service(
    name="order-intake",
    package="order_intake",
    title="Order intake: takes orders, promises, releases, and moves their state to the end",
    settings=Settings,
    metadata=metadata,
    router=api,
    bodies=replace(JSON_BODIES, larger=dict.fromkeys(PATHS, BODY_BYTES)),
    handlers=handlers,
    timers=timers,
    seals=True,
    jobs=(*erasing.JOBS, *sending.JOBS, *overdue.JOBS, *daily_reports.JOBS, *keeping.JOBS),
)
