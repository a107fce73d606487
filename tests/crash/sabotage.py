"""The product without one of its guards: each has to be missed by an invariant, or the guard is needless or an invariant is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from shared.plain import printed

from deploy.local.run import FOLDER
from tests.crash.profiles import ALL_PENDING, KILLS, WHEN, Profile
from tests.crash.report import show, told
from tests.crash.result import Result
from tests.crash.workload import USUAL, Manners

AGAIN, REVERSE, POISON = "records are said again", "events of one thing are said in reverse", "poison"
REFUSED = "statements are refused: serialization, deadlock, lock, timeout, connections, disk"
TOGETHER = "Kafka is killed, and the workers while it is away"
BROKER, WIPED = "Kafka is killed and comes back", "Kafka loses everything; the ledgers are replayed"
HANGING, COMPANY = "a worker hangs with a batch in hand, another takes over", "a second worker comes and goes"
SLOW = "links are slow (200 ± 150 ms)"
STALE = "a delete of the relay arrives after another leader, another log and a replay"

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
BEGIN, END = "<!-- written by make crash SABOTAGE=... -->\n", "<!-- up to here -->"


@dataclass(frozen=True)
class Guard:
    """What is taken away, and the faults under which that is to show."""

    name: str
    meant: str
    """The invariants of which one has to be among those that notice, parted by blanks."""
    guard: str
    strikes: Mapping[str, int]
    patches: str = ""
    schema: tuple[tuple[str, str], ...] = ()
    orders: int = 150
    seconds: float = 12.0
    manners: Manners = field(default=USUAL)
    when: Mapping[str, tuple[float, float]] = field(default_factory=lambda: WHEN)

    @property
    def profile(self) -> Profile:
        return replace(self.control, name=f"without {self.name}", patches=self.patches, schema=self.schema)

    @property
    def control(self) -> Profile:
        """The same orders and faults with the guard: nothing may be found."""
        name = f"with {self.name}"
        return Profile(name, self.orders, self.seconds, self.strikes, guard=self.name, manners=self.manners, when=self.when)


UNGUARDED = ("inventory", "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold")
VERSIONS_TWICE = """DO $$ DECLARE name text; BEGIN
FOR name IN SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid::regclass::text LIKE 'outbox%_versions' LOOP
EXECUTE 'DROP INDEX ' || name; END LOOP; END $$"""
"""The second line of defence: without it the first is seen to be missing."""
GUARDS = (
    Guard("gate", "I14", "the gate drops what was applied", {AGAIN: 4}, "no-gate"),
    Guard("holding", "I14", "the gate holds what comes too early", {REVERSE: 6}, "no-holding", seconds=20),
    Guard("waiting", "I14", "what is parked, and what is behind it, is kept", {POISON: 1, REVERSE: 3}, "no-waiting"),
    Guard("park-behind", "I14", "what follows a parked event waits behind it", {POISON: 2}, "no-park-behind"),
    Guard("compare-and-set", "I15", "offsets are compared before they are set", {HANGING: 2}, "no-compare-and-set", orders=300, seconds=55),
    Guard("places", "I8", "offsets move in the transaction that applies the events", {REFUSED: 2, KILLS: 4}, "places-first"),
    Guard(
        "anchor",
        "I11",
        "a consumer looks whether the log still holds what it applied last",
        {ALL_PENDING: 1, WIPED: 1},
        "no-anchor",
        orders=600,
        seconds=80,
        when={ALL_PENDING: (0.25, 0.3), WIPED: (0.5, 0.55)},
    ),
    Guard("locks", "I11", "a batch locks up front, in one order", {COMPANY: 2}, "no-locks", orders=500, seconds=15),
    Guard("limit", "I14", "allocation reserves what is available", {}, "no-limit", orders=100),
    Guard(
        "check",
        "I3",
        "CHECK: never reserved beyond what is there (allocation does not look either)",
        {},
        "no-limit",
        (UNGUARDED,),
        orders=100,
    ),
    Guard(
        "order-lock",
        "I5 I10",
        "dispatch decides under the order's row (and versions of a shipment may come twice)",
        {},
        "no-order-lock",
        (("dispatch", VERSIONS_TWICE),),
        orders=240,
        manners=Manners(cancelled=0.9, repeated=0.0),
    ),
    Guard("commit-first", "I1", "the commit comes before the answer", {KILLS: 4}, "answers-first"),
    Guard(
        "kept-answers",
        "I2",
        "the answer is kept with the work",
        {},
        "no-kept-answers",
        manners=Manners(cancelled=0.3, repeated=0.2, changed=0.1),
    ),
    Guard(
        "reference",
        "I2",
        "UNIQUE: one order a customer's reference",
        {},
        schema=(("order_intake", "ALTER TABLE orders DROP CONSTRAINT orders_reference"),),
        manners=Manners(cancelled=0.0, repeated=0.8, changed=0.0),
    ),
    Guard(
        "send-first",
        "I6",
        "the relay deletes what was acknowledged, not before",
        {BROKER: 4, KILLS: 6},
        "deletes-first",
        orders=300,
        seconds=30,
    ),
    Guard("acknowledgement", "I6", "sent is what the broker has acknowledged", {TOGETHER: 1}, "no-acknowledgement"),
    Guard("presence", "I6", "the relay reads what is pending, not what is above a mark", {SLOW: 12}, "by-cursor", orders=600, seconds=40),
    Guard("epoch", "I6", "a leader that was replaced deletes nothing", {STALE: 1}, "no-epoch", orders=200, seconds=20),
    Guard("timers", "I11", "a timer goes in the transaction that fires it", {REFUSED: 5}, "timers-first", seconds=24),
)


@dataclass(frozen=True)
class Verdict:
    guard: Guard
    result: Result
    control: Result

    @property
    def is_convincing(self) -> bool:
        """What is meant to notice does, and beside it, with the same faults, nothing was found."""
        noticed = {finding.invariant.name for finding in self.result.findings}
        return not noticed.isdisjoint(self.guard.meant.split()) and self.control.is_clean and not self.control.undone

    @property
    def with_guard(self) -> str:
        if self.control.undone:
            return f"never done: {', '.join(self.control.undone)}"
        if self.control.settled_after is None:
            return _caught(self.control) or "it did not settle"
        return _caught(self.control) or f"nothing, settled after {self.control.settled_after:.0f} s"

    @property
    def row(self) -> str:
        """Of the page."""
        return f"| {self.guard.guard} | {self.caught_by or 'nothing'} | {_seconds(self)} | {self.judged} |"

    @property
    def judged(self) -> str:
        """What does not convince says so, and a test of the page does not take it."""
        return self.with_guard if self.is_convincing else f"not convincing: {self.with_guard}"

    @property
    def caught_by(self) -> str:
        """By its name and sentence; empty = by nothing."""
        return _caught(self.result)


Play = Callable[[Profile, int], Result]


class UnknownGuard(Exception):
    def __init__(self, unknown: Sequence[str]) -> None:
        known = ", ".join(guard.name for guard in GUARDS)
        super().__init__(f"There is no guard {', '.join(unknown)}. SABOTAGE is all, or some of: {known}")


def chosen(names: str) -> list[Guard]:
    """`all`, or names parted by commas; raises UnknownGuard."""
    wanted = [guard.name for guard in GUARDS] if names == "all" else [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in {guard.name for guard in GUARDS}]:
        raise UnknownGuard(unknown)
    return [guard for guard in GUARDS if guard.name in wanted]


def play_all(names: str, seed: int, play: Play, console: Console) -> int:
    """0 when all that were asked for were caught, and nothing was while the guard was there."""
    try:
        guards = chosen(names)
    except UnknownGuard as refused:
        console.print(str(refused), markup=False, soft_wrap=True)
        return 2
    verdicts: list[Verdict] = []
    for guard in guards:
        verdicts.append(_tried(guard, seed, play, console))
        _save(verdicts, FOLDER / "sabotage.json")
        write_table(verdicts, PAGE)
    _show(console, verdicts)
    return 0 if all(verdict.is_convincing for verdict in verdicts) else 1


def _tried(guard: Guard, seed: int, play: Play, console: Console) -> Verdict:
    console.print(f"Without: {guard.guard}", markup=False)
    show(console, result := play(guard.profile, seed))
    console.print(f"With: {guard.guard}", markup=False)
    show(console, control := play(guard.control, seed))
    verdict = Verdict(guard, result, control)
    console.print(f"  {verdict.caught_by or 'NOT CAUGHT'}; with it: {verdict.judged}", markup=False, soft_wrap=True)
    return verdict


def _show(console: Console, verdicts: Sequence[Verdict]) -> None:
    table = Table(title="Guards taken away", title_justify="left")
    for heading in ("", "guard", "what caught it", "seconds", "with the guard"):
        table.add_column(heading)
    for verdict in verdicts:
        caught_by = printed(verdict.caught_by) if verdict.caught_by else "[red]nothing[/]"
        table.add_row(verdict.guard.name, printed(verdict.guard.guard), caught_by, _seconds(verdict), printed(verdict.judged))
    console.print(table)


def write_table(verdicts: Sequence[Verdict], page: Path) -> None:
    """Of the guards that were tried the rows of the page are written anew, those of the others are kept."""
    before, begin, rest = page.read_text().partition(BEGIN)
    former, end, after = rest.partition(END)
    known = {line.split("|")[1].strip(): line for line in former.splitlines() if line.startswith("| ") and not line.startswith("| guard")}
    known |= {verdict.guard.guard: verdict.row for verdict in verdicts}
    rows = [known[guard.guard] for guard in GUARDS if guard.guard in known]
    head = ["| guard that was taken away | what caught it | seconds | what was found with it |", "|---|---|---:|---|"]
    page.write_text(before + begin + "\n".join(["", *head, *rows, ""]) + end + after)


def _caught(result: Result) -> str:
    """What was found first, and the numbers of what is broken as well."""
    if not result.findings:
        return ""
    first = result.findings[0].invariant
    more = sorted({finding.invariant.name for finding in result.findings} - {first.name}, key=lambda name: int(name[1:]))
    return f"{first.name} {first.sentence}" + (f"; with it {', '.join(more)}" if more else "")


def _seconds(verdict: Verdict) -> str:
    return f"{verdict.result.caught_after:.0f}" if verdict.result.caught_after else ""


def _save(verdicts: Sequence[Verdict], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "name": verdict.guard.name,
            "guard": verdict.guard.guard,
            "caught_by": verdict.caught_by,
            "seconds": verdict.result.caught_after,
            "first": verdict.result.findings[0].first if verdict.result.findings else None,
            "with_guard": verdict.with_guard,
            "is_convincing": verdict.is_convincing,
            "run_without": told(verdict.result),
            "run_with": told(verdict.control),
        }
        for verdict in verdicts
    ]
    file.write_bytes(to_json(rows, indent=2))
