"""What the rig counts: harm that was done, places at which somebody died, and how long it took to come to rest."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from deploy.local.demo.client import Answer
from deploy.local.processes import became
from deploy.local.watch import Life, Program
from tests.crash import beating, conduct
from tests.crash.beating import AT_A_POINT, TRIES, Beating
from tests.crash.faults import CATALOGUE, Field, processes
from tests.crash.faults.catalogue import Absent, Fault, InVain
from tests.crash.faults.network import trapped
from tests.crash.ledger import ENDS, REFUSALS, Ledger, Operation
from tests.crash.points import SELDOM, Cell, Points, points
from tests.crash.profiles import KILLS, Profile
from tests.crash.proxy import Link
from tests.crash.result import Result
from tests.crash.vigil import ALWAYS, Vigil
from tests.shared.plumbing import until

SERVED, STORED = Cell("api.served", "crm", "api"), Cell("relay.stored", "crm", "worker")


def undone(ground: Field, strikes: dict[str, int] | None = None, *, full: bool = False, walkers: int = 0) -> list[str]:
    return Result(Profile("tried", 1, 1.0, strikes or {}, full=full, walkers=walkers), 1, ground=ground, ledger=ground.vigil.ledger).undone


def all_wishes(ledger: Ledger) -> None:
    """Cancelled and amended, in time and too late."""
    for kind, refusals in REFUSALS.items():
        ledger.heard(ledger.sent(Operation(f"{kind} 1", kind, "NORTH", "1")), Answer(200, b"{}"))
        problem = b'{"type": "/problems/%b"}' % next(iter(refusals)).encode()
        ledger.heard(ledger.sent(Operation(f"{kind} 2", kind, "NORTH", "2")), Answer(409, problem))


def a_program(folder: Path, life: str) -> Program:
    return Program("crm-api", ["sh", "-c", life], environment={}, folder=folder, say=lambda text: None, born=lambda name, pid: None)


async def strike(ground: Field, monkeypatch: pytest.MonkeyPatch, *became: Exception | None, times: int = 1) -> None:
    """A fault of which this becomes, one try after the other, then the last again."""
    tries = iter(became)
    last = became[-1]

    async def harm(ground: Field) -> None:
        if failure := next(tries, last):
            raise failure

    monkeypatch.setattr(beating, "PAUSE_SECONDS", 0.0)
    monkeypatch.setitem(CATALOGUE, "a fault", Fault("a fault", frozenset({"it"}), harm))
    await Beating(ground, Profile("tried", 1, 0.0, {"a fault": times}), 1, lambda text: None).run()


async def until_counted(ground: Field, beating: Beating) -> None:
    """Until the first fault is."""
    running = asyncio.create_task(beating.run())

    async def is_counted() -> bool:
        return bool(ground.counts) or running.done()

    try:
        await until(is_counted, 60)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_fault_that_is_to_come_once_comes_again_until_it_did_harm(ground: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    await strike(ground, monkeypatch, InVain("nothing there"), RuntimeError("in its way"), None)

    assert ground.counts == {"a fault": 1, "a fault, but in vain": 1, "a fault, but was hindered by another fault": 1}
    assert undone(ground, {"a fault": 1}) == []


async def test_of_a_fault_that_has_done_harm_no_strike_is_tried_again(ground: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    await strike(ground, monkeypatch, InVain(), None, InVain(), times=2)

    assert ground.counts == {"a fault": 1, "a fault, but in vain": 2}


@pytest.mark.parametrize(("failure", "word"), [(InVain(), "in vain"), (TimeoutError(), "did not end in time")], ids=["in vain", "too long"])
async def test_a_fault_that_never_did_harm_makes_the_run_fail(
    ground: Field, monkeypatch: pytest.MonkeyPatch, failure: Exception, word: str
) -> None:
    await strike(ground, monkeypatch, failure)

    assert ground.counts == {f"a fault, but {word}": TRIES}
    assert undone(ground, {"a fault": 1}) == ["a fault"]


async def test_what_the_machine_does_not_permit_is_asked_for_once(ground: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    await strike(ground, monkeypatch, Absent("no such library"), None)

    assert ground.counts == {}
    assert undone(ground, {"a fault": 1}) == []


def test_a_process_is_armed_for_one_place_at_a_time_and_what_was_missed_is_tried_elsewhere() -> None:
    elsewhere = Cell("api.served", "kpi", "api")
    known, drawn = Points([Cell("api.late", "crm", "api"), Cell("api.served", "crm", "api", others=(elsewhere,))]), Random(1)

    first = known.next(drawn)
    assert first
    assert first[0].point == "api.served"
    assert known.is_idle
    assert known.next(drawn) is None

    known.note(first[0], reached=False)
    assert not known.is_idle
    assert (known.reached, known.missed, [str(cell) for cell in known.left]) == (
        [],
        [],
        ["api.served in kpi-api", "api.late in crm-api"],
    )

    for reached in (False, True):
        armed = known.next(drawn)
        assert armed
        known.note(armed[0], reached=reached)
    assert (known.never_reached, known.reached, known.missed) == (["api.late"], [elsewhere], [Cell("api.late", "crm", "api")])


def test_a_place_at_which_nobody_died_is_tried_again_until_the_time_is_up() -> None:
    known, drawn = Points([SERVED, STORED, Cell(next(iter(SELDOM)), "crm", "api")]), Random(1)
    for _ in range(3):
        armed = known.next(drawn)
        assert armed
        known.note(armed[0], reached=armed[0] == STORED)
    assert {cell.point for cell in known.missed} == {SERVED.point, next(iter(SELDOM))}

    assert known.renew()
    assert known.left == [SERVED]

    known.next(drawn)
    known.note(SERVED, reached=True)
    assert not known.renew()


def test_a_whole_run_has_to_come_to_every_place_but_those_that_are_named(ground: Field) -> None:
    all_wishes(ground.vigil.ledger)
    seldom = Cell(next(iter(SELDOM)), "crm", "worker")
    ground.points = Points([SERVED, STORED, seldom])
    ground.points.note(SERVED, reached=True)

    assert undone(ground, full=True, walkers=1) == [f"{AT_A_POINT}: relay.stored"]
    assert undone(ground, walkers=1) == []
    assert set(SELDOM) <= set(points())


def test_where_walkers_go_somebody_has_to_die(ground: Field) -> None:
    ground.points = Points([SERVED])
    ground.points.note(SERVED, reached=False)

    assert undone(ground, walkers=1) == [AT_A_POINT]
    assert undone(ground) == []


@pytest.mark.parametrize(
    ("life", "reached"), [('[ -n "$CRASH_AT" ] && kill -9 $$; exec sleep 600', True), ("exec sleep 600", False)], ids=["dies", "lives"]
)
async def test_a_fault_is_who_died_there_and_not_who_was_armed(
    ground: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: str, reached: bool
) -> None:
    program = a_program(tmp_path, life)
    monkeypatch.setattr(processes, "ARMED_SECONDS", 60 if reached else 0)
    monkeypatch.setitem(ground.stage._programs, "crm-api", program)
    ground.points = Points([SERVED])
    program.start()
    try:
        await until_counted(ground, Beating(ground, Profile("tried", 1, 30.0, {}, walkers=1), 1, lambda text: None))
    finally:
        program.ask_to_stop()
        program.wait_stopped(0)

    assert set(ground.counts) == {AT_A_POINT if reached else f"{AT_A_POINT}, but in vain"}
    assert ground.points.reached == [SERVED] * reached


async def test_two_who_want_the_next_life_of_a_process_have_one_each(tmp_path: Path) -> None:
    program = a_program(tmp_path, "echo lives with ${MORE:-nothing}; exec sleep 600")
    program.start()
    try:
        lives = [processes.reborn(program, {"MORE": name}, program.roll) for name in ("one", "other")]
        pids = await asyncio.gather(*lives)
    finally:
        program.ask_to_stop()
        program.wait_stopped(0)

    assert len(set(pids)) == 2


@pytest.mark.parametrize(("code", "found"), [(1, ["last words"]), (70, [])], ids=["an error", "the watchdog"])
async def test_who_ended_by_an_error_is_found(tmp_path: Path, code: int, found: list[str]) -> None:
    program = a_program(tmp_path, f"echo last words; exit {code}")
    program.start()
    try:
        assert await asyncio.to_thread(became, lambda: bool(program.ended), 30)
    finally:
        program.ask_to_stop()
        program.wait_stopped(0)

    assert [finding.first.partition(": ")[2].splitlines()[0].strip() for finding in conduct.ended([program])] == found


def test_a_whole_run_has_all_its_kills_and_wishes_that_come_in_time_and_too_late(ground: Field) -> None:
    assert undone(ground, full=True) == [f"{kind} that is {end}" for kind in ("cancel", "amend") for end in ENDS]

    all_wishes(ground.vigil.ledger)
    ground.counts[KILLS] = 199
    assert undone(ground, {KILLS: 200}, full=True) == [f"{KILLS} (199 of 200)"]

    ground.counts[KILLS] = 200
    assert undone(ground, {KILLS: 200}, full=True) == []
    assert ground.vigil.ledger.contradictions() == []


def test_databases_have_to_be_looked_at_while_faults_are_on(ground: Field) -> None:
    ground.vigil.looks.update(dict.fromkeys(ALWAYS, 4) | {"crm": 3})
    result = Result(Profile("tried", 1, 60.0, {}), 1, ground=ground, ledger=ground.vigil.ledger)

    assert result.undone == ["looking at crm while faults are on (3 times)"]


async def test_looks_in_peace_do_not_make_up_for_those_that_faults_prevented(ground: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    async def seen(vigil: Vigil, package: str) -> None:
        assert package == "crm"

    monkeypatch.setattr(Vigil, "_visit", seen)
    for is_in_peace in (False, True):
        ground.vigil.is_in_peace = is_in_peace
        await ground.vigil._despite_faults("crm")

    assert ground.vigil.looks == {"crm": 1}


@pytest.mark.parametrize(("status", "problem"), [(404, "not-found"), (409, "conflict"), (409, "reference-taken")])
def test_a_wish_is_refused_because_it_comes_too_late_and_for_nothing_else(ground: Field, status: int, problem: str) -> None:
    ledger = ground.vigil.ledger
    ledger.heard(ledger.sent(Operation("cancel 1", "cancel", "NORTH", "1")), Answer(status, b'{"type": "/problems/%b"}' % problem.encode()))

    assert ledger.contradictions() == [f"cancel 1 was refused: {status} {problem}"]


@pytest.mark.parametrize(("late", "in_time", "found"), [(4, 0, 1), (2, 2, 0), (3, 0, 0)], ids=["each", "some", "few"])
def test_workers_that_are_stopped_hard_whenever_they_are_to_end_are_found(tmp_path: Path, late: int, in_time: int, found: int) -> None:
    api, worker = a_program(tmp_path, ""), a_program(tmp_path, "")
    api.asked, worker.name, worker.asked = 9, "crm-worker", late + in_time
    worker.ended.extend([Life(conduct.STOPPED_LATE, 20.0, "")] * late)

    assert len(conduct.ended([api, worker])) == found
    assert conduct.codes([api, worker]) == {conduct.STOPPED_LATE: late}


async def test_a_trap_that_nobody_stepped_into_did_no_harm() -> None:
    links = [Link(name, lambda: 1) for name in ("one", "other")]

    with trapped(links, ["cut"]):
        assert links[1].spring("cut")
    with pytest.raises(InVain, match="cut"), trapped(links, ["cut"]):
        pass
    with pytest.raises(InVain, match="drop"), trapped(links, ["cut", "drop"]):
        assert links[0].spring("cut")
    assert [link.traps for link in links] == [{}, {}]
