"""Which messages ask for something, and who reads them."""

from collections.abc import Callable, Mapping

from order_intake.documents.edifact_orders import of_ordchg, of_orders
from order_intake.documents.incoming import IncomingDocument, Met
from order_intake.documents.x12_orders import of_850, of_860, of_940
from order_intake.edi import Message

READERS: Mapping[str, Callable[[Message, Met], IncomingDocument]] = {
    "850": of_850,
    "860": of_860,
    "940": of_940,
    "ORDERS": of_orders,
    "ORDCHG": of_ordchg,
}
"""What asks for something. All else that is accepted is kept: returns (180, RETANN) are not taken in yet."""
ANSWERS = frozenset({"997", "999", "CONTRL"})


class Reader:
    """Reads the messages of one interchange."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], Met] = {}

    def document_of(self, message: Message) -> IncomingDocument | None:
        """What an accepted message asks for; None where it asks for nothing."""
        reader = READERS.get(message.type)
        return reader(message, self._met.setdefault((message.type, message.release), Met())) if reader else None
