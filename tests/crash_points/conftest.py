"""One system for all that is killed here."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.demo.board import Board
from deploy.local.demo.center import Center
from tests.crash_points.forked import Nursery
from tests.crash_points.people import People
from tests.crash_points.stage import Stage


@pytest.fixture(scope="package")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(scope="package")
def stage(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"), fsync=False, env={"LSC_CLOSE_AFTER": "1s"})
    made.nursery = nursery
    with made as running:
        yield running
    running.postgres.wipe()


@pytest.fixture(scope="package")
async def people(stage: Stage) -> AsyncIterator[People]:
    async with Center(stage.target) as center:
        made = People(stage.target, center)
        await made.open_house()
        yield made
        await made.leave()


@pytest.fixture(scope="package")
async def board(stage: Stage) -> AsyncIterator[Board]:
    async with Board(stage.target) as made:
        yield made
