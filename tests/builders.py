"""What the tests of several services build."""

from collections.abc import Sequence

from shared.bus import Heard, Partition
from shared.database import Transaction
from shared.envelope import Envelope
from shared.events import Event
from shared.locks import lock
from shared.registry import Handlers
from shared.waves import Turn, waves
from uuid_utils.compat import uuid7


def turns(events: Sequence[Event]) -> list[Turn]:
    """The events as if they had been heard."""
    return [Turn(_envelope(event), event) for event in events]


def _envelope(event: Event) -> Envelope:
    heard = Heard(Partition(event.topic, 0), 0, event.key.encode(), [], None)
    names = (event.aggregate, event.version, event.customer_id, event.key, event.occurred_at.isoformat())
    return Envelope(str(event.event_id), event.type, *names, str(uuid7()), None, heard)


async def hear_all(tx: Transaction, handlers: Handlers, events: Sequence[Event]) -> None:
    """Apply the events as the consumer does with a fetch: all locks first, then wave by wave."""
    of = [(handler, [event for event in events if isinstance(event, handler.types)]) for handler in handlers.all]
    await lock(tx, [one for handler, heard in of if handler.rows for one in handler.rows(heard)])
    for handler, group in waves(turns(events), handlers.all):
        await handler.run(tx, [turn.event for turn in group])
