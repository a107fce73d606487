from uuid import UUID

from shared.pages import Page, equal, one_page, page
from sqlalchemy import and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm.cursor import read_place, write_place
from crm.errors import CaseNotFound, CustomerNotFound
from crm.models import cases, customers, orders, timeline
from crm.schemas import (
    CaseFilters,
    CaseSummary,
    CaseView,
    Contact,
    CustomerFilters,
    CustomerProfile,
    CustomerView,
    OrdersSummary,
    OrderSummary,
    TimelineEntry,
    TimelineFilters,
)

FIRST = 10
COUNTED_TO = 1000


async def customer(reading: AsyncConnection, customer_id: str) -> CustomerView:
    row = (await reading.execute(select(customers).where(customers.c.customer_id == customer_id))).one_or_none()
    if row is None:
        raise CustomerNotFound(customer_id)
    return CustomerView.model_validate(row, from_attributes=True)


async def customer_profile(reading: AsyncConnection, customer_id: str) -> CustomerProfile:
    """The profile with what a person at the phone asks first: orders that are open or late, open cases, the last contact."""
    profile = await customer(reading, customer_id)
    open_orders, late_orders = await _orders(reading, customer_id)
    return CustomerProfile(
        **profile.model_dump(),
        open_orders=open_orders,
        late_orders=late_orders,
        open_cases=await _open_cases(reading, customer_id),
        last_contact=await _last_contact(reading, customer_id),
    )


async def _orders(reading: AsyncConnection, customer_id: str) -> tuple[OrdersSummary, OrdersSummary]:
    """Open and late ones. The promised first come first, so that late ones lead."""
    last = select(timeline.c.text).where(timeline.c.order_id == orders.c.order_id)
    last_entry = last.order_by(timeline.c.at.desc(), timeline.c.event_id.desc()).limit(1).scalar_subquery()
    is_late = func.coalesce(orders.c.promised_latest < func.now(), False)
    is_open = and_(orders.c.customer_id == customer_id, orders.c.ended_at.is_(None))
    query = select(orders, is_late.label("is_late"), last_entry.label("last_entry")).where(is_open)
    rows = (await reading.execute(query.order_by(orders.c.promised_latest, orders.c.order_id).limit(FIRST))).all()

    counted = select(is_late.label("is_late")).where(is_open).order_by(orders.c.promised_latest, orders.c.order_id)
    some = counted.limit(COUNTED_TO + 1).subquery()
    count, late = (await reading.execute(select(func.count(), func.count().filter(some.c.is_late)).select_from(some))).one()
    first = [OrderSummary.model_validate(row, from_attributes=True) for row in rows]
    first_late = [summary for summary, row in zip(first, rows, strict=True) if row.is_late]
    return _orders_summary(count, first), _orders_summary(late, first_late)


def _orders_summary(count: int, first: list[OrderSummary]) -> OrdersSummary:
    return OrdersSummary(count=min(count, COUNTED_TO), counted_all=count <= COUNTED_TO, first=first)


async def _open_cases(reading: AsyncConnection, customer_id: str) -> CaseSummary:
    is_open = and_(cases.c.customer_id == customer_id, cases.c.resolved_at.is_(None))
    rows = await reading.execute(select(cases).where(is_open).order_by(cases.c.received_at, cases.c.case_id).limit(FIRST))
    some = select(cases.c.case_id).where(is_open).limit(COUNTED_TO + 1).subquery()
    count = (await reading.execute(select(func.count()).select_from(some))).scalar_one()
    first = [CaseView.model_validate(row, from_attributes=True) for row in rows]
    return CaseSummary(count=min(count, COUNTED_TO), counted_all=count <= COUNTED_TO, first=first)


async def _last_contact(reading: AsyncConnection, customer_id: str) -> Contact | None:
    query = select(cases.c.contacted_at.label("at"), cases.c.case_id, cases.c.kind, cases.c.subject).where(
        cases.c.customer_id == customer_id
    )
    row = (await reading.execute(query.order_by(cases.c.contacted_at.desc()).limit(1))).one_or_none()
    return Contact.model_validate(row, from_attributes=True) if row else None


async def customers_page(reading: AsyncConnection, filters: CustomerFilters) -> Page[CustomerView]:
    found = await reading.execute(one_page(select(customers), customers.c.customer_id, filters))
    return page([CustomerView.model_validate(row, from_attributes=True) for row in found], filters.limit, lambda row: row.customer_id)


async def timeline_page(reading: AsyncConnection, customer_id: str, filters: TimelineFilters) -> Page[TimelineEntry]:
    """Newest first."""
    await customer(reading, customer_id)
    with_orders = timeline.outerjoin(orders, orders.c.order_id == timeline.c.order_id)
    query = select(timeline, orders.c.customer_reference).select_from(with_orders).where(timeline.c.customer_id == customer_id)
    if filters.order_id:
        query = query.where(timeline.c.order_id == filters.order_id)
    if filters.after:
        query = query.where(tuple_(timeline.c.at, timeline.c.event_id) < tuple_(*read_place(filters.after)))
    rows = await reading.execute(query.order_by(timeline.c.at.desc(), timeline.c.event_id.desc()).limit(filters.limit + 1))
    entries = [TimelineEntry.model_validate(row, from_attributes=True) for row in rows]
    return page(entries, filters.limit, lambda entry: write_place(entry.at, entry.event_id))


async def case(reading: AsyncConnection, case_id: UUID) -> CaseView:
    row = (await reading.execute(select(cases).where(cases.c.case_id == case_id))).one_or_none()
    if row is None:
        raise CaseNotFound(case_id)
    return CaseView.model_validate(row, from_attributes=True)


async def cases_page(reading: AsyncConnection, filters: CaseFilters) -> Page[CaseView]:
    wanted = {"customer_id": filters.customer_id, "status": filters.status, "kind": filters.kind, "order_id": filters.order_id}
    found = await reading.execute(one_page(select(cases).where(*equal(cases, wanted)), cases.c.case_id, filters))
    return page([CaseView.model_validate(row, from_attributes=True) for row in found], filters.limit, lambda row: row.case_id)
