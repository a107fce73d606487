"""Proof of delivery: what drivers report, taken once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from shared.batches import Done, Outcome
from shared.database import Row, Transaction, columns
from uuid_utils.compat import uuid7

from dispatch import delivering, shipments
from dispatch.commands import happened_at
from dispatch.consignee import NO_KEYS, REASON, SIGNED_BY, Keys, Seal, seal_of
from dispatch.delivering import Count, Delivery, Report, Result
from dispatch.desk import Desk, desk_of, judged
from dispatch.schemas import NewDelivery
from dispatch.shipment import Shipment

_INSERT = """
INSERT INTO deliveries (delivery_id, shipment_id, customer_id, delivered_at, said_at, attempt_no, outcome, key_id, signed_by, reason)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::int[],
                     $7::text[], $8::text[], $9::text[], $10::text[])
"""


@dataclass(frozen=True, slots=True)
class Book:
    """What was reported of each shipment, and what of it is new."""

    known: defaultdict[UUID, list[Delivery]]
    new: list[Delivery]

    def enter(self, delivery: Delivery) -> None:
        self.known[delivery.shipment_id].append(delivery)
        self.new.append(delivery)


async def record_deliveries(tx: Transaction, reports: Sequence[NewDelivery], keys: Keys = NO_KEYS) -> list[Outcome[UUID]]:
    """The consignee has the goods, line by line, or was tried in vain; the outcome is the delivery's id."""
    desk = await desk_of(tx, [new.shipment_id for new in reports])
    book = Book(await _reported(tx, desk, keys), [])
    outcomes = judged(reports, partial(_record, desk, book))
    await desk.save(tx)
    if book.new:
        await shipments.update_counts(tx, [each for each in desk.changed.values() if each.delivered_at])
        await _insert(tx, book.new, {each: _seal(shipment, keys) for each, shipment in desk.shipments.items()})
    return outcomes


def _record(desk: Desk, book: Book, new: NewDelivery) -> Done[UUID]:
    shipment = desk.shipment(new.shipment_id)
    if shipment.handed_over_at is None:
        delivering.must_travel(shipment, new.outcome)
    report, known = delivering.filled_in(_report(new), shipment), book.known[new.shipment_id]
    at = happened_at(new.delivered_at, desk.now, "/delivered_at", shipment.handed_over_at or desk.now)
    if before := delivering.reported_before(known, report, at, new.delivered_at):
        return Done(before.delivery_id, created=False)
    taken, event = delivering.take(report, shipment, at)
    desk.take((taken, event))
    delivery = _delivery(taken, report, at, new.delivered_at)
    book.enter(delivery)
    return Done(delivery.delivery_id)


def _report(new: NewDelivery) -> Report:
    counts = None if new.lines is None else tuple(Count(line.line_no, line.accepted, line.damaged, line.short) for line in new.lines)
    return Report(new.outcome, new.signed_by, new.reason, counts)


def _delivery(shipment: Shipment, report: Report, at: datetime, said_at: datetime | None) -> Delivery:
    return Delivery(
        delivery_id=uuid7(),
        shipment_id=shipment.shipment_id,
        customer_id=shipment.customer_id,
        delivered_at=at,
        said_at=said_at,
        attempt_no=shipment.attempts + (report.result is Result.DELIVERED),
        report=report,
    )


def _seal(shipment: Shipment, keys: Keys) -> Seal:
    return seal_of(shipment.customer_id, shipment.key_id, NO_KEYS if shipment.is_erased else keys)


async def _reported(tx: Transaction, desk: Desk, keys: Keys) -> defaultdict[UUID, list[Delivery]]:
    found: defaultdict[UUID, list[Delivery]] = defaultdict(list)
    sql = "SELECT * FROM deliveries WHERE shipment_id = ANY($1::uuid[]) ORDER BY shipment_id, delivered_at"
    for row in await tx.fetch(sql, list(desk.shipments)):
        shipment = desk.shipments[row["shipment_id"]]
        found[row["shipment_id"]].append(_stored(row, shipment, _seal(shipment, keys)))
    return found


def _stored(row: Row, shipment: Shipment, seal: Seal) -> Delivery:
    result = Result(row["outcome"])
    signed_by, reason = seal.opened(row["signed_by"], SIGNED_BY), seal.opened(row["reason"], REASON)
    counted = [Count(line.line_no, line.accepted, line.damaged, line.short) for line in shipment.advised]
    return Delivery(
        delivery_id=row["delivery_id"],
        shipment_id=row["shipment_id"],
        customer_id=row["customer_id"],
        delivered_at=row["delivered_at"],
        said_at=row["said_at"],
        attempt_no=row["attempt_no"],
        report=Report(result, signed_by, reason, tuple(sorted(counted)) if result is Result.DELIVERED else ()),
        is_erased=shipment.is_erased or seal.is_lost,
    )


async def _insert(tx: Transaction, deliveries: Sequence[Delivery], seals: Mapping[UUID, Seal]) -> None:
    rows = [
        (
            each.delivery_id,
            each.shipment_id,
            each.customer_id,
            each.delivered_at,
            each.said_at,
            each.attempt_no,
            each.report.result,
            seals[each.shipment_id].key_id,
            seals[each.shipment_id].sealed(each.report.signed_by, SIGNED_BY),
            seals[each.shipment_id].sealed(each.report.reason, REASON),
        )
        for each in deliveries
    ]
    await tx.execute(_INSERT, *columns(rows, 10))
