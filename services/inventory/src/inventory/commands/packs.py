from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID
from zlib import crc32

from pydantic_core import to_json
from shared.batches import Done, Outcome
from shared.bodies import business_time
from shared.database import Transaction, columns
from shared.errors import DomainError
from shared.events import Carton, LineQuantity, PackCompleted
from shared.locks import lock
from shared.outbox import publish
from uuid_utils.compat import uuid7

from inventory import gs1
from inventory.errors import OrderIsCancelled, OrderNotFound, OtherPack, OwnSscc, SsccTaken
from inventory.fulfilments import Fulfilment, heads_of, save_heads
from inventory.locks import fulfilment_lock
from inventory.packing import Contents, Picked, Release, pack, release_of
from inventory.schemas import NewPack
from inventory.states import FulfilmentStatus

STRIPES = 64
"""Calls that bring the same carton number wait for each other; the numbers are spread over this many locks."""


@dataclass(frozen=True, slots=True)
class _Pack:
    pack_id: UUID
    new: NewPack
    order: Fulfilment
    release: Release
    packed_at: datetime
    ssccs: tuple[str, ...]


@dataclass(slots=True)
class _Floor:
    """What lies on the packing floor while a call is judged."""

    orders: dict[UUID, Fulfilment]
    picked: dict[UUID, list[Picked]]
    known: dict[tuple[UUID, str], tuple[UUID, bytes]]
    ssccs: set[str]
    fresh_ssccs: Iterator[str]
    sscc_prefix: str
    now: datetime
    packs: list[_Pack] = field(default_factory=list)
    touched: dict[UUID, Picked] = field(default_factory=dict)


async def complete_packs(tx: Transaction, new: Sequence[NewPack], sscc_prefix: str) -> list[Outcome[UUID]]:
    """Book picked goods into cartons; a carton without a number gets one."""
    await lock(tx, [fulfilment_lock(one.order_id) for one in new])
    floor = await _floor(tx, new, sscc_prefix)
    outcomes = [_judge(one, floor) for one in new]
    if floor.packs:
        events = [_said(made) for made in floor.packs]
        await _save(tx, floor)
        await save_heads(tx, {made.order.order_id: made.order for made in floor.packs}.values())
        await publish(tx, *events)
    return outcomes


def _judge(new: NewPack, floor: _Floor) -> Outcome[UUID]:
    order, mark = floor.orders.get(new.order_id), fingerprint(new)
    if before := floor.known.get((new.order_id, new.reference)):
        return Done(before[0], created=False) if before[1] == mark else OtherPack(new.reference)
    try:
        made = _pack(new, order, floor)
    except DomainError as refused:
        return refused
    floor.packs.append(made)
    floor.known[new.order_id, new.reference] = (made.pack_id, mark)
    return Done(made.pack_id)


def _pack(new: NewPack, order: Fulfilment | None, floor: _Floor) -> _Pack:
    if order is None:
        raise OrderNotFound(new.order_id)
    if order.status is FulfilmentStatus.CANCELLED:
        raise OrderIsCancelled(new.order_id)
    picked = floor.picked.get(new.order_id, [])
    release = release_of(new.order_id, new.warehouse, new.release_no, picked)
    since = max(one.picked_at for one in picked if (one.warehouse, one.release_no) == release and one.left)
    packed_at = business_time(new.packed_at, floor.now, pointer="/packed_at", after=since)
    given = _given(new, floor)
    floor.touched |= {one.pick_id: one for one in pack(_contents(new), release, picked)}
    floor.ssccs |= given
    numbers = tuple(carton.sscc or next(floor.fresh_ssccs) for carton in new.cartons)
    return _Pack(uuid7(), new, order, release, packed_at, numbers)


def _contents(new: NewPack) -> list[Contents]:
    return [[(line.line_no, line.quantity) for line in carton.lines] for carton in new.cartons]


def _given(new: NewPack, floor: _Floor) -> set[str]:
    given: set[str] = set()
    for number, carton in enumerate(new.cartons):
        if carton.sscc:
            if gs1.has_prefix(carton.sscc, floor.sscc_prefix):
                raise OwnSscc(f"/cartons/{number}/sscc", floor.sscc_prefix)
            if carton.sscc in floor.ssccs | given:
                raise SsccTaken(f"/cartons/{number}/sscc", carton.sscc)
            given.add(carton.sscc)
    return given


def fingerprint(new: NewPack) -> bytes:
    return sha256(to_json(new)).digest()


def _said(made: _Pack) -> PackCompleted:
    warehouse, release_no = made.release
    cartons = (
        Carton(sscc=sscc, lines=tuple(LineQuantity(line_no=line.line_no, quantity=line.quantity) for line in carton.lines))
        for sscc, carton in zip(made.ssccs, made.new.cartons, strict=True)
    )
    return PackCompleted(
        order_id=made.order.order_id,
        customer_id=made.order.customer_id,
        version=made.order.next_version(),
        occurred_at=made.packed_at,
        reference=made.new.reference,
        warehouse=warehouse,
        release_no=release_no,
        packed_at=made.packed_at,
        cartons=tuple(cartons),
    )


async def _floor(tx: Transaction, new: Sequence[NewPack], sscc_prefix: str) -> _Floor:
    order_ids = sorted({one.order_id for one in new})
    orders = await heads_of(tx, order_ids)
    picked: defaultdict[UUID, list[Picked]] = defaultdict(list)
    for order_id, *rest in await tx.fetch(_PICKED, order_ids):
        picked[order_id].append(Picked(*rest))
    keys = sorted({(one.order_id, one.reference) for one in new})
    known = {(row[0], row[1]): (row[2], row[3]) for row in await tx.fetch(_KNOWN, *columns(keys, 2))}
    cartons = [carton for one in new for carton in one.cartons]
    taken = await _taken_ssccs(tx, sorted({carton.sscc for carton in cartons if carton.sscc}))
    numbers = await _fresh_ssccs(tx, sum(carton.sscc is None for carton in cartons), sscc_prefix)
    return _Floor(orders, dict(picked), known, taken, numbers, sscc_prefix, await tx.now())


async def _taken_ssccs(tx: Transaction, given: Sequence[str]) -> set[str]:
    """Which of these numbers are taken; nobody else can take the others before we are done."""
    if not given:
        return set()
    stripes = sorted({crc32(sscc.encode()) % STRIPES for sscc in given})
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('sscc'), stripe) FROM unnest($1::int[]) AS stripe", stripes)
    return {row["sscc"] for row in await tx.fetch("SELECT sscc FROM cartons WHERE sscc = ANY($1::text[])", given)}


async def _fresh_ssccs(tx: Transaction, count: int, prefix: str) -> Iterator[str]:
    serials = await tx.fetch("SELECT nextval('sscc_serial') FROM generate_series(1, $1)", count) if count else []
    return (gs1.sscc(prefix, row[0]) for row in serials)


async def _save(tx: Transaction, floor: _Floor) -> None:
    packs = [
        (p.pack_id, p.order.order_id, p.new.reference, p.order.customer_id, *p.release, p.packed_at, fingerprint(p.new))
        for p in floor.packs
    ]
    cartons = [
        (sscc, made.pack_id, number, to_json(carton.lines).decode())
        for made in floor.packs
        for number, (sscc, carton) in enumerate(zip(made.ssccs, made.new.cartons, strict=True), 1)
    ]
    await tx.execute(_SAVE_PACKS, *columns(packs, 8))
    await tx.execute(_SAVE_CARTONS, *columns(cartons, 4))
    await tx.execute(_SAVE_PICKED, *columns([(one.pick_id, one.packed) for one in floor.touched.values()], 2))


_PICKED = """
SELECT order_id, pick_id, line_no, warehouse, release_no, picked, packed, picked_at FROM picks
WHERE order_id = ANY($1::uuid[]) AND picked > 0
"""

_KNOWN = """
SELECT order_id, reference, pack_id, fingerprint FROM packs
JOIN unnest($1::uuid[], $2::text[]) AS wanted (order_id, reference) USING (order_id, reference)
"""

_SAVE_PACKS = """
INSERT INTO packs (pack_id, order_id, reference, customer_id, warehouse, release_no, packed_at, fingerprint)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::timestamptz[], $8::bytea[])
"""

_SAVE_CARTONS = """
INSERT INTO cartons (sscc, pack_id, carton_no, lines)
SELECT sscc, pack_id, carton_no, lines::jsonb
FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[]) AS new (sscc, pack_id, carton_no, lines)
"""

_SAVE_PICKED = """
UPDATE picks p SET packed = c.packed FROM unnest($1::uuid[], $2::int[]) AS c (pick_id, packed) WHERE p.pick_id = c.pick_id
"""
