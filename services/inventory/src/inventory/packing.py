"""What may be packed: picked goods of one release from one warehouse, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inventory.errors import MoreThanPicked, NothingToPack, NotOfThisRelease, WhichRelease

Release = tuple[str, int]
"""warehouse, release_no"""

Contents = Sequence[tuple[int, int]]
"""line_no and quantity of what lies in a carton"""


@dataclass(slots=True)
class Picked:
    """What was picked for a line of a release."""

    pick_id: UUID
    line_no: int
    warehouse: str
    release_no: int
    picked: int
    packed: int
    picked_at: datetime

    @property
    def left(self) -> int:
        return self.picked - self.packed


def release_of(order_id: UUID, warehouse: str | None, release_no: int | None, picked: Sequence[Picked]) -> Release:
    """The release that a pack is of; it may be left unsaid while only one has goods to pack. Raises NothingToPack, WhichRelease."""
    named = [one for one in picked if warehouse in (None, one.warehouse) and release_no in (None, one.release_no)]
    choices = sorted({(one.warehouse, one.release_no) for one in named if one.left})
    if not choices:
        raise NothingToPack(order_id)
    if len(choices) > 1:
        raise WhichRelease(", ".join(f"{code} {number}" for code, number in choices))
    return choices[0]


def pack(cartons: Sequence[Contents], release: Release, picked: Sequence[Picked]) -> list[Picked]:
    """Count what the cartons hold as packed; returns the picks that it was taken from. Or raises NotOfThisRelease, MoreThanPicked."""
    lines = {one.line_no: one for one in picked if (one.warehouse, one.release_no) == release}
    left = {line_no: one.left for line_no, one in lines.items()}
    for number, contents in enumerate(cartons):
        for place, (line_no, quantity) in enumerate(contents):
            pointer = f"/cartons/{number}/lines/{place}"
            if line_no not in left:
                raise NotOfThisRelease(f"{pointer}/line_no", line_no, *release)
            if quantity > left[line_no]:
                raise MoreThanPicked(f"{pointer}/quantity", line_no, left[line_no])
            left[line_no] -= quantity
    taken = [one for one in lines.values() if one.left > left[one.line_no]]
    for one in taken:
        one.packed = one.picked - left[one.line_no]
    return taken
