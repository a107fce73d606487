from shared.service import Service

from crm.api import api
from crm.event_handlers import handlers
from crm.keys_command import KEYS
from crm.models import metadata
from crm.settings import Settings

SERVICE = Service(
    name="crm",
    package="crm",
    title="Customers: profiles, cases and the timeline of everything that happened",
    settings=Settings,
    metadata=metadata,
    router=api,
    handlers=handlers,
    commands=[KEYS],
)
