"""The contract: what the services tell each other. A break is a new class `.v2` beside `.v1`; fields are only ever added."""

from typing import get_args

from shared.events.base import LINES_PER_EVENT, OWNERS, SERVICES, Event, Instant, Part, Topic
from shared.events.cases import CaseKind, CaseOpened, CaseResolved, StockoutCustomerNotified
from shared.events.customers import STAFF, ApiKeyIssued, ApiKeyRevoked, CustomerRegistered
from shared.events.edi import EdiAcknowledgementOverdue, EdiDocumentRefused, InventoryReportRequested
from shared.events.fulfilment import (
    Carton,
    ConfirmedPick,
    PackCompleted,
    PickConfirmed,
    PickShort,
    ReservedLines,
    ShortLine,
    ShortPick,
    StockIssued,
    StockReallocated,
    StockReserved,
    StockShort,
)
from shared.events.orders import (
    SHIP_TO,
    By,
    LineQuantity,
    OrderAmended,
    OrderBackordered,
    OrderCancellationRefused,
    OrderCancellationRequested,
    OrderCancelled,
    OrderClosed,
    OrderCommitChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderErased,
    OrderHeld,
    OrderHoldReleased,
    OrderLine,
    OrderReceived,
    OrderRejected,
    OrderReleased,
    Promise,
    ReleasedLines,
    SealedAddress,
    ServiceLevel,
    ShipTo,
    Window,
)
from shared.events.shipments import (
    DeliveredLine,
    DeliveryAttemptFailed,
    DeliveryCompleted,
    ShipmentAssigned,
    ShipmentCancellationRefused,
    ShipmentCancelled,
    ShipmentHandedOver,
    ShipmentPlanned,
)
from shared.events.stock import ItemRegistered, ReplenishmentRequested, StockAdjusted, StockBalance, StockReported

AnyEvent = (
    OrderReceived
    | OrderConfirmed
    | OrderHeld
    | OrderHoldReleased
    | OrderRejected
    | OrderAmended
    | OrderCommitChanged
    | OrderBackordered
    | OrderReleased
    | OrderCancellationRequested
    | OrderCancellationRefused
    | OrderCancelled
    | OrderDelivered
    | OrderClosed
    | OrderErased
    | StockReserved
    | StockShort
    | StockReallocated
    | PickConfirmed
    | PickShort
    | PackCompleted
    | StockIssued
    | StockAdjusted
    | ReplenishmentRequested
    | ItemRegistered
    | ShipmentPlanned
    | ShipmentAssigned
    | ShipmentHandedOver
    | ShipmentCancelled
    | ShipmentCancellationRefused
    | DeliveryCompleted
    | DeliveryAttemptFailed
    | CustomerRegistered
    | ApiKeyIssued
    | ApiKeyRevoked
    | CaseOpened
    | CaseResolved
    | StockoutCustomerNotified
    | EdiAcknowledgementOverdue
    | EdiDocumentRefused
    | InventoryReportRequested
    | StockReported
)

EVENTS: dict[str, type[Event]] = {event.type: event for event in get_args(AnyEvent)}
"""Every event class by its type on the wire."""

__all__ = [
    "EVENTS",
    "LINES_PER_EVENT",
    "OWNERS",
    "SERVICES",
    "SHIP_TO",
    "STAFF",
    "AnyEvent",
    "ApiKeyIssued",
    "ApiKeyRevoked",
    "By",
    "Carton",
    "CaseKind",
    "CaseOpened",
    "CaseResolved",
    "ConfirmedPick",
    "CustomerRegistered",
    "DeliveredLine",
    "DeliveryAttemptFailed",
    "DeliveryCompleted",
    "EdiAcknowledgementOverdue",
    "EdiDocumentRefused",
    "Event",
    "Instant",
    "InventoryReportRequested",
    "ItemRegistered",
    "LineQuantity",
    "OrderAmended",
    "OrderBackordered",
    "OrderCancellationRefused",
    "OrderCancellationRequested",
    "OrderCancelled",
    "OrderClosed",
    "OrderCommitChanged",
    "OrderConfirmed",
    "OrderDelivered",
    "OrderErased",
    "OrderHeld",
    "OrderHoldReleased",
    "OrderLine",
    "OrderReceived",
    "OrderRejected",
    "OrderReleased",
    "PackCompleted",
    "Part",
    "PickConfirmed",
    "PickShort",
    "Promise",
    "ReleasedLines",
    "ReplenishmentRequested",
    "ReservedLines",
    "SealedAddress",
    "ServiceLevel",
    "ShipTo",
    "ShipmentAssigned",
    "ShipmentCancellationRefused",
    "ShipmentCancelled",
    "ShipmentHandedOver",
    "ShipmentPlanned",
    "ShortLine",
    "ShortPick",
    "StockAdjusted",
    "StockBalance",
    "StockIssued",
    "StockReallocated",
    "StockReported",
    "StockReserved",
    "StockShort",
    "StockoutCustomerNotified",
    "Topic",
    "Window",
]
