from shared.service import Service

from dispatch.api import api
from dispatch.event_handlers import handlers
from dispatch.models import metadata
from dispatch.settings import DispatchSettings

SERVICE = Service(
    name="dispatch",
    package="dispatch",
    title="Dispatch: carriers, vehicles, shipments, proof of delivery",
    settings=DispatchSettings,
    metadata=metadata,
    router=api,
    handlers=handlers,
    seals=True,
)
