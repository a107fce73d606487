"""What the worker does about documents that were said: some of one partner and one type at a time become an interchange.

The numbers are taken and the bytes are stored in one transaction. The names that they need lie under keys in another database, so
these are read before it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic_core import from_json
from shared.crash import crash_point
from shared.database import Pool, Row, Transaction, columns, transaction
from shared.events import ShipTo
from shared.jobs import Job
from shared.key_store import KeyStore
from shared.sealing import SubjectKey, enclose
from shared.timers import set_timers
from uuid_utils.compat import uuid7

from order_intake.commands.outbox import next_controls
from order_intake.consignee import opened
from order_intake.documents.consignee import fitted, with_consignee
from order_intake.documents.writing import ControlNumbers, faulty, fitting, interchange, kinds_of, numbered, referenced
from order_intake.edi import X12, Draft, Unwritable
from order_intake.partner_rows import partners
from order_intake.partners import Partner

AT_ONCE = 500
ROWS_AT_ONCE = 50_000
ENTRY = "edi outbox"
OVERDUE = "edi_overdue"
log = structlog.get_logger()

_NEXT = "SELECT partner, type, release FROM edi_documents WHERE entry_id IS NULL AND unwritable IS NULL ORDER BY document_id LIMIT 1"
_DUE = """
SELECT document_id, jsonb_array_length(rows) AS length, ship_to_key_id FROM edi_documents d LEFT JOIN orders o USING (order_id)
WHERE entry_id IS NULL AND unwritable IS NULL AND partner = $1 AND type = $2 AND release = $3 ORDER BY document_id LIMIT $4
"""
_TAKE = """
SELECT document_id, d.customer_id, type, release, rows, ship_to, ship_to_key_id FROM edi_documents d LEFT JOIN orders o USING (order_id)
WHERE document_id = ANY($1::uuid[]) AND entry_id IS NULL AND unwritable IS NULL ORDER BY document_id FOR UPDATE OF d
"""
_STORE = """
INSERT INTO edi_outbox
    (entry_id, customer_id, partner, syntax, type, control, group_control, documents, bytes, sealed, posted_at, acknowledge_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), $11)
"""
_SENT = """
UPDATE edi_documents d SET rows = NULL, entry_id = $1, reference = new.reference
FROM unnest($2::uuid[], $3::text[]) AS new (document_id, reference) WHERE d.document_id = new.document_id
"""
_PUT_ASIDE = """
UPDATE edi_documents d SET unwritable = new.why FROM unnest($1::uuid[], $2::text[]) AS new (document_id, why)
WHERE d.document_id = new.document_id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A document of ours, with the consignee in it."""

    document_id: UUID
    draft: Draft
    key: SubjectKey | None


async def write_documents(pool: Pool, store: KeyStore) -> int:
    """One interchange with what one partner is to hear in documents of one type. Returns how many documents."""
    first = await pool.fetchrow(_NEXT)
    if first is None:
        return 0
    due = _a_bodyful(await pool.fetch(_DUE, first["partner"], first["type"], first["release"], AT_ONCE))
    keys = await store.read(row["ship_to_key_id"] for row in due)
    async with transaction(pool) as tx:
        partner = (await partners(tx, [first["partner"]]))[first["partner"]]
        rows = await tx.fetch(_TAKE, [row["document_id"] for row in due])
        await _write(tx, partner, [_due(row, partner, keys) for row in rows])
        crash_point("edi.documents_written")
    crash_point("edi.documents_sent")
    return max(len(rows), 1)


def _a_bodyful(rows: Sequence[Row]) -> list[Row]:
    """As many as fit into one interchange, at least one."""
    taken: list[Row] = []
    length = 0
    for row in rows:
        length += row["length"]
        if taken and length > ROWS_AT_ONCE:
            break
        taken.append(row)
    return taken


def _due(row: Row, partner: Partner, keys: Mapping[str, SubjectKey]) -> Due:
    ship_to = _ship_to(row, keys)
    named = with_consignee(from_json(row["rows"]), fitted(ship_to, fitting(partner)) if ship_to else None, partner.syntax)
    return Due(row["document_id"], Draft(row["type"], row["release"], "", named), keys.get(row["ship_to_key_id"] or ""))


def _ship_to(row: Row, keys: Mapping[str, SubjectKey]) -> ShipTo | None:
    return opened(row["ship_to"], row["ship_to_key_id"], row["customer_id"], keys)


async def _write(tx: Transaction, partner: Partner, due: Sequence[Due]) -> None:
    """What breaks a rule of its own directory is put aside, with a line in the log, and stops nothing else. Aside, as it takes long."""
    at = await tx.now()
    wrong = await asyncio.to_thread(_wrong, partner, due, at)
    sound = [each for each in due if each.document_id not in wrong]
    if wrong:
        log.error("edi.unwritable", partner=partner.code, documents={str(document_id): why for document_id, why in wrong.items()})
        await tx.execute(_PUT_ASIDE, *columns(list(wrong.items()), 2))
    if sound:
        numbers = numbered(await next_controls(tx, partner.code, kinds_of(partner, len(sound))))
        drafts = referenced([each.draft for each in sound], numbers)
        await _store(tx, partner, sound, drafts, numbers, await asyncio.to_thread(interchange, partner, drafts, numbers, at))


def _wrong(partner: Partner, due: Sequence[Due], at: datetime) -> dict[UUID, str]:
    """Which documents cannot be said, tried with numbers that nobody sees: all at once, and where that fails one by one."""
    trial = ControlNumbers(1, 1, 1)
    drafts = referenced([each.draft for each in due], trial)
    by_reference = {draft.reference: each.document_id for draft, each in zip(drafts, due, strict=True)}
    try:
        return {by_reference[reference]: why for reference, why in faulty(interchange(partner, drafts, trial, at)).items()} if due else {}
    except Unwritable as unwritable:
        if len(due) == 1:
            return {due[0].document_id: str(unwritable)[:200]}
        return {document_id: why for each in due for document_id, why in _wrong(partner, [each], at).items()}


async def _store(
    tx: Transaction, partner: Partner, due: Sequence[Due], drafts: Sequence[Draft], numbers: ControlNumbers, data: bytes
) -> None:
    entry_id, at = uuid7(), await tx.now()
    acknowledge_by = at + timedelta(seconds=partner.acknowledge_within)
    sealed = sealed_bytes([each.key for each in due], data, partner.customer_id)
    group = numbers.group if partner.syntax is X12 else None
    named = (entry_id, partner.customer_id, partner.code, partner.syntax.name, drafts[0].type, str(numbers.control), group)
    await tx.execute(_STORE, *named, len(due), len(data), sealed, acknowledge_by)
    sent = [(each.document_id, draft.reference) for each, draft in zip(due, drafts, strict=True)]
    await tx.execute(_SENT, entry_id, *columns(sent, 2))
    await set_timers(tx, OVERDUE, [(str(entry_id), acknowledge_by)])


def sealed_bytes(keys: Sequence[SubjectKey | None], data: bytes, customer_id: str) -> bytes:
    """Under the keys of all orders that it speaks of; what speaks of none holds nothing personal."""
    different = {key.key_id: key for key in keys if key}
    return enclose([different[key_id] for key_id in sorted(different)], data, customer_id, ENTRY) if different else data


JOBS = (Job("edi.write", 0.5, write_documents),)
