"""What crm refuses.

DomainError
├── NotFound 404: CustomerNotFound, CaseNotFound, KeyNotFound
├── InvalidInput 422: UnknownCustomer, UnknownOrder, OrderOfAnother, UnknownLine, LineWithoutOrder, NotInTheFuture, NoAnswerKept
├── Forbidden 403: ScopesNotHeld
└── Conflict 409: ReferenceTaken, IllegalMove, TooManyKeys, KeyOfSettings
    └── StaleVersion 412: CustomerChanged
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from shared.errors import Conflict, Fault, Forbidden, InvalidInput, NotFound, StaleVersion


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


class KeyNotFound(NotFound):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id} here.")


class NotInTheFuture(InvalidInput):
    def __init__(self, at: datetime) -> None:
        super().__init__("The key would have expired already.", [Fault("/expires_at", f"{at.isoformat()} is not in the future")])


class NoAnswerKept(InvalidInput):
    type = "no-answer-kept"

    def __init__(self) -> None:
        super().__init__("The answer holds a secret and is not kept: send this without an Idempotency-Key.")


class ScopesNotHeld(Forbidden):
    type = "scopes-not-held"

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__(f"Only scopes that your own key holds can be handed out; it does not hold: {', '.join(scopes)}.")


class TooManyKeys(Conflict):
    type = "too-many-keys"

    def __init__(self, customer_id: str, most: int) -> None:
        super().__init__(f"Customer {customer_id} has {most} live keys, which is the most; revoke one first.")


class KeyOfSettings(Conflict):
    type = "key-of-settings"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"The key {key_id} is LSC_OPERATOR_KEY of the settings. Start the APIs with another one, and this one is dead.")
