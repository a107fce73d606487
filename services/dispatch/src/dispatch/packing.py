"""What the warehouse says of a release's lines, added up. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.events import PackCompleted, PickShort

from dispatch.errors import ContradictingPick
from dispatch.shipment import Line, Shipment


class Part(NamedTuple):
    """What a warehouse ships of a release: the business key of a shipment."""

    order_id: UUID
    release_no: int
    warehouse: str


@dataclass(frozen=True, slots=True)
class Fact:
    """More of a line was found missing, or packed."""

    part: Part
    line_no: int
    missing: int = 0
    packed: int = 0
    packed_at: datetime | None = None


def part_of(shipment: Shipment) -> Part:
    return Part(shipment.order_id, shipment.release_no, shipment.warehouse)


def facts_of_packs(packed: Sequence[PackCompleted]) -> list[Fact]:
    return _summed(
        Fact(Part(pack.order_id, pack.release_no, pack.warehouse), line.line_no, packed=line.quantity, packed_at=pack.packed_at)
        for pack in packed
        for carton in pack.cartons
        for line in carton.lines
    )


def facts_of_short_picks(short: Sequence[PickShort]) -> list[Fact]:
    return _summed(
        Fact(Part(event.order_id, pick.release_no, pick.warehouse), pick.line_no, missing=pick.missing)
        for event in short
        for pick in event.picks
    )


def _summed(facts: Iterable[Fact]) -> list[Fact]:
    sums: dict[tuple[Part, int], Fact] = {}
    for fact in facts:
        key = (fact.part, fact.line_no)
        sums[key] = _sum(sums[key], fact) if key in sums else fact
    return list(sums.values())


def _sum(one: Fact, other: Fact) -> Fact:
    latest = max((at for at in (one.packed_at, other.packed_at) if at), default=None)
    return replace(one, missing=one.missing + other.missing, packed=one.packed + other.packed, packed_at=latest)


def with_facts(shipment: Shipment, facts: Mapping[int, Fact]) -> Shipment:
    """The shipment with what was said of its lines before it was planned; raises ContradictingPick for a line it does not have."""
    strangers = facts.keys() - {line.line_no for line in shipment.lines}
    if strangers:
        raise ContradictingPick(f"line {line_no} of shipment {shipment.shipment_id}" for line_no in sorted(strangers))
    return replace(shipment, lines=tuple(_with_fact(line, facts.get(line.line_no)) for line in shipment.lines))


def _with_fact(line: Line, fact: Fact | None) -> Line:
    return replace(line, missing=fact.missing, packed=fact.packed, packed_at=fact.packed_at) if fact else line
