from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from shared.batches import BatchResult, results, sound
from shared.bodies import Code
from shared.pages import Page
from shared.personal import SubjectKeys
from shared.revisions import IfMatch, etag
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from dispatch import commands, deliveries, fleet, queries
from dispatch.consignee import keys_of
from dispatch.schemas import (
    CarrierBody,
    CarrierView,
    CodePaging,
    DeliveryFilters,
    DeliveryView,
    NewAssignments,
    NewDeliveries,
    NewHandovers,
    ShipmentFilters,
    ShipmentSheet,
    ShipmentView,
    VehicleBody,
    VehicleFilters,
    VehicleView,
)

api = router()
CodePath = Annotated[Code, Path()]


def _stored(response: Response, stored: fleet.Stored) -> None:
    response.status_code = 201 if stored.is_new else 200
    response.headers["ETag"] = etag(stored.revision)


@api.put("/carriers/{code}", responses={201: {"model": CarrierView, "description": "New"}})
@needs("dispatch:write")
async def put_carrier(code: CodePath, body: CarrierBody, tx: Tx, response: Response, if_match: IfMatch = None) -> CarrierView:
    """Make or replace a carrier; the first time 201."""
    _stored(response, await fleet.put_carrier(tx, code, body, if_match))
    return CarrierView(code=code, name=body.name)


@api.get("/carriers/{code}")
@needs("dispatch:read")
async def get_carrier(code: CodePath, reading: Reading, response: Response) -> CarrierView:
    found, revision = await queries.carrier(reading, code)
    response.headers["ETag"] = etag(revision)
    return found


@api.get("/carriers")
@needs("dispatch:read")
async def get_carriers(paging: Annotated[CodePaging, Query()], reading: Reading) -> Page[CarrierView]:
    return await queries.all_carriers(reading, paging)


@api.put("/vehicles/{code}", responses={201: {"model": VehicleView, "description": "New"}})
@needs("dispatch:write")
async def put_vehicle(code: CodePath, body: VehicleBody, tx: Tx, response: Response, if_match: IfMatch = None) -> VehicleView:
    """Make or replace a vehicle of a known carrier; the first time 201."""
    _stored(response, await fleet.put_vehicle(tx, code, body, if_match))
    return VehicleView(code=code, carrier=body.carrier, name=body.name, capacity_kg=body.capacity_kg, capacity_l=body.capacity_l)


@api.get("/vehicles/{code}")
@needs("dispatch:read")
async def get_vehicle(code: CodePath, reading: Reading, response: Response) -> VehicleView:
    found, revision = await queries.vehicle(reading, code)
    response.headers["ETag"] = etag(revision)
    return found


@api.get("/vehicles")
@needs("dispatch:read")
async def get_vehicles(filters: Annotated[VehicleFilters, Query()], reading: Reading) -> Page[VehicleView]:
    return await queries.all_vehicles(reading, filters)


@api.get("/shipments")
@needs("shipments:read")
async def get_shipments(filters: Annotated[ShipmentFilters, Query()], reading: Reading) -> Page[ShipmentView]:
    return await queries.all_shipments(reading, filters)


@api.get("/shipments/{shipment_id}")
@needs("shipments:read")
async def get_shipment(shipment_id: UUID, reading: Reading, store: SubjectKeys) -> ShipmentSheet:
    return await queries.shipment(reading, shipment_id, store)


@api.post("/shipments/assignments")
@needs("dispatch:write")
async def post_assignments(body: NewAssignments, tx: Tx) -> BatchResult:
    """A carrier's vehicle takes each shipment; another one may until it is handed over. The same again is 200."""
    return results("assignments", body.assignments, await commands.assign_vehicles(tx, sound(body.assignments)), str)


@api.post("/shipments/handovers")
@needs("dispatch:write")
async def post_handovers(body: NewHandovers, tx: Tx) -> BatchResult:
    """The goods leave with the carrier. 409 unless assigned and wholly packed, and for a cancelled one."""
    return results("handovers", body.handovers, await commands.hand_over_shipments(tx, sound(body.handovers)), str)


@api.post("/deliveries")
@needs("deliveries:write")
async def post_deliveries(body: NewDeliveries, tx: Tx, store: SubjectKeys) -> BatchResult:
    """What the driver reports: delivered line by line, or tried in vain; another try may follow that."""
    reports = sound(body.deliveries)
    keys = await keys_of(tx, [report.shipment_id for report in reports], store)
    return results("deliveries", body.deliveries, await deliveries.record_deliveries(tx, reports, keys), str)


@api.get("/deliveries/{delivery_id}")
@needs("shipments:read")
async def get_delivery(delivery_id: UUID, reading: Reading, store: SubjectKeys) -> DeliveryView:
    return await queries.delivery(reading, delivery_id, store)


@api.get("/deliveries")
@needs("shipments:read")
async def get_deliveries(filters: Annotated[DeliveryFilters, Query()], reading: Reading, store: SubjectKeys) -> Page[DeliveryView]:
    return await queries.all_deliveries(reading, filters, store)
