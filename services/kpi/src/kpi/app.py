from shared.service import Service

from kpi.api import api
from kpi.event_handlers import handlers
from kpi.models import metadata
from kpi.settings import Settings

SERVICE = Service(
    name="kpi",
    package="kpi",
    title="KPIs: how well orders are served, and the orders behind every number",
    settings=Settings,
    metadata=metadata,
    router=api,
    handlers=handlers,
)
