"""Carriers and their vehicles: who can take a shipment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from shared.database import Row, Transaction
from shared.revisions import is_current

from dispatch.errors import ForeignVehicle, StaleCopy, UnknownCarrier, UnknownVehicle
from dispatch.planning import Transport
from dispatch.schemas import CarrierBody, VehicleBody

_PUT_CARRIER = """
INSERT INTO carriers AS c (code, name) VALUES ($1, $2)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, revision = c.revision + (c.name <> excluded.name)::int
RETURNING revision, xmax = 0 AS is_new
"""
_PUT_VEHICLE = """
INSERT INTO vehicles AS v (code, carrier, name, capacity_kg, capacity_l) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (code) DO UPDATE SET carrier = excluded.carrier, name = excluded.name, capacity_kg = excluded.capacity_kg,
    capacity_l = excluded.capacity_l, revision = v.revision + ((v.carrier, v.name, v.capacity_kg, v.capacity_l)
        IS DISTINCT FROM (excluded.carrier, excluded.name, excluded.capacity_kg, excluded.capacity_l))::int
RETURNING revision, xmax = 0 AS is_new
"""


@dataclass(frozen=True, slots=True)
class Stored:
    revision: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """The carriers there are, and whose each vehicle is."""

    carriers: Collection[str]
    carrier_of: Mapping[str, str]

    def check(self, transport: Transport) -> None:
        """Raises InvalidInput unless the vehicle is one of the carrier's."""
        if transport.carrier not in self.carriers:
            raise UnknownCarrier(transport.carrier)
        if transport.vehicle not in self.carrier_of:
            raise UnknownVehicle(transport.vehicle)
        if self.carrier_of[transport.vehicle] != transport.carrier:
            raise ForeignVehicle(transport.vehicle, transport.carrier)


async def put_carrier(tx: Transaction, code: str, body: CarrierBody, if_match: str | None) -> Stored:
    revision = await tx.fetchval("SELECT revision FROM carriers WHERE code = $1 FOR UPDATE", code)
    _check_copy(code, revision, if_match)
    return _stored(await tx.fetchrow(_PUT_CARRIER, code, body.name))


async def put_vehicle(tx: Transaction, code: str, body: VehicleBody, if_match: str | None) -> Stored:
    if not await tx.fetchval("SELECT EXISTS (SELECT FROM carriers WHERE code = $1)", body.carrier):
        raise UnknownCarrier(body.carrier)
    revision = await tx.fetchval("SELECT revision FROM vehicles WHERE code = $1 FOR UPDATE", code)
    _check_copy(code, revision, if_match)
    return _stored(await tx.fetchrow(_PUT_VEHICLE, code, body.carrier, body.name, body.capacity_kg, body.capacity_l))


def _check_copy(code: str, revision: int | None, if_match: str | None) -> None:
    if not is_current(if_match, revision):
        raise StaleCopy(code, revision)


def _stored(row: Row | None) -> Stored:
    assert row
    return Stored(row["revision"], row["is_new"])


async def fleet_of(tx: Transaction, transports: Collection[Transport]) -> Fleet:
    """What is known of the carriers and vehicles named."""
    carriers = await tx.fetch("SELECT code FROM carriers WHERE code = ANY($1::text[])", sorted({each.carrier for each in transports}))
    named = sorted({each.vehicle for each in transports})
    vehicles = await tx.fetch("SELECT code, carrier FROM vehicles WHERE code = ANY($1::text[])", named)
    return Fleet({row["code"] for row in carriers}, {row["code"]: row["carrier"] for row in vehicles})
