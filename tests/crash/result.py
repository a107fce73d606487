"""What a run came to, and whether that is enough."""

from dataclasses import dataclass, field
from time import monotonic

from tests.crash import checks
from tests.crash.beating import AT_A_POINT
from tests.crash.faults import Field
from tests.crash.faults.load import PENDING
from tests.crash.ledger import ENDS, Ledger
from tests.crash.points import SELDOM, Points
from tests.crash.profiles import ALL_PENDING, KILLS, Profile
from tests.crash.vigil import ALWAYS, EVERY_SECONDS, Finding


@dataclass
class Result:
    profile: Profile
    seed: int
    began: float = field(default_factory=monotonic)
    findings: list[Finding] = field(default_factory=list)
    settled_after: float | None = None
    left: str = ""
    caught_after: float | None = None
    """Seconds from the first order to the first finding."""
    seconds: float = 0.0
    ground: Field | None = None
    ledger: Ledger | None = None
    happened: dict[str, int] = field(default_factory=dict)
    offender: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings and self.settled_after is not None

    @property
    def undone(self) -> list[str]:
        """Faults of the profile that never did their harm, though this machine permits them; places at which nobody died."""
        assert self.ground
        counts, absent = self.ground.counts, self.ground.absent
        faults = [name for name, times in self.profile.strikes.items() if times and not counts[name] and name not in absent]
        faults += self._not_died_at(self.ground.points) if self.profile.walkers else []
        return faults + self._not_looked_at() + self._excused_of_poison() + (self._too_little() if self.profile.is_whole else [])

    def _not_died_at(self, points: Points) -> list[str]:
        """A run that has the time comes to every place, in some process."""
        if self.profile.is_whole:
            return [f"{AT_A_POINT}: {place}" for place in points.never_reached if place not in SELDOM]
        return [] if points.reached else [AT_A_POINT]

    def _not_looked_at(self) -> list[str]:
        """Databases that faults kept from being asked, but for one look in five that were meant."""
        assert self.ground
        meant = int(self.profile.seconds / EVERY_SECONDS / 5)
        looks = self.ground.vigil.looks
        return [f"looking at {package} while faults are on ({looks[package]} times)" for package in ALWAYS if looks[package] < meant]

    def _excused_of_poison(self) -> list[str]:
        """When the broker lost it all before those who had to park it had read it."""
        assert self.ground
        parking = [one for one in self.ground.poisoned.values() if one.parks]
        return ["poison that somebody has to have parked"] if parking and not any(one.parks & one.certain for one in parking) else []

    def _too_little(self) -> list[str]:
        """Kills are counted, and wishes come in time and too late."""
        assert self.ground
        assert self.ledger
        kills, wanted = self.ground.counts[KILLS], self.profile.strikes.get(KILLS, 0)
        few = [f"{KILLS} ({kills} of {wanted})"] if kills < wanted else []
        became = self.ledger.became
        few += self._few_pending() if self.profile.full else []
        return few + [f"{kind} that is {end}" for kind in ("cancel", "amend") for end in ENDS if not became[kind, end]]

    def _few_pending(self) -> list[str]:
        """Ten events an order wait at once."""
        assert self.ground
        wanted, waited = 10 * self.profile.orders, self.ground.counts[PENDING]
        is_asked_for = self.profile.strikes.get(ALL_PENDING, 0)
        return [f"{PENDING} ({waited} of {wanted})"] if is_asked_for and waited < wanted else []

    @property
    def excused(self) -> int:
        """Events that are not in order on the bus because it was lost, which I9 permits."""
        assert self.ground
        return self.ground.vigil.losses.excused

    def settle(self, seconds: float) -> None:
        """So long after the last fault; later than the profile says is a finding."""
        self.settled_after = seconds
        if seconds > self.profile.heal_seconds:
            late = f"everything was at rest {seconds:.1f} s after the last fault, {self.profile.heal_seconds:.0f} s are permitted"
            self.findings.append(Finding(checks.STUCK, 1, late))
