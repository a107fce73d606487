"""What a driver reports of a shipment: delivered line by line, or tried in vain. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.errors import Fault, InvalidInput

from dispatch import announcements
from dispatch.errors import DeliveredAlready, IllegalMove, OtherDelivery
from dispatch.planning import Decision
from dispatch.reasons import reason_of
from dispatch.shipment import NEXT, Line, Shipment, Status


class Result(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"


MOVES = {Result.DELIVERED: Status.DELIVERED, Result.FAILED: Status.HANDED_OVER}


@dataclass(frozen=True, slots=True, order=True)
class Count:
    """What became of the advised quantity of a line."""

    line_no: int
    accepted: int
    damaged: int
    short: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the driver said. `counts` null = everything was accepted."""

    result: Result
    signed_by: str | None = None
    reason: str | None = None
    counts: tuple[Count, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A report as it was taken; (shipment_id, delivered_at) is its business key. `said_at` is the time as sent, null = none."""

    delivery_id: UUID
    shipment_id: UUID
    customer_id: str
    delivered_at: datetime
    said_at: datetime | None
    attempt_no: int
    report: Report
    is_erased: bool = False
    """Who signed and the driver's words are forgotten."""

    def repeats(self, report: Report) -> bool:
        """Is this what was reported before, as far as it is known?"""
        if not self.is_erased:
            return self.report == report
        return replace(self.report, signed_by=None, reason=None) == replace(report, signed_by=None, reason=None)


def filled_in(report: Report, shipment: Shipment) -> Report:
    """The report with a count for every advised line; raises InvalidInput where it does not add up."""
    faults = _faults_of_failed(report) if report.result is Result.FAILED else _faults_of_counts(report, shipment)
    if faults:
        raise InvalidInput("The delivery does not fit the shipment; see faults.", faults)
    if report.result is Result.FAILED:
        return replace(report, counts=())
    everything = [Count(line.line_no, line.packed, 0, 0) for line in shipment.advised]
    return replace(report, counts=tuple(sorted(everything if report.counts is None else report.counts)))


def _faults_of_failed(report: Report) -> list[Fault]:
    faults = [Fault("/reason", "a failed delivery needs a reason")] if report.reason is None else []
    faults += [Fault("/signed_by", "nobody signs for a failed delivery")] if report.signed_by is not None else []
    faults += [Fault("/lines", "a failed delivery leaves no goods")] if report.counts else []
    return faults


def _faults_of_counts(report: Report, shipment: Shipment) -> list[Fault]:
    if report.counts is None:
        return []
    advised = {line.line_no: line.packed for line in shipment.advised}
    faults = [fault for index, count in enumerate(report.counts) for fault in _faults_of(count, f"/lines/{index}", advised)]
    first = {count.line_no: index for index, count in reversed(list(enumerate(report.counts)))}
    repeated = [index for index, count in enumerate(report.counts) if first[count.line_no] < index]
    faults += [Fault(f"/lines/{index}/line_no", "is listed twice") for index in repeated]
    lacking = sorted(advised.keys() - first.keys())
    faults += [Fault("/lines", f"lacks the advised lines {', '.join(map(str, lacking[:20]))}")] if lacking else []
    return faults


def _faults_of(count: Count, pointer: str, advised: Mapping[int, int]) -> list[Fault]:
    if count.line_no not in advised:
        return [Fault(f"{pointer}/line_no", "was not advised")]
    total = count.accepted + count.damaged + count.short
    if total == advised[count.line_no]:
        return []
    return [Fault(pointer, f"accepted + damaged + short is {total}, advised were {advised[count.line_no]}")]


def reported_before(known: Sequence[Delivery], report: Report, at: datetime, said_at: datetime | None) -> Delivery | None:
    """The delivery that this report repeats; raises a Conflict where it contradicts one."""
    for delivery in known:
        both_delivered = delivery.report.result is report.result is Result.DELIVERED
        same_time = at == delivery.delivered_at or (said_at == delivery.said_at and (said_at is not None or both_delivered))
        if same_time and delivery.repeats(report):
            return delivery
        if both_delivered:
            raise DeliveredAlready(delivery.shipment_id, delivery.delivered_at)
        if same_time:
            raise OtherDelivery(delivery.shipment_id, delivery.delivered_at)
    return None


def _counted(line: Line, count: Count | None) -> Line:
    return replace(line, accepted=count.accepted, damaged=count.damaged, short=count.short) if count else line


def must_travel(shipment: Shipment, result: Result) -> None:
    """Raises IllegalMove unless the shipment is on its way: only what was handed over can be delivered, or tried."""
    if shipment.status is not Status.HANDED_OVER:
        raise IllegalMove(shipment.shipment_id, shipment.status, result, NEXT[shipment.status])


def take(report: Report, shipment: Shipment, at: datetime) -> Decision:
    """The shipment after the report."""
    must_travel(shipment, report.result)
    moved = shipment.become(MOVES[report.result])
    if report.result is Result.FAILED:
        tried = replace(moved, attempts=moved.attempts + 1)
        return tried, announcements.attempt_failed(tried, at, reason_of(report.reason or ""))
    counts = {count.line_no: count for count in report.counts or ()}
    delivered = replace(moved, delivered_at=at, lines=tuple(_counted(line, counts.get(line.line_no)) for line in moved.lines))
    return delivered, announcements.delivered(delivered, at, report.signed_by)
