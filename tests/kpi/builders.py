"""Orders and cases as the five services would tell them, for the facts and figures of kpi."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from shared.events import (
    By,
    CaseKind,
    CaseOpened,
    CaseResolved,
    DeliveredLine,
    DeliveryCompleted,
    Event,
    LineQuantity,
    OrderAmended,
    OrderCancelled,
    OrderCommitChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderLine,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    Promise,
    ReleasedLines,
    ReservedLines,
    SealedAddress,
    ServiceLevel,
    ShipmentHandedOver,
    ShortLine,
    StockReserved,
    StockShort,
)

E = TypeVar("E", bound=Event)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2024, 5, 6, 8, tzinfo=SHANGHAI)
"""A Monday; everything in these stories is long over."""


RECEIVED_AFTER = timedelta(hours=1)
AMENDED_AFTER = timedelta(hours=2)
RELEASED_AFTER = timedelta(hours=3)
HANDED_OVER_AFTER = timedelta(hours=7)
DELIVERED_AFTER = timedelta(hours=15)


def a_customer() -> str:
    return f"C-{uuid4()}"


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@dataclass
class AnOrder:
    """Two lines of ten units, submitted in the morning, promised within three days, unless said otherwise. Methods add what was said."""

    customer_id: str = field(default_factory=a_customer)
    lines: Mapping[int, int] = field(default_factory=lambda: {1: 10, 2: 10})
    submitted_at: datetime = MORNING
    promised: timedelta = timedelta(days=3)
    order_id: UUID = field(default_factory=uuid4)
    events: list[Event] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)

    @property
    def due_at(self) -> datetime:
        return self.submitted_at + self.promised

    def say(self, kind: type[E], aggregate: str, after: timedelta, **body: object) -> E:
        """An event `after` that time since the submission."""
        self.versions[aggregate] += 1
        envelope = {"customer_id": self.customer_id, "version": self.versions[aggregate], "occurred_at": self.submitted_at + after}
        event = kind.model_validate({"order_id": self.order_id, **envelope, **body})
        self.events.append(event)
        return event

    def placed(self, *, parts: int = 1) -> "AnOrder":
        """Received after an hour and confirmed at once."""
        lines = [OrderLine(line_no=no, sku=f"SKU-{no}", quantity=quantity) for no, quantity in self.lines.items()]
        order = {
            "customer_reference": "PO-1",
            "service_level": ServiceLevel.STANDARD,
            "allow_partial": False,
            "submitted_at": self.submitted_at,
        }
        cuts = [lines[nth::parts] for nth in range(parts)]
        for nth, cut in enumerate(cuts, 1):
            self.say(OrderReceived, "order", RECEIVED_AFTER, **order, lines=cut, more=nth < parts)
        promised = Promise(earliest=self.submitted_at, latest=self.due_at)
        for nth, cut in enumerate(cuts, 1):
            self.say(OrderConfirmed, "order", RECEIVED_AFTER, promised=promised, allow_partial=False, lines=cut, more=nth < parts)
        return self

    def allocated(self, warehouse: str = "WH-1", *, first: bool = True, after: timedelta = RECEIVED_AFTER) -> "AnOrder":
        """Every unit was available."""
        reserved = ReservedLines(warehouse=warehouse, lines=self._quantities())
        self.say(StockReserved, "fulfilment", after, first=first, complete=True, warehouses=[reserved])
        return self

    def short(self, available: Mapping[int, int], *, first: bool = True, after: timedelta = RECEIVED_AFTER) -> "AnOrder":
        """Of these lines only so much was available; nothing is held, because the order must not be split."""
        lines = [
            ShortLine(line_no=no, sku=f"SKU-{no}", demanded=self.lines[no], available=had, reserved=0) for no, had in available.items()
        ]
        self.say(StockShort, "fulfilment", after, first=first, lines=lines)
        return self

    def amended(self, lines: Mapping[int, int], *, reallocate: bool = True, **body: object) -> "AnOrder":
        """All lines as they are wanted now; 0 cancels one."""
        wanted = tuple(OrderLine(line_no=no, sku=f"SKU-{no}", quantity=quantity) for no, quantity in lines.items())
        said = {"amendment_no": 1, "by": By.CUSTOMER, "reason": "quantity", "lines": wanted, "reallocate": reallocate}
        self.say(OrderAmended, "order", AMENDED_AFTER, **said, **body)
        self.lines = {no: quantity for no, quantity in lines.items() if quantity} or self.lines
        return self

    def moved(self, promised: timedelta, *, by: By = By.CUSTOMER, after: timedelta = AMENDED_AFTER) -> "AnOrder":
        former = Promise(earliest=self.submitted_at, latest=self.due_at)
        promise = Promise(earliest=self.submitted_at, latest=self.submitted_at + promised)
        self.say(OrderCommitChanged, "order", after, by=by, reason="date", promised=promise, former=former)
        return self

    def released(self, warehouse: str = "WH-1", *, after: timedelta = RELEASED_AFTER, release_no: int = 1) -> "AnOrder":
        promised = Promise(earliest=self.submitted_at, latest=self.due_at)
        lines = [OrderLine(line_no=no, sku=f"SKU-{no}", quantity=quantity) for no, quantity in self.lines.items()]
        part = ReleasedLines(warehouse=warehouse, lines=tuple(lines))
        address = SealedAddress(sealed="{}")
        self.say(OrderReleased, "order", after, release_no=release_no, promised=promised, ship_to=address, warehouses=[part])
        return self

    def handed_over(self, warehouse: str = "WH-1", carrier: str = "CARRIER-1", *, after: timedelta = HANDED_OVER_AFTER) -> "AnOrder":
        shipment = {"shipment_id": self._shipment(warehouse), "warehouse": warehouse, "release_no": 1, "carrier": carrier, "vehicle": "V-1"}
        at = self.submitted_at + after
        self.say(ShipmentHandedOver, f"shipment/{warehouse}", after, **shipment, handed_over_at=at, lines=self._quantities())
        return self

    def unloaded(
        self,
        arrived: Mapping[int, Sequence[int]] | None = None,
        *,
        warehouse: str = "WH-1",
        carrier: str = "CARRIER-1",
        after: timedelta = DELIVERED_AFTER,
        signed: bool = True,
    ) -> "AnOrder":
        """The consignee has a shipment; `arrived` says accepted, damaged, short of each line, all accepted without it."""
        arrived = arrived or {no: (quantity, 0, 0) for no, quantity in self.lines.items()}
        lines = [
            DeliveredLine(line_no=no, advised=sum(each), accepted=each[0], damaged=each[1], short=each[2]) for no, each in arrived.items()
        ]
        shipment = {"shipment_id": self._shipment(warehouse), "warehouse": warehouse, "release_no": 1, "carrier": carrier}
        at = self.submitted_at + after
        self.say(DeliveryCompleted, f"shipment/{warehouse}", after, **shipment, delivered_at=at, signed=signed, lines=lines)
        return self

    def delivered(self, *, after: timedelta = DELIVERED_AFTER) -> "AnOrder":
        """Nothing of the order is on its way any more."""
        self.say(OrderDelivered, "order", after, delivered_at=self.submitted_at + after)
        return self

    def arrived(
        self, arrived: Mapping[int, Sequence[int]] | None = None, *, after: timedelta = DELIVERED_AFTER, signed: bool = True
    ) -> "AnOrder":
        """The whole straight life: placed, allocated, released, handed over and delivered."""
        self.placed().allocated().released().handed_over()
        return self.unloaded(arrived, after=after, signed=signed).delivered(after=after)

    def cancelled(self, by: By, *, after: timedelta) -> "AnOrder":
        self.say(OrderCancelled, "order", after, by=by, reason="other")
        return self

    def rejected(self, *, after: timedelta) -> "AnOrder":
        self.say(OrderRejected, "order", after, reason="other")
        return self

    def complained(self, *, after: timedelta, kind: CaseKind = CaseKind.COMPLAINT) -> "AnOrder":
        self.events += a_case(self.customer_id, kind, self.submitted_at + after, order_id=self.order_id)
        return self

    def _quantities(self) -> tuple[LineQuantity, ...]:
        return tuple(LineQuantity(line_no=no, quantity=quantity) for no, quantity in self.lines.items())

    def _shipment(self, warehouse: str) -> UUID:
        return uuid5(self.order_id, warehouse)


def a_case(
    customer_id: str, kind: CaseKind, received_at: datetime, *, order_id: UUID | None = None, resolved: timedelta | None = None
) -> list[Event]:
    """A case; `resolved` is how long that took, null while it is open."""
    case_id = uuid4()
    said: dict[str, object] = {"case_id": case_id, "customer_id": customer_id, "kind": kind, "order_id": order_id}
    events: list[Event] = [CaseOpened.model_validate({**said, "version": 1, "occurred_at": received_at, "received_at": received_at})]
    if resolved is not None:
        at = received_at + resolved
        events.append(CaseResolved.model_validate({**said, "version": 2, "occurred_at": at, "resolved_at": at}))
    return events
