"""How cases are read and written, always as a set."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from shared.database import Row, Transaction, columns
from shared.events import CaseKind

from crm.lifecycle import Case, CaseStatus

FIELDS = (
    "case_id, customer_id, kind, subject, received_at, contacted_at, reference, order_id, line_no, "
    "status, resolved_at, cause, remedy, event_version"
)
_NAMES = FIELDS.split(", ")
_INSERT = f"""
INSERT INTO cases ({FIELDS}, fingerprint)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::uuid[],
                     $9::int[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::int[], $15::bytea[])
ON CONFLICT (customer_id, reference) DO NOTHING RETURNING case_id
"""
_BY_REFERENCE = f"""
SELECT {FIELDS}, fingerprint FROM cases WHERE (customer_id, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
_CHANGE = """
UPDATE cases c SET status = n.status, contacted_at = n.contacted_at, resolved_at = n.resolved_at, cause = n.cause, remedy = n.remedy,
       event_version = n.version
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::int[])
     n(case_id, status, contacted_at, resolved_at, cause, remedy, version)
WHERE c.case_id = n.case_id
"""


def case_of(row: Row) -> Case:
    return Case(**{name: row[name] for name in _NAMES} | {"kind": CaseKind(row["kind"]), "status": CaseStatus(row["status"])})


async def insert_cases(tx: Transaction, new: Sequence[tuple[Case, bytes | None]]) -> set[UUID]:
    """The ids of those that are new; the others' references were taken by earlier cases."""
    in_key_order = sorted(new, key=lambda one: (one[0].customer_id, one[0].reference or ""))
    rows = [(*[getattr(case, name) for name in _NAMES], fingerprint) for case, fingerprint in in_key_order]
    return {row["case_id"] for row in await tx.fetch(_INSERT, *columns(rows, 15))} if rows else set()


async def cases_by_reference(tx: Transaction, like: Collection[Case]) -> Mapping[tuple[str, str | None], tuple[Case, bytes]]:
    rows = await tx.fetch(_BY_REFERENCE, *columns([(c.customer_id, c.reference) for c in like], 2)) if like else []
    return {(row["customer_id"], row["reference"]): (case_of(row), row["fingerprint"]) for row in rows}


async def lock_cases(tx: Transaction, case_ids: Sequence[UUID]) -> Mapping[UUID, Case]:
    rows = await tx.fetch(f"SELECT {FIELDS} FROM cases WHERE case_id = ANY($1::uuid[]) ORDER BY case_id FOR UPDATE", list(case_ids))
    return {row["case_id"]: case_of(row) for row in rows}


async def change_cases(tx: Transaction, changed: Sequence[Case]) -> None:
    rows = [(c.case_id, c.status, c.contacted_at, c.resolved_at, c.cause, c.remedy, c.event_version) for c in changed]
    if rows:
        await tx.execute(_CHANGE, *columns(rows, 7))
