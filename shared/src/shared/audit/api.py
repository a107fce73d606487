"""`GET /audit`, the same in every service."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from shared.audit import queries
from shared.audit.schemas import AuditEntry, AuditFilters, AuditLine, HeadView
from shared.pages import Page
from shared.routes import Reading, router
from shared.scopes import needs


def audit_routes() -> APIRouter:
    api = router()

    @api.get("/audit", response_model=Page[AuditLine])
    @needs("audit:read")
    async def get_audit(filters: Annotated[AuditFilters, Query()], reading: Reading) -> Page[AuditLine]:
        """Who did what to which thing, when, from where; the oldest first."""
        return await queries.entries(reading, filters)

    @api.get("/audit/head", response_model=HeadView)
    @needs("audit:read")
    async def get_head(reading: Reading) -> HeadView:
        """The last seal. Keep it where nobody who has the database can change it: `audit verify --expect` compares."""
        return await queries.head(reading)

    @api.get("/audit/{entry_id}", response_model=AuditEntry)
    @needs("audit:read")
    async def get_entry(entry_id: Annotated[int, Path(ge=1, le=2**63 - 1)], reading: Reading) -> AuditEntry:
        return await queries.entry(reading, entry_id)

    return api
