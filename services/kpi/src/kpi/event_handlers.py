from collections.abc import Sequence

from shared.database import Transaction
from shared.events import ApiKeyIssued, ApiKeyRevoked, Event
from shared.key_rows import keep_keys
from shared.registry import Handlers

from kpi.commands import add_facts
from kpi.folding import FOLDS, fold

handlers = Handlers()
handlers.on(ApiKeyIssued, ApiKeyRevoked, unordered=True)(keep_keys)


@handlers.on(*FOLDS, unordered=True)
async def record_facts(tx: Transaction, events: Sequence[Event]) -> None:
    """Each event adds what it says to the facts of its order, lines or case."""
    await add_facts(tx, fold(events))
