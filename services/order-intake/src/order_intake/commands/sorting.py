"""Which interchanges of a body are new, which were here before, and which are refused for their control number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from shared.database import Row, Transaction
from uuid_utils.compat import uuid7

from order_intake.interchange_rows import Control, Stored, control_key, free_controls, hash_of, interchanges, seen_before
from order_intake.receiving import Arrival
from order_intake.taken import Taken


async def sort_out(tx: Transaction, arrivals: Sequence[Arrival]) -> list[Taken]:
    controls = [_control(each) for each in arrivals]
    seen = await seen_before(tx, [each for each in controls if each])
    rows = await interchanges(tx, [each.interchange_id for many in seen.values() for each in many])
    sorting = _Sorting(seen, rows, await tx.now())
    for arrival, control in zip(arrivals, controls, strict=True):
        sorting.taken.append(sorting.judged(arrival, control) if control else Taken(arrival, None, {}))
    await free_controls(tx, sorting.freed)
    return sorting.taken


@dataclass
class _Sorting:
    """`here` are the new ones of this body: the place of each, by its bytes."""

    seen: Mapping[Control, Sequence[Stored]]
    rows: Mapping[UUID, Row]
    now: datetime
    taken: list[Taken] = field(default_factory=list)
    freed: list[UUID] = field(default_factory=list)
    here: dict[Control, dict[bytes, int]] = field(default_factory=dict)

    def judged(self, arrival: Arrival, control: Control) -> Taken:
        body_hash, twins = hash_of(arrival.interchange), self.here.setdefault(control, {})
        same = next((each for each in self.seen.get(control, []) if each.body_hash == body_hash), None)
        if same is not None:
            return Taken(arrival, same.interchange_id, {}, row=self.rows[same.interchange_id])
        if body_hash in twins:
            return Taken(arrival, None, {}, same_as=twins[body_hash])
        is_taken = self._is_taken(control, arrival)
        twins[body_hash] = len(self.taken)
        return Taken(arrival.refused("control-taken") if is_taken and not arrival.is_refused else arrival, uuid7(), {})

    def _is_taken(self, control: Control, arrival: Arrival) -> bool:
        """Whether other bytes hold its number; those that are too old for it let it go."""
        assert arrival.partner
        since = self.now - timedelta(days=arrival.partner.repeats.remembered_days)
        held = [each for each in self.seen.get(control, []) if each.holds_control]
        old = [each.interchange_id for each in held if each.received_at < since]
        self.freed += old
        return len(held) > len(old) or any(not self.taken[other].arrival.is_refused for other in self.here[control].values())


def _control(arrival: Arrival) -> Control | None:
    """None where nothing can be kept: nobody is known to have sent it, or it has no number."""
    return control_key(arrival.interchange, arrival.partner) if arrival.partner and arrival.interchange.reference else None
