"""What a sender is answered: the acknowledgements themselves, or what is told of them as JSON."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request, Response
from shared.errors import Fault, InvalidInput
from shared.key_store import KeyStore
from shared.routes import RepeatableAnswer
from shared.sealing import Unopenable, disclose, key_ids_in

from order_intake.edi import Transmission
from order_intake.errors import AcknowledgementDestroyed, AcknowledgementErased
from order_intake.interchange_rows import ACKNOWLEDGEMENT
from order_intake.interchange_views import fault_at, received_view
from order_intake.media_types import MEDIA_TYPES
from order_intake.taken import Taken

FAULTS_SHOWN = 100


class Unanswerable(InvalidInput):
    type = "unreadable-interchange"
    title = "Nothing in the body can be acknowledged"


async def answered(request: Request, transmission: Transmission, taken: Sequence[Taken], now: datetime, store: KeyStore) -> Response:
    if not any(each.interchange_id or each.acknowledgement or each.same_as is not None for each in taken):
        raise Unanswerable("Nothing in the body has a sender and a control number that could be answered.", _faults(transmission, taken))
    headers = {"Location": f"/edi/interchanges/{taken[0].interchange_id}"} if len(taken) == 1 and taken[0].interchange_id else {}
    if not _wants_edi(request):
        view = received_view(transmission, taken, now)
        return Response(view.model_dump_json(), 200, headers, "application/json")
    said = [(each, data) for each in taken if (data := await _acknowledgement(each, taken, store))]
    if not said:
        return RepeatableAnswer(None, 204, headers)
    return RepeatableAnswer(b"".join(data for _, data in said), 200, headers, MEDIA_TYPES[said[0][0].arrival.interchange.syntax.name])


def _wants_edi(request: Request) -> bool:
    accepted = [each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(",")]
    first = next((each for each in accepted if each.startswith("application/")), "")
    return first in ("application/edi-x12", "application/edifact")


async def _acknowledgement(taken: Taken, all_taken: Sequence[Taken], store: KeyStore) -> bytes | None:
    if taken.same_as is not None:
        taken = all_taken[taken.same_as]
    if taken.row is None:
        return taken.acknowledgement
    row = taken.row
    return await opened(row["acknowledgement"], row["customer_id"], store) if row["acknowledgement"] is not None else None


async def opened(sealed: bytes, customer_id: str, store: KeyStore) -> bytes:
    """Raises AcknowledgementErased or AcknowledgementDestroyed."""
    if not sealed:
        raise AcknowledgementDestroyed
    try:
        return disclose(sealed, await store.read(key_ids_in(sealed)), customer_id, ACKNOWLEDGEMENT)
    except Unopenable:
        raise AcknowledgementErased from None


def _faults(transmission: Transmission, taken: Sequence[Taken]) -> list[Fault]:
    found = [(fault, None) for fault in transmission.faults]
    named = [fault_at(fault, each.arrival.interchange.syntax) for each in taken for fault in each.arrival.verdict.faults]
    bare = [Fault(f"@{fault.offset}", fault.rule.sentence) for fault, _ in found]
    return [*bare, *(Fault(f"@{each.offset}", each.text) for each in named)][:FAULTS_SHOWN]
