"""What order-intake refuses.

NotFound 404      OrderNotFound, HoldNotFound, ErasureNotFound, PartnerNotFound, EntryNotFound, InterchangeNotFound,
                  AcknowledgementNotFound, ReportNotFound, DocumentNotAside, AmendmentNotFound
Gone 410          DocumentErased, AcknowledgementErased, AcknowledgementDestroyed
InvalidInput 422  OrderInvalid, AmendmentInvalid, ErasureInvalid, PartnerInvalid
Conflict 409      ReferenceTaken, IllegalMove, ReleasedAlready, NotHoldable, CancellationTooLate,
                  TooManyOpenOrders, IdentifierTaken, NotAmendable, AmendmentWaits, NothingToAmend,
                  AmendmentReferenceTaken, NotSealedYet
StaleVersion 412  PartnerChanged
DomainError       ImpossibleFact                 another service told what cannot be: parks the order
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shared.errors import Conflict, DomainError, Fault, Gone, InvalidInput, NotFound, StaleVersion


class OrderNotFound(NotFound):
    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"There is no order {order_id}.")


class HoldNotFound(NotFound):
    def __init__(self, order_id: UUID, hold_id: UUID) -> None:
        super().__init__(f"The order {order_id} has no hold {hold_id}.")


class AmendmentNotFound(NotFound):
    def __init__(self, order_id: UUID, amendment_no: int) -> None:
        super().__init__(f"The order {order_id} has no amendment {amendment_no}.")


class ErasureNotFound(NotFound):
    def __init__(self, erasure_id: UUID) -> None:
        super().__init__(f"There is no erasure {erasure_id}.")


class PartnerNotFound(NotFound):
    def __init__(self, code: str) -> None:
        super().__init__(f"There is no partner {code}.")


class EntryNotFound(NotFound):
    def __init__(self, entry_id: UUID) -> None:
        super().__init__(f"There is no entry {entry_id} in the outbox.")


class InterchangeNotFound(NotFound):
    def __init__(self, interchange_id: UUID) -> None:
        super().__init__(f"There is no interchange {interchange_id}.")


class AcknowledgementNotFound(NotFound):
    def __init__(self, interchange_id: UUID) -> None:
        super().__init__(f"The interchange {interchange_id} was not acknowledged: it holds acknowledgements itself, or none is wished.")


class AcknowledgementErased(Gone):
    type = "acknowledgement-erased"

    def __init__(self) -> None:
        super().__init__("The interchange was taken and acknowledged. An order in it was erased since, and the bytes with it.")


class AcknowledgementDestroyed(Gone):
    type = "acknowledgement-destroyed"

    def __init__(self) -> None:
        super().__init__("The interchange was taken and acknowledged so long ago that its bytes were destroyed.")


class ReportNotFound(NotFound):
    def __init__(self, report_id: UUID) -> None:
        super().__init__(f"There is no inventory report {report_id} of this partner.")


class DocumentNotAside(NotFound):
    def __init__(self, document_id: UUID) -> None:
        super().__init__(f"No document {document_id} is put aside.")


class DocumentErased(Gone):
    type = "document-erased"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(f"The interchange {entry_id} was sent; an order that it speaks of was erased since, and its bytes with it.")


class PartnerInvalid(InvalidInput):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("The partner breaks a rule; nothing of it is stored.", faults)


class PartnerChanged(StaleVersion):
    def __init__(self, code: str, current: str) -> None:
        super().__init__(f"If-Match names another revision of partner {code} than the one {current}.")


class IdentifierTaken(Conflict):
    type = "identifier-taken"

    def __init__(self, identifier: str) -> None:
        super().__init__(f"The identifier {identifier} stands for another partner; each stands for one.")


class ErasureInvalid(InvalidInput):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("Not all that is named can be erased; nothing of it is.", faults)


class OrderInvalid(InvalidInput):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("The order breaks a rule; nothing of it is stored.", faults)


class AmendmentInvalid(InvalidInput):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("The amendment breaks a rule; nothing of the order is changed.", faults)


class ReferenceTaken(Conflict):
    type = "reference-taken"

    def __init__(self, customer_id: str, reference: str, order_id: UUID) -> None:
        super().__init__(f"Customer {customer_id} has placed another order with the reference {reference}: {order_id}.")


class IllegalMove(Conflict):
    type = "illegal-move"

    def __init__(self, what: str, status: str, wanted: str, legal: Iterable[str]) -> None:
        ways = ", ".join(legal) or "nothing"
        super().__init__(f"{what} is {status} and cannot become {wanted}; from there it can become: {ways}.")


class ReleasedAlready(Conflict):
    type = "released-already"

    def __init__(self, order_id: UUID, wanted: str) -> None:
        super().__init__(
            f"Order {order_id} was released to the warehouse and cannot be {wanted} any more; a cancellation may be asked for."
        )


class NotHoldable(Conflict):
    type = "not-holdable"

    def __init__(self, order_id: UUID, status: str, holdable: Iterable[str]) -> None:
        super().__init__(f"Order {order_id} is {status}; only an order that is {', '.join(sorted(holdable))} can be held.")


class NotAmendable(Conflict):
    type = "not-amendable"

    def __init__(self, order_id: UUID, status: str) -> None:
        super().__init__(f"Order {order_id} is {status}; only an order of which nothing was released can be amended.")


class AmendmentWaits(Conflict):
    type = "amendment-waits"

    def __init__(self, order_id: UUID, amendment_no: int) -> None:
        super().__init__(f"Amendment {amendment_no} of order {order_id} waits for the warehouses' answer; send the next one after it.")


class NothingToAmend(Conflict):
    type = "nothing-to-amend"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Order {order_id} is as it is wished already.")


class AmendmentReferenceTaken(Conflict):
    type = "reference-taken"

    def __init__(self, order_id: UUID, reference: str, amendment_no: int) -> None:
        super().__init__(f"Another amendment of order {order_id} has the reference {reference}: {amendment_no}.")


class NotSealedYet(Conflict):
    type = "not-sealed-yet"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"The address of order {order_id} is still being sealed, as all from before; try again in a minute.")


class TooManyOpenOrders(Conflict):
    type = "too-many-open-orders"

    def __init__(self, customer_id: str, most: int) -> None:
        super().__init__(f"Customer {customer_id} has {most} orders under way, as many as there may be; this one is not stored.")


class CancellationTooLate(Conflict):
    type = "cancellation-too-late"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Goods of order {order_id} were handed over to the carrier; it cannot be cancelled any more.")


class ImpossibleFact(DomainError):
    type = "impossible-fact"
    title = "What was told cannot be"
