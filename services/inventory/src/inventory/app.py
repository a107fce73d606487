from shared.service import Service

from inventory.api import api
from inventory.event_handlers import handlers, timers
from inventory.models import metadata
from inventory.settings import Settings

SERVICE = Service("inventory", "inventory", "Inventory", Settings, metadata, api, handlers, timers)
