"""How hard the system is beaten: how many orders, for how long, and how often each fault strikes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.crash.workload import USUAL, Manners

NETWORK = (
    "links are slow (200 ± 150 ms)",
    "links are thin (20 kB/s)",
    "links carry slices of a few bytes",
    "partition: links are black holes",
    "half-open links: questions arrive, answers do not",
    "connections end after some kilobytes",
    "connections are reset",
    "swizzle: links go dark one by one and come back in another order",
)
ALL_PENDING = "the whole ledger is pending again while an open transaction pins vacuum"
USUALLY = (0.03, 0.9)
WHEN: Mapping[str, tuple[float, float]] = {ALL_PENDING: (0.8, 0.85)}
"""Between which parts of the time: that one when most of the ledger is there."""


@dataclass(frozen=True)
class Profile:
    """`seconds` is how long orders are placed; `strikes` says how often each fault comes in that time."""

    name: str
    orders: int
    seconds: float
    strikes: Mapping[str, int]
    full: bool = False
    heal_seconds: float = 30.0
    walkers: int = 0
    """So many processes at a time are armed to die at named points, one point after the other; 0 = none."""
    small_disk: bool = False
    guard: str = ""
    """The guard that this one is about: without it, or as a control with it."""
    patches: str = ""
    schema: tuple[tuple[str, str], ...] = ()
    """Statements that the owner of a package's database gives before anybody orders: constraints that are to be missing."""
    manners: Manners = USUAL
    when: Mapping[str, tuple[float, float]] = field(default_factory=lambda: WHEN)
    """Of faults that come at other times than usually."""

    @property
    def is_whole(self) -> bool:
        """It takes the time in which everything is come to."""
        return self.full or self.seconds >= USUAL_SECONDS

    def times(self, seed: int) -> list[tuple[float, str]]:
        """When what happens, in seconds from the first order: drawn from the seed, the last tenth is left to them to end in."""
        drawn = Random(f"{seed}/times")
        return sorted(
            (drawn.uniform(*self.when.get(name, USUALLY)) * self.seconds, name)
            for name in sorted(self.strikes)
            for _ in range(self.strikes[name])
        )


USUAL_SECONDS, FULL_SECONDS = 960.0, 1800.0
KILLS = "SIGKILL at random"
OFTEN: Mapping[str, int] = {
    KILLS: 200,
    "SIGSTOP of an API": 8,
    "SIGSTOP longer than every lease, another worker takes over": 10,
    "a second worker comes and goes": 6,
    "a worker hangs with a batch in hand, another takes over": 4,
    "SIGTERM roll of all processes": 3,
    "PostgreSQL stops at once and recovers": 5,
    "backends are terminated": 4,
    "SIGSTOP of backends": 4,
    "statements are refused: serialization, deadlock, lock, timeout, connections, disk": 5,
    "deadlocks with somebody who locks in another order": 5,
    "cut between COMMIT and its answer": 14,
    "answers to produce requests are dropped": 6,
    "SIGSTOP of Kafka": 3,
    "Kafka is killed and comes back": 6,
    "Kafka is killed, and the workers while it is away": 3,
    "records are said again": 12,
    "events of one thing are said in reverse": 12,
    "poison": 30,
    "the next release of a service beside the present one of all others": 3,
    "the clock of a process is an hour or a week off": 4,
    "the disk below the tables is full": 2,
} | dict.fromkeys(NETWORK, 3)
OFTENER: Mapping[str, int] = {
    "SIGTERM roll of all processes": 5,
    "Kafka is killed and comes back": 10,
    "poison": 54,
} | dict.fromkeys(NETWORK, 4)
"""In the full profile."""
ONCE = (
    "Kafka loses everything; the ledgers are replayed",
    ALL_PENDING,
    "topics have twice the partitions, and some is said again in those",
    "a delete of the relay arrives after another leader, another log and a replay",
)


def whole(orders: int = 10_000, seconds: float | None = None, *, full: bool = False) -> Profile:
    """Every fault there is; in proportion fewer where there is less time. All points in all processes take more of it."""
    usual = FULL_SECONDS if full else USUAL_SECONDS
    seconds = seconds or usual
    share = seconds / usual
    often = {**OFTEN, **(OFTENER if full else {})}
    strikes = {name: max(1, round(count * share)) for name, count in often.items()} | dict.fromkeys(ONCE, 1)
    strikes["Kafka is down for more than a minute"] = int(full)
    return Profile("full" if full else "whole", orders, seconds, strikes, full, walkers=3 if full else 2, small_disk=True)


SHORT = Profile(
    "short",
    orders=240,
    seconds=24.0,
    heal_seconds=90.0,
    strikes={
        KILLS: 12,
        "PostgreSQL stops at once and recovers": 1,
        "Kafka is killed and comes back": 1,
        "records are said again": 1,
        "events of one thing are said in reverse": 1,
        "poison": 1,
        "cut between COMMIT and its answer": 1,
        "connections are reset": 1,
    },
    when={"events of one thing are said in reverse": (0.03, 0.1)},
)
