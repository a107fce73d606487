"""The places at which the product lets itself be killed, and in which processes they lie."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from deploy.local.services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
_POINT = re.compile(r"""crash_point\("([a-z_]+\.[a-z_]+)"\)""")
_ROLES = {"api": ("api",), "keys": ("api",), "transaction": ("api", "worker")}
"""Of all others the worker's."""
_ONLY = {"api.before_replay": ("order-intake", "api"), "api.refusal_before_commit": ("order-intake", "api")}
"""What the rig's people do there alone."""
ELSEWHERE = frozenset({"postgres_log", "migration", "parked", "rebuild", "key_store", "key_upkeep", "keys_command", "erasures", "edi"})
"""In processes that the rig does not run, of what its people do not do, or only one service has: other tests go there."""
_OFTEN = re.compile("relay.read|acked_before|relay.deleted|fetched|moved|judged|handled|committed|before_commit|written|writing|batch|api")
"""Armed for a time that is drawn; the others come a few times in the life of a process and are armed for the first."""


@dataclass(frozen=True)
class Cell:
    """A place in a process."""

    point: str
    service: str
    role: str


def points() -> list[str]:
    sources = [*(ROOT / "shared/src").rglob("*.py"), *(ROOT / "services").rglob("src/**/*.py")]
    return sorted({point for source in sources for point in _POINT.findall(source.read_text())})


def cells(drawn: Random, *, full: bool) -> list[Cell]:
    """Every place in every process that has it, or in one of those."""
    found: list[Cell] = []
    for point in points():
        family = point.split(".")[0]
        if family not in ELSEWHERE:
            has = [Cell(point, service.name, role) for role in _ROLES.get(family, ("worker",)) for service in SERVICES]
            has = [cell for cell in has if (cell.service, cell.role) == _ONLY.get(point, (cell.service, cell.role))]
            found += has if full else [drawn.choice(has)]
    drawn.shuffle(found)
    return found


@dataclass
class Points:
    """What is armed one after the other, and what was reached."""

    drawn: Random
    left: list[Cell]
    reached: Counter[str] = field(default_factory=Counter)
    missed: list[Cell] = field(default_factory=list)

    def next(self) -> tuple[Cell, int] | None:
        if not self.left:
            return None
        cell = self.left.pop()
        return cell, self.drawn.randint(1, 6) if _OFTEN.search(cell.point) else 1

    def note(self, cell: Cell, *, reached: bool) -> None:
        if reached:
            self.reached[cell.point] += 1
        else:
            self.missed.append(cell)
