"""The life of a case: the table of its states, and the only functions that move it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events import CaseKind, CaseOpened, CaseResolved

from crm.errors import IllegalMove


class CaseStatus(StrEnum):
    NEW = "new"
    RESOLVED = "resolved"


NEXT: dict[CaseStatus, tuple[CaseStatus, ...]] = {
    CaseStatus.NEW: (CaseStatus.RESOLVED,),
    CaseStatus.RESOLVED: (),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A matter somebody brought to us. `contacted_at`: when customer and we last spoke about it."""

    case_id: UUID
    customer_id: str
    kind: CaseKind
    subject: str
    received_at: datetime
    contacted_at: datetime
    reference: str | None = None
    order_id: UUID | None = None
    line_no: int | None = None
    status: CaseStatus = CaseStatus.NEW
    resolved_at: datetime | None = None
    cause: str | None = None
    remedy: str | None = None
    event_version: int = 1

    @property
    def opened(self) -> CaseOpened:
        return CaseOpened(
            customer_id=self.customer_id,
            version=1,
            occurred_at=self.received_at,
            case_id=self.case_id,
            kind=self.kind,
            order_id=self.order_id,
            line_no=self.line_no,
            received_at=self.received_at,
        )


def resolve(case: Case, cause: str, remedy: str, at: datetime) -> tuple[Case, CaseResolved]:
    """Cause and remedy are known and the customer was told; raises IllegalMove where it was resolved before."""
    if CaseStatus.RESOLVED not in NEXT[case.status]:
        raise IllegalMove(f"Case {case.case_id}", case.status, CaseStatus.RESOLVED, NEXT[case.status])
    version, at = case.event_version + 1, max(at, case.received_at)
    done = replace(case, status=CaseStatus.RESOLVED, resolved_at=at, contacted_at=at, cause=cause, remedy=remedy, event_version=version)
    said = CaseResolved(
        customer_id=case.customer_id,
        version=version,
        occurred_at=at,
        case_id=case.case_id,
        kind=case.kind,
        order_id=case.order_id,
        resolved_at=at,
    )
    return done, said
