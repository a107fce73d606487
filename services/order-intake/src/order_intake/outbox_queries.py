from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.key_store import KeyStore
from shared.pages import Page, equal, one_page, page
from shared.sealing import Unopenable, disclose, key_ids_in
from shared.statements import as_text
from sqlalchemy import RowMapping, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from order_intake.edi_out_models import edi_documents, edi_outbox
from order_intake.errors import DocumentErased, EntryNotFound
from order_intake.media_types import MEDIA_TYPES
from order_intake.outbox_schemas import DocumentView, EntryFilters, EntryView, WholeEntryView
from order_intake.sending import ENTRY

MESSAGES_SHOWN = 1000
SHOWN = [column for column in edi_outbox.c if column.name not in ("sealed", "event_version")]


async def waiting_page(reading: AsyncConnection, filters: EntryFilters) -> Page[EntryView]:
    """What the partner has not confirmed to have, in the order in which it was written."""
    of_whom = equal(edi_outbox, {"customer_id": filters.customer_id, "partner": filters.partner})
    wanted = one_page(select(*SHOWN).where(edi_outbox.c.received_at.is_(None), *of_whom), edi_outbox.c.entry_id, filters)
    return page([_view(row) for row in (await reading.execute(wanted)).mappings()], filters.limit, lambda view: view.entry_id)


async def entry_by_id(reading: AsyncConnection, entry_id: UUID) -> WholeEntryView:
    row = (await reading.execute(select(*SHOWN).where(edi_outbox.c.entry_id == entry_id))).mappings().one_or_none()
    if row is None:
        raise EntryNotFound(entry_id)
    of_it = select(edi_documents).where(edi_documents.c.entry_id == entry_id).order_by(edi_documents.c.reference).limit(MESSAGES_SHOWN)
    messages = [_message(each) for each in (await reading.execute(of_it)).mappings()]
    return WholeEntryView(**dict(_view(row)), messages=messages)


async def entry_in(tx: Transaction, entry_id: UUID) -> EntryView:
    """As this transaction leaves it."""
    row = await tx.fetchrow(_ENTRY, entry_id)
    if row is None:
        raise EntryNotFound(entry_id)
    return _view(dict(row))


async def bytes_of(reading: AsyncConnection, entry_id: UUID, store: KeyStore) -> tuple[bytes, str]:
    """The interchange as it was written, and its media type."""
    wanted = select(edi_outbox.c.sealed, edi_outbox.c.customer_id, edi_outbox.c.syntax).where(edi_outbox.c.entry_id == entry_id)
    row = (await reading.execute(wanted)).one_or_none()
    if row is None:
        raise EntryNotFound(entry_id)
    return await opened_bytes(row.sealed, row.customer_id, entry_id, store), MEDIA_TYPES[row.syntax]


async def opened_bytes(sealed: bytes, customer_id: str, entry_id: UUID, store: KeyStore) -> bytes:
    key_ids = key_ids_in(sealed)
    if not key_ids:
        return sealed
    try:
        return disclose(sealed, await store.read(key_ids), customer_id, ENTRY)
    except Unopenable:
        raise DocumentErased(entry_id) from None


_ENTRY = as_text(select(*SHOWN).where(edi_outbox.c.entry_id == bindparam("entry_id")))


def _view(row: Mapping[str, Any] | RowMapping) -> EntryView:
    link = f"/edi/outbox/{row['entry_id']}/document"
    return EntryView.model_validate({**row, "codes": row["codes"].split(), "document": link})


def _message(row: RowMapping) -> DocumentView:
    return DocumentView.model_validate({**row, "codes": row["codes"].split()})
