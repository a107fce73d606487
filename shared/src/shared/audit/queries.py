from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.audit.chain import NOTHING, Head, microseconds
from shared.audit.schemas import AuditEntry, AuditFilters, AuditLine, HeadView
from shared.audit.tables import audit, seals
from shared.errors import NotFound
from shared.pages import Page, equal, page

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EntryNotFound(NotFound):
    def __init__(self, entry_id: int) -> None:
        super().__init__(f"There is no audit entry {entry_id}.")


async def entries(reading: AsyncConnection, filters: AuditFilters) -> Page[AuditLine]:
    shown = [audit.c[name] for name in AuditLine.model_fields]
    wanted = select(*shown).where(*_conditions(filters)).order_by(audit.c.at, audit.c.id).limit(filters.limit + 1)
    rows = [AuditLine.model_validate(row, from_attributes=True) for row in await reading.execute(wanted)]
    return page(rows, filters.limit, lambda line: f"{microseconds(line.at)}-{line.id}")


async def entry(reading: AsyncConnection, entry_id: int) -> AuditEntry:
    row = (await reading.execute(select(audit).where(audit.c.id == entry_id))).one_or_none()
    if row is None:
        raise EntryNotFound(entry_id)
    return AuditEntry.model_validate(row, from_attributes=True)


async def head(reading: AsyncConnection) -> HeadView:
    last = select(seals.c.position, seals.c.hash, seals.c.entries, seals.c.sealed_at).order_by(seals.c.position.desc()).limit(1)
    row = (await reading.execute(last)).one_or_none()
    if row is None:
        return HeadView(head=str(NOTHING), entries=0, sealed_at=None)
    return HeadView(head=str(Head(row.position, row.hash)), entries=row.entries, sealed_at=row.sealed_at)


def _conditions(filters: AuditFilters) -> list[ColumnElement[bool]]:
    conditions = equal(audit, {"caller": filters.caller, "action": filters.action, "correlation_id": filters.correlation_id})
    conditions += [_about(filters.subject)] if filters.subject else []
    conditions += [audit.c.at >= filters.from_] if filters.from_ else []
    conditions += [audit.c.at < filters.to] if filters.to else []
    if filters.after:
        since, _, last = filters.after.partition("-")
        conditions.append(tuple_(audit.c.at, audit.c.id) > tuple_(_EPOCH + timedelta(microseconds=int(since)), int(last)))
    return conditions


def _about(subject: str) -> ColumnElement[bool]:
    """The thing, what is below it (`0` is the character after `/`), or a batch of which it was part."""
    below = and_(audit.c.subject > f"{subject}/", audit.c.subject < f"{subject}0")
    return or_(audit.c.subject == subject, below, audit.c["items"].contains([subject]))
