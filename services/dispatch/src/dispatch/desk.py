"""A batch in the making: shipments as they stand while its items are judged one after the other, and what there is to say."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from shared.batches import Done, Outcome
from shared.database import Transaction
from shared.errors import DomainError
from shared.events.shipments import ShipmentEvent
from shared.locks import Lock, lock
from shared.outbox import publish

from dispatch import shipments
from dispatch.errors import ShipmentNotFound
from dispatch.locking import ORDERS_OF_SHIPMENTS
from dispatch.planning import Decision
from dispatch.shipment import Shipment

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Desk:
    now: datetime
    shipments: dict[UUID, Shipment] = field(default_factory=dict)
    changed: dict[UUID, Shipment] = field(default_factory=dict)
    said: list[ShipmentEvent] = field(default_factory=list)

    def shipment(self, shipment_id: UUID) -> Shipment:
        try:
            return self.shipments[shipment_id]
        except KeyError:
            raise ShipmentNotFound(shipment_id) from None

    def take(self, *decisions: Decision) -> None:
        for shipment, event in decisions:
            self.shipments[shipment.shipment_id] = self.changed[shipment.shipment_id] = shipment
            self.said.append(event)

    async def save(self, tx: Transaction) -> None:
        """Write what has changed and say it."""
        if self.changed:
            await shipments.update(tx, list(self.changed.values()))
        await publish(tx, *self.said)


async def desk_of(tx: Transaction, shipment_ids: Iterable[UUID]) -> Desk:
    """The desk with these shipments on it, locked; those that do not exist are absent."""
    wanted = sorted(set(shipment_ids))
    await lock(tx, [Lock(ORDERS_OF_SHIPMENTS, shipment_id) for shipment_id in wanted])
    found = await shipments.by_id(tx, wanted)
    return Desk(await tx.now(), {shipment.shipment_id: shipment for shipment in found})


def judged(items: Sequence[T], decide: Callable[[T], Done[R]]) -> list[Outcome[R]]:
    """Every item by itself, in order; a refusal is its outcome."""
    return [_judged(item, decide) for item in items]


def _judged(item: T, decide: Callable[[T], Done[R]]) -> Outcome[R]:
    try:
        return decide(item)
    except DomainError as refusal:
        return refusal
