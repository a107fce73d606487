"""What a run came to: as a table for people, as JSON for programs."""

import subprocess
from collections import Counter
from pathlib import Path

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from shared.plain import printed

from tests.crash.conduct import codes
from tests.crash.faults import CATALOGUE
from tests.crash.ledger import REFUSALS
from tests.crash.profiles import KILLS
from tests.crash.result import Result


def commit() -> str:
    """Of this working tree, with a mark when it holds what is not committed."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def replay(result: Result) -> str:
    profile = result.profile
    if profile.guard:
        return f"make crash SABOTAGE={profile.guard} SEED={result.seed}"
    words = {"short": "SHORT=1 ", "full": "FULL=1 "}.get(profile.name, "")
    size = "" if profile.name == "short" else f" ORDERS={profile.orders} SECONDS={profile.seconds:.0f}"
    return f"make crash {words}SEED={result.seed}{size}"


def show(console: Console, result: Result) -> None:
    _faults(console, result)
    _points(console, result)
    _orders(console, result)
    for finding in result.findings:
        console.print(f"[red]{finding.invariant.name}[/] {finding.invariant.sentence}: {finding.broken} times not, first")
        console.print(printed(finding.first), soft_wrap=True, highlight=False)
    for line in result.offender:
        console.print(" ", printed(line), soft_wrap=True, highlight=False)
    if result.is_clean:
        console.print(f"[green]Settled {result.settled_after:.1f} s after the last fault; no invariant is broken.[/]")
    if result.undone:
        console.print(f"[red]Never done, so that this run proves nothing of it: {', '.join(result.undone)}.[/]", soft_wrap=True)
    console.print(f"Seed {result.seed}, commit {commit()}. Again: {replay(result)}")


def _faults(console: Console, result: Result) -> None:
    assert result.ground
    table = Table(title="Faults", title_justify="left")
    table.add_column("fault")
    table.add_column("times", justify="right")
    table.add_column("")
    counts = result.ground.counts
    wanted = {name for name, times in result.profile.strikes.items() if times}
    for name in sorted({*wanted, *(name for name in CATALOGUE if counts[name])}):
        remarks = [f"{count} more, {word.removeprefix(f'{name}, ')}" for word, count in counts.items() if word.startswith(f"{name}, but")]
        remark = result.ground.absent.get(name) or "; ".join(remarks)
        table.add_row(printed(name), "absent" if name in result.ground.absent else str(counts[name]), printed(remark))
    for name, count in sorted(counts.items()):
        if name not in CATALOGUE and ", but" not in name:
            table.add_row(printed(name), str(count), "")
    console.print(table)


def _points(console: Console, result: Result) -> None:
    assert result.ground
    points = result.ground.points
    if points.reached or points.missed:
        console.print(f"Crash points: {len(points.reached)} processes died at {len(points.places)} places.")
    for cells, what in ((points.missed, "were not come to in any try"), (points.left, "were not come to before the time was up")):
        if cells:
            console.print(f"{len(cells)} {what}: {', '.join(map(str, cells))}.", soft_wrap=True)


def _orders(console: Console, result: Result) -> None:
    assert result.ledger
    counts = result.ledger.counts
    acknowledged = len({one.order_id for one in result.ledger.acknowledged()})
    console.print(
        f"{result.profile.orders} orders wished for, {acknowledged} acknowledged; {counts.total()} attempts: {counts['ok']} ok,"
        f" {counts['failed']} refused, {counts['unknown']} unknown and asked again. {result.seconds:.0f} s in all."
    )
    wishes = ", ".join(f"{count} {kind} {end}" for (kind, end), count in sorted(result.ledger.became.items()) if kind in REFUSALS)
    console.print(f"What was wished for later: {wishes or 'nothing'}.", soft_wrap=True)
    if result.ground and (by_themselves := codes(result.ground.stage.all_programs)):
        told = ", ".join(f"{count} with {code}" for code, count in sorted(by_themselves.items()))
        console.print(f"Processes that ended by themselves, or otherwise than they were asked to: {told}.")
    if result.ground and (lost := result.ground.vigil.losses.times):
        console.print(f"The broker lost everything {lost} times; {result.excused} events are out of order on the bus, and may be for that.")
    if kills := result.ground.counts[KILLS] if result.ground else 0:
        console.print(f"{kills} random kills without a loss would bound the chance of one a kill by {300 / kills:.1f} % (95 %).")


def save(result: Result, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(to_json(told(result), indent=2))


def told(result: Result) -> dict[str, object]:
    return _came_to(result) | _was_done(result)


def _came_to(result: Result) -> dict[str, object]:
    assert result.ledger
    findings = [(each.invariant, each.broken, each.first) for each in result.findings]
    return {
        "profile": result.profile.name,
        "seed": result.seed,
        "commit": commit(),
        "again": replay(result),
        "is_clean": result.is_clean,
        "orders": result.profile.orders,
        "acknowledged": len({one.order_id for one in result.ledger.acknowledged()}),
        "attempts": dict(result.ledger.counts),
        "wishes": {f"{kind} {end}": count for (kind, end), count in sorted(result.ledger.became.items())},
        "settled_after_seconds": result.settled_after,
        "seconds": round(result.seconds, 1),
        "undone": result.undone,
        "excused_by_i9": result.excused,
        "findings": [{"invariant": it.name, "sentence": it.sentence, "broken": broken, "first": first} for it, broken, first in findings],
        "offender": result.offender,
    }


def _was_done(result: Result) -> dict[str, object]:
    assert result.ground
    counts, points = result.ground.counts, result.ground.points
    return {
        "faults": {name: count for name, count in counts.items() if name in CATALOGUE},
        "counted": {name: count for name, count in counts.items() if name not in CATALOGUE},
        "broker_lost_everything": result.ground.vigil.losses.times,
        "absent": result.ground.absent,
        "points_reached": sorted(map(str, points.reached)),
        "points_missed": [str(cell) for cell in (*points.missed, *points.left)],
        "traps_sprung": dict(sum((Counter(link.sprung) for link in result.ground.stage.links.all), Counter())),
        "happened": result.happened,
        "ended_by_themselves": [(one.name, *life[:2]) for one in result.ground.stage.all_programs for life in one.ended],
        "checks_while_running": dict(result.ground.vigil.looks),
    }
