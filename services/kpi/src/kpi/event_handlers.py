from collections.abc import Sequence

from shared.database import Transaction
from shared.events import Event
from shared.registry import Handlers

from kpi.commands import add_facts
from kpi.folding import FOLDS, fold

handlers = Handlers()


@handlers.on(*FOLDS, unordered=True)
async def record_facts(tx: Transaction, events: Sequence[Event]) -> None:
    """Each event adds what it says to the facts of its order, lines or case."""
    await add_facts(tx, fold(events))
