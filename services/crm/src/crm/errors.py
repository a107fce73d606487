"""What crm refuses.

DomainError
├── NotFound 404: CustomerNotFound, CaseNotFound
├── InvalidInput 422: UnknownCustomer, UnknownOrder, OrderOfAnother, UnknownLine, LineWithoutOrder
└── Conflict 409: ReferenceTaken, IllegalMove
    └── StaleVersion 412: CustomerChanged
"""

from collections.abc import Iterable
from uuid import UUID

from shared.errors import Conflict, Fault, InvalidInput, NotFound, StaleVersion


class CustomerNotFound(NotFound):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"There is no customer {customer_id}.")


class CaseNotFound(NotFound):
    def __init__(self, case_id: UUID) -> None:
        super().__init__(f"There is no case {case_id}.")


class CustomerChanged(StaleVersion):
    def __init__(self, customer_id: str, now: str) -> None:
        super().__init__(f"Customer {customer_id} has the ETag {now} now; read it again before changing it.")


class UnknownCustomer(InvalidInput):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"There is no customer {customer_id}.", [Fault("/customer_id", "is not a registered customer")])


class UnknownOrder(InvalidInput):
    def __init__(self, order_id: UUID) -> None:
        detail = f"The order {order_id} is not known here; one placed a moment ago is known within seconds, then send this again."
        super().__init__(detail, [Fault("/order_id", "is not a known order")])


class OrderOfAnother(InvalidInput):
    def __init__(self, order_id: UUID, customer_id: str) -> None:
        super().__init__(f"The order {order_id} is not one of customer {customer_id}.", [Fault("/order_id", "belongs to another customer")])


class UnknownLine(InvalidInput):
    def __init__(self, order_id: UUID, line_no: int) -> None:
        super().__init__(f"The order {order_id} has no line {line_no}.", [Fault("/line_no", "is not a line of the order")])


class LineWithoutOrder(InvalidInput):
    def __init__(self) -> None:
        super().__init__("A line is named without its order.", [Fault("/order_id", "is needed where line_no is given")])


class ReferenceTaken(Conflict):
    type = "reference-taken"

    def __init__(self, customer_id: str, reference: str) -> None:
        super().__init__(f"Customer {customer_id} has another case with the reference {reference}.")


class IllegalMove(Conflict):
    type = "illegal-move"

    def __init__(self, what: str, status: str, wanted: str, legal: Iterable[str]) -> None:
        ways = ", ".join(legal) or "nothing"
        super().__init__(f"{what} is {status} and cannot become {wanted}; from there it can become: {ways}.")
