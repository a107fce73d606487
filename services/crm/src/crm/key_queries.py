from typing import TypeVar

from shared.pages import Page, one_page, page
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm.errors import KeyNotFound
from crm.key_schemas import CustomerKeyView, KeyFilters, KeyView, StaffKeyView
from crm.models import api_keys, issued_keys
from crm.queries import customer

V = TypeVar("V", bound=KeyView)


async def customer_key(reading: AsyncConnection, customer_id: str, key_id: str) -> CustomerKeyView:
    return await _key(reading, _keys(customer_id), key_id, CustomerKeyView)


async def customer_keys(reading: AsyncConnection, customer_id: str, filters: KeyFilters) -> Page[CustomerKeyView]:
    await customer(reading, customer_id)
    return await _page(reading, _keys(customer_id), filters, CustomerKeyView)


async def staff_key(reading: AsyncConnection, key_id: str) -> StaffKeyView:
    return await _key(reading, _keys(None), key_id, StaffKeyView)


async def staff_keys(reading: AsyncConnection, filters: KeyFilters) -> Page[StaffKeyView]:
    return await _page(reading, _keys(None), filters, StaffKeyView)


def _keys(owner: str | None) -> Select[tuple[object, ...]]:
    """Everything but the hash. The key of the settings was not issued here: it may do all."""
    known = [column for column in api_keys.c if column.name != "secret_hash"]
    role = func.coalesce(issued_keys.c.role, "admin").label("role")
    both = api_keys.outerjoin(issued_keys, issued_keys.c.key_id == api_keys.c.key_id)
    return select(*known, issued_keys.c.label, role).select_from(both).where(api_keys.c.customer_id.is_not_distinct_from(owner))


async def _key(reading: AsyncConnection, keys: Select[tuple[object, ...]], key_id: str, view: type[V]) -> V:
    row = (await reading.execute(keys.where(api_keys.c.key_id == key_id))).one_or_none()
    if row is None:
        raise KeyNotFound(key_id)
    return view.model_validate(row, from_attributes=True)


async def _page(reading: AsyncConnection, keys: Select[tuple[object, ...]], filters: KeyFilters, view: type[V]) -> Page[V]:
    found = await reading.execute(one_page(keys, api_keys.c.key_id, filters))
    return page([view.model_validate(row, from_attributes=True) for row in found], filters.limit, lambda row: row.key_id)
