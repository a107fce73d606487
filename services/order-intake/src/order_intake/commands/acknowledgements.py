"""What partners say of what we sent: matched by control numbers; where it does not come in time, that is said."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.events import EdiAcknowledgementOverdue, EdiDocumentRefused
from shared.outbox import publish

from order_intake.acknowledged import NAMES, Told, named, plain_number, subjects
from order_intake.edi import Answer, Outcome
from order_intake.edi.syntax import FUNCTIONAL_GROUPS
from order_intake.partners import Partner

ORDERS_NAMED = 500
_SENT = """
SELECT * FROM edi_outbox WHERE partner = $1 AND (control = ANY($2::text[]) OR group_control = ANY($3::int[]))
ORDER BY entry_id FOR UPDATE
"""
_ACKNOWLEDGED = """
UPDATE edi_outbox SET acknowledgement = $2, codes = $3, acknowledged_at = now(), event_version = event_version + $4 WHERE entry_id = $1
"""
_MESSAGES = """
UPDATE edi_documents d SET outcome = coalesce(told.outcome, $2), codes = coalesce(told.codes, '')
FROM edi_documents e LEFT JOIN unnest($3::text[], $4::text[], $5::text[]) AS told (reference, outcome, codes) USING (reference)
WHERE e.entry_id = $1 AND d.document_id = e.document_id AND coalesce(told.outcome, $2) IS NOT NULL
"""
_REFUSED = "SELECT order_id FROM edi_documents WHERE entry_id = $1 AND outcome = 'refused' ORDER BY reference"
_OVERDUE = """
UPDATE edi_outbox SET overdue_at = now(), event_version = event_version + 1
WHERE entry_id IN (
    SELECT entry_id FROM edi_outbox
    WHERE entry_id = ANY($1::uuid[]) AND acknowledgement = 'awaited' AND overdue_at IS NULL AND acknowledge_by <= now()
    ORDER BY entry_id FOR UPDATE
) RETURNING *
"""


async def match_acknowledgements(tx: Transaction, partner: Partner, answers: Sequence[Answer]) -> list[UUID | None]:
    """Note what a 997, 999, TA1 or CONTRL says. Returns of which entry each answer speaks; None: of nothing that we sent."""
    about = subjects(answers)
    entries = await _sent(tx, partner, about)
    told: dict[UUID, Told] = {}
    for subject, answer in zip(about, answers, strict=True):
        if subject in entries:
            told.setdefault(entries[subject]["entry_id"], Told()).hear(answer)
    for entry in {entry["entry_id"]: entry for entry in entries.values()}.values():
        if entry["entry_id"] in told:
            await _note(tx, entry, told[entry["entry_id"]])
    return [entries[subject]["entry_id"] if subject in entries else None for subject in about]


async def _sent(tx: Transaction, partner: Partner, about: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], Row]:
    controls = [number for kind, number, _ in about if kind == "control"]
    groups = [int(number) for kind, number, _ in about if kind == "group" and number.isdigit() and len(number) < 10]
    found: dict[tuple[str, str, str], Row] = {}
    for row in await tx.fetch(_SENT, partner.code, controls, groups):
        found["control", plain_number(row["control"]), ""] = row
        if row["group_control"] is not None:
            found["group", str(row["group_control"]), FUNCTIONAL_GROUPS[row["type"]]] = row
    return {subject: found[subject] for subject in dict.fromkeys(about) if subject in found}


async def _note(tx: Transaction, entry: Row, told: Told) -> None:
    """The same again changes nothing; a refusal is said."""
    outcome, others = told.whole(entry["documents"]), told.others(entry["documents"])
    await tx.execute(_MESSAGES, entry["entry_id"], NAMES[others] if others else None, *columns(named(told.messages), 3))
    if outcome is None or NAMES[outcome] == entry["acknowledgement"]:
        return
    is_refusal = outcome in (Outcome.PARTLY, Outcome.REFUSED)
    codes = told.codes or tuple(sorted({code for _, codes in told.messages.values() for code in codes}))
    await tx.execute(_ACKNOWLEDGED, entry["entry_id"], NAMES[outcome], " ".join(codes), int(is_refusal))
    if is_refusal:
        await _say_refused(tx, entry, codes)


async def _say_refused(tx: Transaction, entry: Row, codes: tuple[str, ...]) -> None:
    rows = await tx.fetch(_REFUSED, entry["entry_id"])
    orders = tuple(dict.fromkeys(row["order_id"] for row in rows if row["order_id"]))[:ORDERS_NAMED]
    now = await tx.now()
    await publish(
        tx,
        EdiDocumentRefused(
            customer_id=entry["customer_id"],
            version=entry["event_version"] + 1,
            occurred_at=now,
            entry_id=entry["entry_id"],
            partner=entry["partner"],
            document=entry["type"],
            control=entry["control"],
            refused=len(rows),
            codes=codes,
            order_ids=orders,
        ),
    )


async def miss_acknowledgements(tx: Transaction, entry_ids: Sequence[UUID]) -> None:
    """Say of which of these the time has passed without an answer."""
    await publish(
        tx,
        *[
            EdiAcknowledgementOverdue(
                customer_id=row["customer_id"],
                version=row["event_version"],
                occurred_at=row["overdue_at"],
                entry_id=row["entry_id"],
                partner=row["partner"],
                document=row["type"],
                control=row["control"],
                posted_at=row["posted_at"],
                acknowledge_by=row["acknowledge_by"],
            )
            for row in await tx.fetch(_OVERDUE, entry_ids)
        ],
    )
