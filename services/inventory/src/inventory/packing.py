"""What may be packed: picked goods of one release from one warehouse, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inventory.errors import MoreThanPicked, NothingToPack, NotOfThisRelease, WhichRelease
from inventory.schemas import NewPack

Release = tuple[str, int]
"""warehouse, release_no"""


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


def release_of(new: NewPack, picked: Sequence[Picked]) -> Release:
    """The release that a pack is of; it may be left unsaid while only one has goods to pack. Raises NothingToPack, WhichRelease."""
    choices = sorted(
        {
            (one.warehouse, one.release_no)
            for one in picked
            if one.left and new.warehouse in (None, one.warehouse) and new.release_no in (None, one.release_no)
        }
    )
    if not choices:
        raise NothingToPack(new.order_id)
    if len(choices) > 1:
        raise WhichRelease(", ".join(f"{warehouse} {release_no}" for warehouse, release_no in choices))
    return choices[0]


def pack(new: NewPack, release: Release, picked: Sequence[Picked]) -> list[Picked]:
    """Count the pack's lines as packed; returns the picks that it took from. Or raises NotOfThisRelease, MoreThanPicked."""
    lines = {one.line_no: one for one in picked if (one.warehouse, one.release_no) == release}
    left = {line_no: one.left for line_no, one in lines.items()}
    for number, carton in enumerate(new.cartons):
        for place, line in enumerate(carton.lines):
            pointer = f"/cartons/{number}/lines/{place}"
            if line.line_no not in left:
                raise NotOfThisRelease(f"{pointer}/line_no", line.line_no, *release)
            if line.quantity > left[line.line_no]:
                raise MoreThanPicked(f"{pointer}/quantity", line.line_no, left[line.line_no])
            left[line.line_no] -= line.quantity
    taken = [one for one in lines.values() if one.left > left[one.line_no]]
    for one in taken:
        one.packed = one.picked - left[one.line_no]
    return taken
