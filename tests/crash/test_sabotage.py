"""Which guards are asked for, and what the page and the files are told of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic_core import from_json
from rich.console import Console

from tests.crash import sabotage
from tests.crash.faults import Field
from tests.crash.profiles import Profile
from tests.crash.result import Result
from tests.crash.sabotage import BEGIN, END, GUARDS, UnknownGuard, Verdict, chosen, play_all, write_table
from tests.crash.vigil import OFFSETS, Finding

GUARD = replace(GUARDS[0], meant=OFFSETS.name, strikes={"poison": 1})
FOUND = Finding(OFFSETS, 1, "moved back")


def a_result(ground: Field, profile: Profile, *findings: Finding) -> Result:
    return Result(profile, 1, findings=list(findings), settled_after=None if findings else 4.0, ground=ground, ledger=ground.vigil.ledger)


def a_verdict(ground: Field, *, caught: bool = True, control: Finding | None = None) -> Verdict:
    found = a_result(ground, GUARD.profile, *[FOUND] * caught)
    return Verdict(GUARD, found, a_result(ground, GUARD.control, *filter(None, [control])))


def test_an_unknown_guard_is_refused_by_name() -> None:
    with pytest.raises(UnknownGuard, match="no guard epok"):
        chosen("gate,epok")
    assert [guard.name for guard in chosen("epoch, gate")] == ["gate", "epoch"]
    assert chosen("all") == list(GUARDS)


def test_a_row_that_does_not_convince_says_so(ground: Field, tmp_path: Path) -> None:
    def row(verdict: Verdict) -> list[str]:
        page = tmp_path / "page.md"
        page.write_text(f"before\n{BEGIN}{END}\nafter\n")
        write_table([verdict], page)
        [line] = [line for line in page.read_text().splitlines() if line.startswith(f"| {GUARD.guard}")]
        return [cell.strip() for cell in line.strip("|").split("|")]

    never_struck = a_verdict(ground)
    ground.counts["poison"] = 0
    assert row(never_struck)[3] == "not convincing: never done: poison"

    ground.counts["poison"] = 1
    assert row(a_verdict(ground))[3] == "nothing, settled after 4 s"
    assert row(a_verdict(ground, caught=False))[1::2] == ["nothing", "not convincing: nothing, settled after 4 s"]
    assert row(a_verdict(ground, control=FOUND))[3] == f"not convincing: I15 {OFFSETS.sentence}"
    assert row(replace(a_verdict(ground), guard=replace(GUARD, meant="I8")))[3] == "not convincing: nothing, settled after 4 s"


def test_both_runs_are_shown_and_kept(ground: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, file in (("FOLDER", tmp_path), ("PAGE", tmp_path / "page.md")):
        monkeypatch.setattr(sabotage, place, file)
    (tmp_path / "page.md").write_text(BEGIN + END)
    said, ground.counts["records said again"] = Console(record=True, quiet=False, file=(tmp_path / "out").open("w")), 3

    def play(profile: Profile, seed: int) -> Result:
        result = a_result(ground, profile, *[FOUND] * bool(profile.patches))
        result.offender = [f"what crm said {profile.name}"]
        return result

    assert play_all("gate", 1, play, said) == 1
    said.file.close()
    [kept] = from_json((tmp_path / "sabotage.json").read_bytes())
    assert (kept["is_convincing"], kept["run_without"]["findings"][0]["first"]) == (False, "moved back")
    assert kept["run_with"]["counted"] == {"records said again": 3}
    assert kept["run_with"]["again"] == "make crash SABOTAGE=gate SEED=1"
    assert "what crm said without gate" in said.export_text()
