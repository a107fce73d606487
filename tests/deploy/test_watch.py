"""Who died at a place that it was armed for, and who was killed by somebody else meanwhile."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.processes import became
from deploy.local.watch import Program

ENDS_ODDLY = 'trap "exit $CODE" TERM; echo ready; while :; do sleep 0.05; done'
DIES_AT_HERE = '[ "$CRASH_AT" = here ] && kill -9 $$; [ "$MORE" = errors ] && exit 1; echo "lives with ${MORE:-nothing}"; exec sleep 600'


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    one = Program("one", ["sh", "-c", DIES_AT_HERE], environment={}, folder=tmp_path, say=lambda text: None, born=lambda name, pid: None)
    one.start()
    yield one
    one.ask_to_stop()
    one.wait_stopped(0)


def until(is_so: Callable[[], bool]) -> None:
    assert became(is_so, 60)


def test_who_kills_itself_at_its_place_is_told_of(program: Program) -> None:
    program.arm("here")

    until(lambda: program.restarts == 2)
    assert program.crashed_at == ["here"]


def test_who_is_killed_by_others_while_it_is_armed_has_not_come_there(program: Program) -> None:
    program.arm("elsewhere")
    until(lambda: program.restarts == 1 and program.pid is not None)

    program.kill()

    until(lambda: program.restarts == 2)
    assert program.crashed_at == []


def test_a_rolled_process_that_was_armed_has_not_come_there(program: Program) -> None:
    program.arm("elsewhere")
    until(lambda: program.restarts == 1 and program.pid is not None)

    program.roll()

    until(lambda: program.restarts == 2)
    assert program.crashed_at == []


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[Callable[[int], Program]]:
    """A process that ends with this code when it is asked to."""
    made: list[Program] = []

    def make(code: int) -> Program:
        words, variables = ["sh", "-c", ENDS_ODDLY], {"CODE": str(code)}
        one = Program("one", words, environment=variables, folder=tmp_path, say=lambda text: None, born=lambda name, pid: None)
        made.append(one)
        one.start()
        until(lambda: "ready" in one.log.read_text())
        return one

    yield make
    for one in made:
        one.ask_to_stop()
        one.wait_stopped(0)


@pytest.mark.parametrize(("code", "ended"), [(0, []), (143, []), (1, [1]), (75, [75])])
def test_who_is_asked_to_end_is_told_of_when_it_ends_in_another_way(ready: Callable[[int], Program], code: int, ended: list[int]) -> None:
    program = ready(code)

    program.roll()

    until(lambda: program.restarts == 1)
    assert [life.exit_code for life in program.ended] == ended
    assert program.asked == 1


def test_so_is_who_is_to_stay_down(ready: Callable[[int], Program]) -> None:
    program = ready(1)

    program.ask_to_stop()
    program.wait_stopped(time.monotonic() + 60)

    assert [life.exit_code for life in program.ended] == [1]


def test_who_is_killed_while_it_is_asked_to_end_has_done_nothing_wrong(program: Program) -> None:
    program.pause()
    program.roll()

    program.kill()

    until(lambda: program.restarts == 1)
    assert (list(program.ended), program.asked) == ([], 0)


def test_who_is_armed_and_ends_otherwise_is_told_of(program: Program) -> None:
    program.next_life = {"MORE": "errors"}
    program.arm("elsewhere")

    until(lambda: program.restarts == 2)

    assert [life.exit_code for life in program.ended] == [1]


def test_variables_of_the_next_life_are_of_that_one_alone(program: Program) -> None:
    def said() -> list[str]:
        return program.log.read_text().splitlines()

    until(lambda: len(said()) == 1)
    program.next_life = {"MORE": "more"}
    program.kill()
    until(lambda: len(said()) == 2)
    program.kill()
    until(lambda: len(said()) == 3)

    assert said() == ["lives with nothing", "lives with more", "lives with nothing"]
