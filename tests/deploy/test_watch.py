"""Who died at a place that it was armed for, and who was killed by somebody else meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.processes import became
from deploy.local.watch import Program

DIES_AT_HERE = '[ "$CRASH_AT" = here ] && kill -9 $$; echo "lives with ${MORE:-nothing}"; exec sleep 600'


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
