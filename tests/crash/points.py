"""The places at which the product lets itself be killed, and in which processes they lie."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
_ALONE = frozenset({"relay.fenced", "relay.queued_again", "timers.fired_alone"})
"""Of parts that the rig runs, but in its tools, or where a timer fails beside others: other tests go there."""
_OFTEN = re.compile("relay.read|acked_before|relay.deleted|fetched|moved|judged|handled|committed|before_commit|written|writing|batch|api")
"""Armed for a time that is drawn; the others come a few times in the life of a process and are armed for the first."""

TRIES_MORE = 5
SELDOM: Mapping[str, str] = {
    "api.refusal_before_commit": "who asks for what its key does not permit, and none of the rig's people does",
    "consumer.started_again": "a log is lost at most twice in a run, and seldom while one of its consumers is armed for that",
    "keys.uses_written": "written once a minute by a process that lives so long, and one that is armed has 25 s",
    "timers.committed": "armed for one of its first six times, and few timers fall due in the 25 s that an armed process has",
}
"""Of places that the full profile need not come to, why it may not. All of them are killed in tests/crash_points."""


@dataclass(frozen=True)
class Cell:
    """A place in a process; `others` are tried one after the other when it is not come to there."""

    point: str
    service: str
    role: str
    others: tuple["Cell", ...] = ()

    def __str__(self) -> str:
        return f"{self.point} in {self.process}"

    @property
    def process(self) -> str:
        return f"{self.service}-{self.role}"


def points() -> list[str]:
    sources = [*(ROOT / "shared/src").rglob("*.py"), *(ROOT / "services").rglob("src/**/*.py")]
    return sorted({point for source in sources for point in _POINT.findall(source.read_text())})


def cells(drawn: Random, *, full: bool) -> list[Cell]:
    """Every place in every process that has it, or in one of those."""
    found: list[Cell] = []
    for point in points():
        family = point.split(".")[0]
        if family not in ELSEWHERE and point not in _ALONE:
            has = [Cell(point, service.name, role) for role in _ROLES.get(family, ("worker",)) for service in SERVICES]
            has = [cell for cell in has if (cell.service, cell.role) == _ONLY.get(point, (cell.service, cell.role))]
            drawn.shuffle(has)
            found += [replace(cell, others=(cell,)) for cell in has] if full else [replace(has[0], others=(*has[1:], *has)[:TRIES_MORE])]
    drawn.shuffle(found)
    return found


@dataclass
class Points:
    """What is armed one after the other, what was reached, and what was not in any of its tries."""

    left: list[Cell]
    reached: list[Cell] = field(default_factory=list)
    missed: list[Cell] = field(default_factory=list)
    armed: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    """Processes that another fault has for itself."""
    _wanted: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._wanted = {cell.point for cell in self.left}

    @property
    def places(self) -> set[str]:
        return {cell.point for cell in self.reached}

    @property
    def never_reached(self) -> list[str]:
        """In no process."""
        return sorted(self._wanted - self.places)

    @property
    def is_idle(self) -> bool:
        """Of all that is left the process is armed already, or held."""
        return all(cell.process in self.armed | self.held for cell in self.left)

    def next(self, drawn: Random) -> tuple[Cell, int] | None:
        """In a process that is neither armed yet nor held; at which time that it is come to. None where all are."""
        cell = next((cell for cell in reversed(self.left) if cell.process not in self.armed | self.held), None)
        if cell is None:
            return None
        self.left.remove(cell)
        self.armed.add(cell.process)
        return cell, drawn.randint(1, 6) if _OFTEN.search(cell.point) else 1

    def renew(self) -> bool:
        """Places at which nobody died are tried again, until the time is up: in the process that was tried last, and in the full profile
        in every one that has them. Whether anything is left to do."""
        again = [cell for cell in self.missed if cell.point not in self.places | SELDOM.keys()]
        self.missed = [cell for cell in self.missed if cell not in again]
        self.left += again
        return bool(self.left)

    def note(self, cell: Cell, *, reached: bool) -> None:
        self.armed.discard(cell.process)
        if reached:
            self.reached.append(cell)
        elif cell.others:
            self.left.insert(0, replace(cell.others[0], others=cell.others[1:]))
        else:
            self.missed.append(cell)
