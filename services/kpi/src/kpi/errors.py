"""What kpi refuses.

NotFound 404      KpiNotFound, OrderNotFound
InvalidInput 422  EmptyPeriod, TooManyDays, NotPaged, UnknownPlace
"""

from collections.abc import Iterable
from uuid import UUID

from shared.errors import Fault, InvalidInput, NotFound


class KpiNotFound(NotFound):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no KPI {name[:60]!a}; there are: {', '.join(known)}.")


class OrderNotFound(NotFound):
    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"Nothing is known of the order {order_id}.")


class EmptyPeriod(InvalidInput):
    def __init__(self) -> None:
        super().__init__("A period ends after it begins.", [Fault("?to", "must be later than from; it is not part of the period itself")])


class TooManyDays(InvalidInput):
    def __init__(self, days: int, most: int) -> None:
        super().__init__("The period has too many days to list.", [Fault("?to", f"by=day takes at most {most} days, these are {days}")])


class NotPaged(InvalidInput):
    def __init__(self, names: Iterable[str]) -> None:
        faults = [Fault(f"?{name}", "pages the groups of by=customer, by=warehouse and by=carrier only") for name in names]
        super().__init__("This answer has no pages.", faults)


class UnknownPlace(InvalidInput):
    def __init__(self) -> None:
        super().__init__("The page does not exist.", [Fault("?after", "must be the `next` of the page before")])
