from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from shared.batches import only
from shared.bodies import Code
from shared.pages import Page
from shared.revisions import IfMatch, etag
from shared.routes import Reading, Tx, router
from shared.scopes import needs

from crm import key_api, queries
from crm.commands.cases import open_cases, resolve_cases
from crm.commands.customers import Registration, register_customers
from crm.schemas import (
    CaseFilters,
    CaseView,
    CustomerBody,
    CustomerFilters,
    CustomerProfile,
    CustomerView,
    NewCase,
    Resolution,
    TimelineEntry,
    TimelineFilters,
)

api = router()
api.include_router(key_api.api)


@api.put("/customers/{customer_id}", response_model=CustomerView, responses={201: {"model": CustomerView, "description": "Registered"}})
@needs("customers:write")
async def put_customer(customer_id: Code, body: CustomerBody, tx: Tx, response: Response, if_match: IfMatch = None) -> CustomerView:
    """Register a customer or replace the profile; with If-Match only the revision that was read."""
    done = only(await register_customers(tx, [Registration(customer_id, body, if_match)]))
    response.status_code = 201 if done.created else 200
    response.headers["ETag"] = etag(done.value.revision)
    return CustomerView.model_validate(done.value, from_attributes=True)


@api.get("/customers/{customer_id}", response_model=CustomerProfile)
@needs("customers:read")
async def get_customer(customer_id: Code, reading: Reading, response: Response) -> CustomerProfile:
    """Everything a person at the phone asks first."""
    profile = await queries.customer_profile(reading, customer_id)
    response.headers["ETag"] = etag(profile.revision)
    return profile


@api.get("/customers", response_model=Page[CustomerView])
@needs("customers:read")
async def get_customers(reading: Reading, filters: Annotated[CustomerFilters, Query()]) -> Page[CustomerView]:
    return await queries.customers_page(reading, filters)


@api.get("/customers/{customer_id}/timeline", response_model=Page[TimelineEntry])
@needs("customers:read")
async def get_timeline(customer_id: Code, reading: Reading, filters: Annotated[TimelineFilters, Query()]) -> Page[TimelineEntry]:
    """Everything that happened to the customer's goods and orders, newest first."""
    return await queries.timeline_page(reading, customer_id, filters)


@api.post("/cases", response_model=CaseView, status_code=201, responses={200: {"model": CaseView, "description": "Known already"}})
@needs("cases:write")
async def post_case(new: NewCase, tx: Tx, response: Response) -> CaseView:
    """Take a complaint, a question or a claim in. With a `reference` the same case is taken once, however often it is sent."""
    done = only(await open_cases(tx, [new]))
    response.status_code = 201 if done.created else 200
    response.headers["Location"] = f"/cases/{done.value.case_id}"
    return CaseView.model_validate(done.value, from_attributes=True)


@api.get("/cases/{case_id}", response_model=CaseView)
@needs("cases:read")
async def get_case(case_id: UUID, reading: Reading) -> CaseView:
    return await queries.case(reading, case_id)


@api.get("/cases", response_model=Page[CaseView])
@needs("cases:read")
async def get_cases(reading: Reading, filters: Annotated[CaseFilters, Query()]) -> Page[CaseView]:
    return await queries.cases_page(reading, filters)


@api.post("/cases/{case_id}/resolution", response_model=CaseView)
@needs("cases:manage")
async def post_resolution(case_id: UUID, resolution: Resolution, tx: Tx) -> CaseView:
    """Write down cause and remedy once the customer was told."""
    done = only(await resolve_cases(tx, [(case_id, resolution)]))
    return CaseView.model_validate(done.value, from_attributes=True)
