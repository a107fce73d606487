"""What happens to shipments on the way out: assigned to a vehicle, handed over."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from shared.batches import Done, Outcome
from shared.bodies import business_time
from shared.database import Transaction

from dispatch import planning
from dispatch.desk import Desk, desk_of, judged
from dispatch.fleet import Fleet, fleet_of
from dispatch.planning import Transport
from dispatch.schemas import NewAssignment, NewHandover


async def assign_vehicles(tx: Transaction, assignments: Sequence[NewAssignment]) -> list[Outcome[UUID]]:
    """Seat each shipment on a vehicle of the carrier; another vehicle may take it until it is handed over."""
    desk = await desk_of(tx, [new.shipment_id for new in assignments])
    fleet = await fleet_of(tx, [Transport(new.carrier, new.vehicle) for new in assignments])
    outcomes = judged(assignments, partial(_assign, desk, fleet))
    await desk.save(tx)
    return outcomes


def _assign(desk: Desk, fleet: Fleet, new: NewAssignment) -> Done[UUID]:
    shipment, transport = desk.shipment(new.shipment_id), Transport(new.carrier, new.vehicle)
    if planning.is_assigned(shipment, transport):
        return Done(new.shipment_id, created=False)
    fleet.check(transport)
    desk.take(planning.assign(shipment, transport, desk.now))
    return Done(new.shipment_id)


async def hand_over_shipments(tx: Transaction, handovers: Sequence[NewHandover]) -> list[Outcome[UUID]]:
    """The goods leave with the carrier, once and for good: wholly packed, assigned, and not cancelled."""
    desk = await desk_of(tx, [new.shipment_id for new in handovers])
    outcomes = judged(handovers, partial(_hand_over, desk))
    await desk.save(tx)
    return outcomes


def _hand_over(desk: Desk, new: NewHandover) -> Done[UUID]:
    shipment = desk.shipment(new.shipment_id)
    if planning.is_handed_over(shipment, new.handed_over_at):
        return Done(new.shipment_id, created=False)
    planning.may_hand_over(shipment)
    at = happened_at(new.handed_over_at, desk.now, "/handed_over_at", shipment.packed_at or desk.now)
    desk.take(planning.hand_over(shipment, at, new.handed_over_at))
    return Done(new.shipment_id)


def happened_at(said: datetime | None, now: datetime, pointer: str, after: datetime) -> datetime:
    """When it happened; now unless said, and never before the step before it, though that was timed by another database's clock."""
    return max(now if said is None else business_time(said, now, pointer=pointer, after=after), after)
