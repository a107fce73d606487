"""What partners hear of their goods on the way: packed, handed over, tried, delivered. In the transaction that hears it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from uuid import UUID

from pydantic_core import from_json, to_json
from shared.database import Transaction, columns
from shared.events import DeliveryAttemptFailed, DeliveryCompleted, Event, LineQuantity, PackCompleted, ShipmentHandedOver

from order_intake.advice import Kept, OrderOnItsWay, Quantities
from order_intake.commands.outbox import post
from order_intake.documents.ship_notices import ship_notices
from order_intake.documents.shipments import PackedCarton, PartnerShipment
from order_intake.documents.shipping_advices import shipping_advices
from order_intake.documents.statuses import Happened, ShipmentStatus, statuses
from order_intake.edi import X12
from order_intake.edi_orders import EdiOrder, edi_orders
from order_intake.partner_rows import partners
from order_intake.partners import Document, Partner

ADVISED = (PackCompleted, ShipmentHandedOver, DeliveryCompleted, DeliveryAttemptFailed)
Tracked = ShipmentHandedOver | DeliveryCompleted | DeliveryAttemptFailed

_SHIPPED = attrgetter("shipment_id", "order_id", "customer_id", "warehouse", "release_no", "carrier", "handed_over_at")
_KEEP_CARTONS = """
INSERT INTO edi_cartons (order_id, warehouse, release_no, sscc, customer_id, lines)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[]) ON CONFLICT DO NOTHING
"""
_KEEP_SHIPMENTS = """
INSERT INTO edi_shipments (shipment_id, order_id, customer_id, warehouse, release_no, carrier, handed_over_at, lines)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::jsonb[])
ON CONFLICT DO NOTHING
"""
_CARTONS = "SELECT order_id, warehouse, release_no, sscc, lines FROM edi_cartons WHERE order_id = ANY($1::uuid[]) ORDER BY sscc"
_SHIPMENTS = """
SELECT shipment_id, order_id, warehouse, release_no, carrier, handed_over_at, lines, advised_at IS NOT NULL AS is_advised
FROM edi_shipments WHERE order_id = ANY($1::uuid[]) ORDER BY handed_over_at, shipment_id
"""
_LINES = "SELECT order_id, line_no, ordered, cancelled FROM order_lines WHERE order_id = ANY($1::uuid[])"
_ADVISE = "UPDATE edi_shipments SET advised_at = now() WHERE shipment_id = ANY($1::uuid[])"
_CARRIERS = "SELECT shipment_id, carrier FROM edi_shipments WHERE shipment_id = ANY($1::uuid[])"


async def advise_partners(tx: Transaction, facts: Iterable[Event]) -> None:
    """Keep what is told of orders that came by EDI, and say what their partners want to hear of it."""
    told = [fact for fact in facts if isinstance(fact, ADVISED)]
    theirs = await edi_orders(tx, {fact.order_id for fact in told}) if told else {}
    told = [fact for fact in told if fact.order_id in theirs]
    if not told:
        return
    known = await partners(tx, {each.partner for each in theirs.values()})
    await _keep(tx, [fact for fact in told if isinstance(fact, PackCompleted)], [f for f in told if isinstance(f, ShipmentHandedOver)])
    moved = {fact.order_id for fact in told if isinstance(fact, PackCompleted | ShipmentHandedOver)}
    await _advise(tx, {order_id: theirs[order_id] for order_id in moved}, known)
    await _tell_statuses(tx, [fact for fact in told if not isinstance(fact, PackCompleted)], theirs, known)


async def _keep(tx: Transaction, packs: Sequence[PackCompleted], handed_over: Sequence[ShipmentHandedOver]) -> None:
    cartons = [
        (pack.order_id, pack.warehouse, pack.release_no, carton.sscc, pack.customer_id, _stored(carton.lines))
        for pack in packs
        for carton in pack.cartons
    ]
    shipments = [(*_SHIPPED(each), _stored(each.lines)) for each in handed_over]
    if cartons:
        await tx.execute(_KEEP_CARTONS, *columns(cartons, 6))
    if shipments:
        await tx.execute(_KEEP_SHIPMENTS, *columns(shipments, 8))


def _stored(lines: Sequence[LineQuantity]) -> str:
    return to_json([(line.line_no, line.quantity) for line in lines]).decode()


def _read(lines: str) -> Quantities:
    return tuple((line_no, quantity) for line_no, quantity in from_json(lines))


async def _advise(tx: Transaction, theirs: Mapping[UUID, EdiOrder], known: Mapping[str, Partner]) -> None:
    advised: list[UUID] = []
    for order_id, order in (await _on_their_way(tx, theirs)).items():
        partner = known[theirs[order_id].partner]
        for shipment in order.ready():
            advised.append(shipment.shipment_id)
            await _say_shipment(tx, partner, shipment, order_id)
    if advised:
        await tx.execute(_ADVISE, advised)


async def _say_shipment(tx: Transaction, partner: Partner, shipment: PartnerShipment, order_id: UUID) -> None:
    """EDIFACT knows one document for both."""
    if partner.syntax is X12 and partner.wants(Document.SHIPPING_ADVICE):
        await post(tx, partner, shipping_advices(partner, [shipment]), Document.SHIPPING_ADVICE, [order_id])
    if partner.wants(Document.SHIP_NOTICE) or (partner.syntax is not X12 and partner.wants(Document.SHIPPING_ADVICE)):
        await post(tx, partner, ship_notices(partner, [shipment]), Document.SHIP_NOTICE, [order_id])


async def _on_their_way(tx: Transaction, theirs: Mapping[UUID, EdiOrder]) -> dict[UUID, OrderOnItsWay]:
    wanted = list(theirs)
    found = {order_id: OrderOnItsWay(order.facts) for order_id, order in theirs.items()}
    for row in await tx.fetch(_SHIPMENTS, wanted) if wanted else ():
        kept = (row["shipment_id"], row["warehouse"], row["release_no"], row["carrier"], row["handed_over_at"])
        found[row["order_id"]].shipments.append(Kept(*kept, _read(row["lines"]), row["is_advised"]))
    waiting = [order_id for order_id, order in found.items() if any(not shipment.is_advised for shipment in order.shipments)]
    for row in await tx.fetch(_CARTONS, waiting) if waiting else ():
        cartons = found[row["order_id"]].cartons.setdefault((row["warehouse"], row["release_no"]), [])
        cartons.append(PackedCarton(row["sscc"], _read(row["lines"])))
    for row in await tx.fetch(_LINES, waiting) if waiting else ():
        found[row["order_id"]].ordered[row["line_no"]] = row["ordered"]
        found[row["order_id"]].cancelled[row["line_no"]] = row["cancelled"]
    return {order_id: found[order_id] for order_id in waiting}


async def _tell_statuses(tx: Transaction, told: Sequence[Tracked], theirs: Mapping[UUID, EdiOrder], known: Mapping[str, Partner]) -> None:
    wanted = [fact for fact in told if known[theirs[fact.order_id].partner].wants(Document.STATUS)]
    carriers = await _carriers(tx, [fact.shipment_id for fact in wanted])
    for fact in wanted:
        their = theirs[fact.order_id]
        status = _status(fact, their, carriers.get(fact.shipment_id, ""))
        await post(tx, known[their.partner], statuses(known[their.partner], [status]), Document.STATUS, [fact.order_id])


async def _carriers(tx: Transaction, shipment_ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await tx.fetch(_CARRIERS, list(shipment_ids)) if shipment_ids else []
    return {row["shipment_id"]: row["carrier"] for row in rows}


def _status(fact: Tracked, their: EdiOrder, carrier: str) -> ShipmentStatus:
    match fact:
        case ShipmentHandedOver():
            return ShipmentStatus(fact.shipment_id, their.facts, Happened.HANDED_OVER, fact.handed_over_at, fact.carrier)
        case DeliveryCompleted():
            damaged, short = sum(line.damaged for line in fact.lines), sum(line.short for line in fact.lines)
            delivered = (fact.shipment_id, their.facts, Happened.DELIVERED, fact.delivered_at, fact.carrier)
            return ShipmentStatus(*delivered, damaged=damaged, short=short)
        case DeliveryAttemptFailed():
            return ShipmentStatus(fact.shipment_id, their.facts, Happened.ATTEMPTED, fact.attempted_at, carrier, fact.reason)
